"""All methods in one figure: which runs, under which names, in which order."""

import pytest
from evidence.synthetic import grid, row, table, write, write_seeds

from ltmlc.evidence.figures.totals import draw_totals, totals, write_totals
from ltmlc.evidence.results.results import load_results


@pytest.fixture
def asked():
    first = table("t", row("A", "a", [70, 1, 2, 3]), row("B", "b"), row("same", "c"))
    second = table("u", row("A again", "a"), row("same", "d", [50, 1, 2, 3]), row("gone", "e"))
    figure = table("f", row("point", "p", panel="p", x=1), kind="figure")
    return grid(first, second, figure, seeds=(0, 1))


@pytest.fixture
def results(asked, tmp_path):
    write_seeds(tmp_path, "voc-lt", "a", [60, 62])
    write_seeds(tmp_path, "voc-lt", "b", [70])
    write_seeds(tmp_path, "voc-lt", "d", [64, 66])
    write(tmp_path, "voc-lt", "e", 0, None)
    return load_results(asked, tmp_path)


def test_each_run_of_the_tables_is_there_once_best_first_and_those_without_result_last(asked, results):
    found = totals(asked, results, "voc-lt")
    assert [total.label for total in found] == ["B", "same, U", "A", "same, T", "gone"]
    assert [total.published for total in found] == [None, 50, 70, None, None]
    assert found[2].cell.mean["total"] == pytest.approx(61) and found[2].cell.n == 2


def test_marks_stand_on_their_own_lines_and_what_is_missing_is_said(asked, results):
    axes = draw_totals(totals(asked, results, "voc-lt"), title="VOC", seeds=2).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["B (n = 1)", "same, U", "A", "same, T (not run)", "gone (failed)"]
    ours, published = axes.containers[0].lines[0], axes.lines[-1]
    assert list(zip(ours.get_xdata(), ours.get_ydata(), strict=True)) == [(70, 0), (65, -1), (61, -2)]
    assert list(zip(published.get_xdata(), published.get_ydata(), strict=True)) == [(50, -1), (70, -2)]
    bars = axes.containers[0].lines[2][0].get_segments()
    assert bars[2][:, 0].tolist() == pytest.approx([61 - 2**0.5, 61 + 2**0.5])


def test_every_data_set_has_a_file_also_before_the_first_result(asked, tmp_path):
    paths = write_totals(asked, load_results(asked, tmp_path / "none"), tmp_path, datasets=["voc-lt"])
    assert [path.name for path in paths] == ["totals_voc-lt.pdf", "totals_voc-lt.png"]
    assert all(path.stat().st_size for path in paths)
