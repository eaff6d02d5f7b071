from pathlib import Path

import pytest
from evidence.synthetic import write

from ltmlc.errors import InputError
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tables.steps import our_steps, split_step
from ltmlc.evidence.tables.tables import tabulate
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[3]
TOTALS = {"lsep": 40.0, "c_lsep": 43.0, "lsep_gamma-5": 41.0, "c_lsep_gamma-5": 48.0}


def results(tmp_path, runs=TOTALS, tables=("table2", "table3"), seeds=(0,)):
    asked = load_grid({"datasets": ["digits20-lt"], "tables": list(tables), "seeds": list(seeds)}, ROOT)
    for run in runs:
        write(tmp_path, "digits20-lt", run, 0, TOTALS[run], spec=asked.runs["digits20-lt"][run])
    return asked, load_results(asked, tmp_path)


def test_both_orders_add_up_to_the_step():
    split = load_grid({"datasets": ["digits20-lt"], "tables": ["table2"]}, ROOT).tables["table2"].split
    here, there = ({label: float(len(label)) ** 2 for label in labels} for labels in (split.step, split.rows))
    step = split_step(split, here, there)
    assert split_step(split, here, {}) is None
    assert step["class-wise first"] + step["then gamma"] == step["gamma first"] + step["then class-wise"]


def test_a_row_that_the_split_names_and_a_table_lacks_is_refused(tmp_path):
    text = (ROOT / "config" / "tables" / "table2.yaml").read_text()
    (tmp_path / "config" / "tables").mkdir(parents=True)
    (tmp_path / "config" / "tables" / "mine.yaml").write_text(
        text.replace("step: [LSEP, LSEP + CW]", "step: [LSEP, X]")
    )
    with pytest.raises(InputError, match=r"mine.yaml: split_step: mine has no row 'X'; valid: LSEP, LSEP \+ CW"):
        load_grid({"datasets": ["digits20-lt"], "tables": ["mine"]}, tmp_path)


def test_our_own_step_is_split_beneath_table_2_without_another_run(tmp_path):
    asked, found = results(tmp_path)
    sentence = "digits20-LT: LSEP + CW +8.00 as a whole; by Table 3 class-wise +3.00, then gamma +5.00"
    assert our_steps(asked, found, asked.tables["table2"]) == [f"{sentence}; or gamma +1.00, then class-wise +7.00"]
    assert sentence in tabulate(asked, found, "table2")["md"]
    assert sentence not in tabulate(asked, found, "table3")["md"]
    text = report_html(Evidence(asked, found, root=ROOT), folder=tmp_path)
    assert text.count(f'<p class="text">{sentence}') == 1, "the page says it too, once"


def test_copies_of_a_seed_count_once(tmp_path):
    asked, _ = results(tmp_path, seeds=(0, 1, 2))
    for run, total in TOTALS.items():
        for seed, more in ((1, 0), (2, 3 * (run == "c_lsep_gamma-5"))):
            write(tmp_path, "digits20-lt", run, seed, total + more + seed // 2, spec=asked.runs["digits20-lt"][run])
    (sentence,) = our_steps(asked, load_results(asked, tmp_path), asked.tables["table2"])
    assert "LSEP + CW +9.50 as a whole" in sentence


@pytest.mark.parametrize("missing", TOTALS)
def test_a_corner_that_is_missing_leaves_the_sentence_out(tmp_path, missing):
    asked, found = results(tmp_path, [run for run in TOTALS if run != missing])
    assert our_steps(asked, found, asked.tables["table2"]) == []


def test_without_table_3_there_is_nothing_to_split_by(tmp_path):
    asked, found = results(tmp_path, ["lsep", "c_lsep_gamma-5"], tables=["table2"])
    assert our_steps(asked, found, asked.tables["table2"]) == []
