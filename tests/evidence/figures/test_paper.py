import matplotlib
import pytest
from evidence.synthetic import grid, row, table, write, write_seeds

from ltmlc.evidence.figures.paper import draw_figure4, write_figure4
from ltmlc.evidence.results.results import load_results


def sweep(seeds=(0,)):
    points = [row(f"γ1 = {x}", f"c{x}", panel="gamma1", x=x, datasets=("voc-lt", "coco-lt")) for x in (1, 2, 3)]
    points += [
        row(
            f"γ2 = {x}", f"n{x}", (70 + x,) * 4 if x == 3 else None, panel="gamma2", x=x, datasets=("voc-lt", "coco-lt")
        )
        for x in (1, 2, 3)
    ]
    return grid(table("fig4", *points, kind="figure"), seeds=seeds)


def line(axes, label):
    found = [one for one in axes.get_lines() if one.get_label() == label]
    return (list(found[0].get_xdata()), list(found[0].get_ydata())) if found else None


def test_panels_a_to_d_are_two_parameters_by_two_datasets(tmp_path):
    declared = sweep()
    figure = draw_figure4(declared, load_results(declared, tmp_path), declared.tables["fig4"])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["(a) VOC-LT", "(b) COCO-LT", "(c) VOC-LT", "(d) COCO-LT"]


@pytest.mark.parametrize("panels", [("gamma1", "gamma2"), ("gamma1",)])
def test_the_legend_of_one_data_set_is_inside_the_picture(tmp_path, panels):
    rows = [row(f"{panel} {x}", f"{panel}-{x}", panel=panel, x=x) for panel in panels for x in (1, 2)]
    one = grid(table("fig4", *rows, kind="figure"), seeds=(0, 1))
    for each in rows:
        for seed in (0, 1):
            write(tmp_path, "voc-lt", each.run["voc-lt"], seed, 50 + seed)
    figure = draw_figure4(one, load_results(one, tmp_path), one.tables["fig4"])
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_points_without_a_result_are_absent_and_published_ones_marked(tmp_path):
    declared = sweep()
    write(tmp_path, "voc-lt", "c1", 0, 60)
    write(tmp_path, "voc-lt", "c3", 0, 62)
    write(tmp_path, "voc-lt", "c2", 0, None)
    figure = draw_figure4(declared, load_results(declared, tmp_path), declared.tables["fig4"])
    assert line(figure.axes[0], "ours") == ([1, 3], pytest.approx([60, 62]))
    assert line(figure.axes[0], "ours, best") == ([3], pytest.approx([62]))
    assert line(figure.axes[0], "published") is None
    assert line(figure.axes[2], "published") == ([3], [73])
    assert figure.axes[1].texts[0].get_text() == "no result yet"


def test_several_seeds_show_their_mean_and_each_seed(tmp_path):
    declared = sweep(seeds=(0, 1))
    write_seeds(tmp_path, "voc-lt", "c1", [60, 62])
    figure = draw_figure4(declared, load_results(declared, tmp_path), declared.tables["fig4"])
    assert line(figure.axes[0], "ours, mean") == ([1], pytest.approx([61]))
    assert line(figure.axes[0], "single seeds")[1] == pytest.approx([60, 62])
    assert figure.axes[0].containers  # the error bars


def test_files_are_the_same_to_the_byte_whatever_the_user_s_settings(tmp_path):
    declared = sweep()
    write(tmp_path, "voc-lt", "c1", 0, 60)
    results = load_results(declared, tmp_path)
    paths = write_figure4(declared, results, tmp_path / "a", tables=["fig4"])
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9}):
        again = write_figure4(declared, results, tmp_path / "b", tables=["fig4"])
    assert [path.name for path in paths] == ["fig4.pdf", "fig4.png"]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
