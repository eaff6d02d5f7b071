import csv
import io

import pytest
from evidence.synthetic import grid, row, split, table, write, write_seeds

from ltmlc.errors import InputError
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tables.tables import tabulate


def lines(text: str, label: str) -> list[str]:
    """The cells of the Markdown row that begins with ``label``."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {label}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_are_printed_in_order_with_two_decimals_and_the_best_in_bold(tmp_path):
    declared = grid(table("t", row("LSEP", "lsep"), row("DR", "dr"), row("C-LSEP", "c")))
    write(tmp_path, "voc-lt", "lsep", 0, (72.99, 69.0, 79.83, 70.884))
    write(tmp_path, "voc-lt", "dr", 0, (78.01, 72.19, 83.83, 70.876))
    write(tmp_path, "voc-lt", "c", 0, (74.93, 71.0, 81.0, 70.1))
    text = tabulate(declared, load_results(declared, tmp_path), "t")
    assert lines(text["md"], "LSEP") == ["LSEP", "72.99", "69.00", "79.83", "**70.88**"]
    assert lines(text["md"], "DR") == ["DR", "**78.01**", "**72.19**", "**83.83**", "**70.88**"]  # ties as printed
    assert [record["row"] for record in records(text["csv"])] == ["LSEP", "DR", "C-LSEP"]
    assert records(text["csv"])[1]["voc-lt total"] == "78.01"
    assert r"DR & \textbf{78.01} & \textbf{72.19}" in text["tex"]


def test_several_seeds_give_mean_sd_and_n_where_it_is_not_the_planned_number(tmp_path):
    declared = grid(table("t", row("A", "a"), row("B", "b"), row("C", "c")), seeds=(0, 1, 2))
    write_seeds(tmp_path, "voc-lt", "a", [50, 51, 52])
    write_seeds(tmp_path, "voc-lt", "b", [49, 50])
    write_seeds(tmp_path, "voc-lt", "c", [40])
    text = tabulate(declared, load_results(declared, tmp_path), "t")["md"]
    assert lines(text, "A")[1:3] == ["**51.00** ± 1.00", "**51.00** ± 1.00"]
    assert lines(text, "B")[1:3] == ["49.50 ± 0.71 (n = 2)", "49.50 ± 0.71"]
    assert lines(text, "C")[1:3] == ["40.00 (n = 1)", "40.00"]


def test_copies_of_a_seed_count_once_in_mean_spread_and_gain(tmp_path):
    declared = grid(table("t", row("A", "a"), row("B", "b", delta=True)), seeds=(0, 1, 2))
    write_seeds(tmp_path, "voc-lt", "a", [50, 50, 53])
    write_seeds(tmp_path, "voc-lt", "b", [51, 51, 58])
    text = tabulate(declared, load_results(declared, tmp_path), "t")["md"]
    assert lines(text, "A")[1:3] == ["51.50 ± 2.12 (n = 2)", "51.50 ± 2.12"]
    assert lines(text, "B")[1] == "**54.50** ± 4.95 (+3.00) (n = 2)"


def test_missing_and_failed_cells_are_marked_and_the_log_is_named(tmp_path):
    declared = grid(table("t", row("A", "a"), row("B", "b"), row("C", "c")), seeds=(0, 1))
    write(tmp_path, "voc-lt", "b", 0, None)
    write_seeds(tmp_path, "voc-lt", "c", [50, None])
    text = tabulate(declared, load_results(declared, tmp_path), "t")
    assert lines(text["md"], "A")[1:] == ["…"] * 4
    assert lines(text["md"], "B")[1:] == ["✗"] * 4
    assert lines(text["md"], "C")[1] == "**50.00** (n = 1)"
    for run, seed in (("b", 0), ("c", 1)):
        log = str(tmp_path / f"runs/voc-lt/{run}/seed{seed}/train.log")
        assert f"not finite at iteration 3 ({log})" in text["md"]
    assert [r["voc-lt total"] for r in records(text["csv"])] == ["…", "✗", "50.00"]
    assert r"\dots{}" in text["tex"] and r"$\times$" in text["tex"]


def test_nothing_finished_still_gives_a_table(tmp_path):
    declared = grid(table("t", row("A", "a")))
    text = tabulate(declared, load_results(declared, tmp_path / "nothing"), "t")
    assert lines(text["md"], "A") == ["A", "…", "…", "…", "…"]
    assert "✗ voc" not in text["md"]


def test_the_legend_explains_the_signs_that_stand_in_the_table(tmp_path):
    declared = grid(table("t", row("A", "a"), row("B", "b")))
    legend = tabulate(declared, load_results(declared, tmp_path), "t")["md"].splitlines()[-1]
    assert "… not run yet" in legend and "✗" not in legend and "bold" not in legend
    write(tmp_path, "voc-lt", "a", 0, 50)
    write(tmp_path, "voc-lt", "b", 0, None)
    legend = tabulate(declared, load_results(declared, tmp_path), "t")["md"].split("mAP in percent")[1]
    assert "; ✗ failed" in legend and "best of each column in bold" in legend and "not run yet" not in legend


def test_gains_are_printed_in_total_over_the_row_above_on_shared_seeds(tmp_path):
    declared = grid(table("t", row("A", "a"), row("B", "b", delta=True), row("C", "c", delta=True)), seeds=(0, 1))
    write_seeds(tmp_path, "voc-lt", "a", [50, 52])
    write_seeds(tmp_path, "voc-lt", "b", [53])
    text = tabulate(declared, load_results(declared, tmp_path), "t")
    assert lines(text["md"], "B")[1:3] == ["**53.00** (+3.00) (n = 1)", "**53.00**"]
    assert lines(text["md"], "C")[1] == "…"
    assert [r["voc-lt gain"] for r in records(text["csv"])] == ["", "3.00", ""]


def test_notes_are_footnotes(tmp_path):
    declared = grid(table("t", row("RW", "rw", note="the paper prints RM"), row("A|B", "a", note="50 % & more")))
    text = tabulate(declared, load_results(declared, tmp_path), "t")
    assert "| RW¹ |" in text["md"] and "¹ the paper prints RM" in text["md"]
    assert "| A\\|B² |" in text["md"]
    assert r"RW$^{1}$" in text["tex"] and r"50 \% \& more" in text["tex"]


def test_chance_and_oracle_stand_beneath_and_are_never_best(tmp_path):
    declared = grid(table("t", row("A", "a")))
    write(tmp_path, "voc-lt", "a", 0, 50)
    text = tabulate(declared, load_results(declared, tmp_path), "t", splits={"voc-lt": split()})
    assert lines(text["md"], "*chance*")[1] != ""
    assert lines(text["md"], "*oracle*")[1:] == ["*100.00*"] * 4
    assert lines(text["md"], "A")[1] == "**50.00**"
    assert [r["row"] for r in records(text["csv"])] == ["A", "chance", "oracle"]


def test_a_class_without_a_test_image_is_named_under_the_table_and_in_no_row(tmp_path):
    declared, data = grid(table("t", row("A", "a"))), split()
    data.test_class_counts = [2, 2, 0]
    write(tmp_path, "voc-lt", "a", 0, (50, 50, 50, None))
    text = tabulate(declared, load_results(declared, tmp_path), "t", splits={"voc-lt": data})
    assert lines(text["md"], "*oracle*")[1:] == ["*100.00*"] * 3 + [""]
    for kind in ("md", "tex"):
        assert "voc-lt: no test image has class cow, so no mean counts it." in text[kind]


def test_a_dataset_without_a_split_has_empty_controls(tmp_path):
    declared = grid(table("t", row("A", "a", datasets=("voc-lt", "coco-lt"))))
    text = tabulate(declared, load_results(declared, tmp_path), "t", splits={"voc-lt": split()})
    assert lines(text["md"], "*oracle*")[1:] == ["*100.00*"] * 4 + [""] * 4
    assert len({len(line.split(",")) for line in text["csv"].splitlines()}) == 1


def test_an_empty_group_is_a_dash(tmp_path):
    declared = grid(table("t", row("A", "a")))
    write(tmp_path, "voc-lt", "a", 0, (50, 50, 50, None))
    assert lines(tabulate(declared, load_results(declared, tmp_path), "t")["md"], "A")[4] == "–"


def test_a_figure_is_a_long_csv(tmp_path):
    points = [row(f"γ1 = {x}", f"g{x}", panel="gamma1", x=x) for x in (1, 2)]
    declared = grid(table("fig4", *points, kind="figure"))
    write(tmp_path, "voc-lt", "g1", 0, 50)
    text = tabulate(declared, load_results(declared, tmp_path), "fig4")
    first, second = records(text["csv"])
    assert (first["panel"], first["x"], first["total"], first["status"]) == ("gamma1", "1", "50.00", "finished")
    assert (second["total"], second["status"]) == ("", "missing")
    assert r"$\gamma$1 = 1" in text["tex"]


def test_an_unknown_table_is_refused_with_the_valid_names(tmp_path):
    declared = grid(table("t", row("A", "a")))
    with pytest.raises(InputError, match="it has t"):
        tabulate(declared, load_results(declared, tmp_path), "table9")
