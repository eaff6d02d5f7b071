from types import SimpleNamespace

import numpy as np
import pytest
from evidence.synthetic import split

from ltmlc.data.sources.source import Pool
from ltmlc.data.split import make_split
from ltmlc.evidence.figures.data import (
    conditional_cooccurrence,
    draw_cardinality,
    draw_class_sizes,
    draw_cooccurrence,
    write_data_figures,
)
from ltmlc.evidence.figures.probes import find_probes

CONFIG = {"title": "Three classes", "subset": {"alpha": 6, "maximum": 6, "minimum": 1, "seed": 0}}


def test_the_matrix_is_the_share_of_the_row_s_images_that_show_the_column():
    matrix = conditional_cooccurrence(np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0]], np.uint8))
    assert matrix[:2] == pytest.approx(np.array([[1, 0.5, 0], [1, 1, 0]]))
    assert np.isnan(matrix[2]).all()  # a class that does not occur


def test_counts_beyond_255_do_not_wrap():
    labels = np.ones((400, 2), np.uint8)
    labels[:100, 1] = 0  # 400 and 300 would be 144 and 44
    assert conditional_cooccurrence(labels)[0, 1] == pytest.approx(0.75)


def test_classes_stand_from_large_to_small_with_target_and_group_borders():
    axes = draw_class_sizes(split(), CONFIG).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["person", "dog", "cow"]
    assert [bar.get_height() for bar in axes.patches] == [5, 3, 1]
    assert [text.get_text() for text in axes.texts] == ["≥ 5", "≥ 3"]
    labels = axes.get_legend_handles_labels()[1]
    assert "Pareto target of this rank" in labels and "training, head (1 class)" in labels
    assert "Pareto target of this rank" not in draw_class_sizes(split(), {}).axes[0].get_legend_handles_labels()[1]


def test_training_and_test_matrices_share_one_scale():
    figure = draw_cooccurrence(split(), CONFIG)
    images = [axes.images[0] for axes in figure.axes if axes.images and axes.get_title()]
    assert [image.get_clim() for image in images] == [(0, 1), (0, 1)]
    assert images[0].get_array()[1, 0] == pytest.approx(1)  # every training dog comes with a person ...
    assert images[1].get_array()[1, 0] == pytest.approx(0)  # ... and no test dog


def test_shares_can_be_read_as_numbers_where_cells_are_large_enough():
    figure = draw_cooccurrence(split(), CONFIG)
    axes = figure.axes[0]
    rows, columns = ([text.get_text() for text in axis.get_ticklabels()] for axis in (axes.yaxis, axes.xaxis))
    read = {(rows[int(y)], columns[int(x)]): text.get_text() for text in axes.texts for x, y in [text.get_position()]}
    assert read["dog", "person"] == "1.00"
    shares = axes.images[0].get_array()
    assert len(read) == (shares.filled(0) >= 0.05).sum() and read["person", "dog"] == f"{shares[0, 1]:.2f}"[1:]


def test_the_mean_number_of_labels_is_stated():
    labels = draw_cardinality(split(), CONFIG).axes[0].get_legend_handles_labels()[1]
    assert labels == ["training: 1.50 labels an image", "test: 1.00 labels an image"]


def test_all_figures_are_written(tmp_path):
    names = {path.name for path in write_data_figures(split(), CONFIG, tmp_path)}
    kinds = ("classes", "cooccurrence", "cardinality")
    assert names == {f"{kind}_voc-lt.{suffix}" for kind in kinds for suffix in ("pdf", "png")}


@pytest.mark.parametrize("classes", [["cat"], ["$\\frac{$ fox", "price in $", "a$b$"]], ids=["one class", "formulas"])
def test_whatever_classes_and_titles_are_called_they_are_drawn(tmp_path, classes):
    pools = {
        "train_pool": lambda: Pool([f"a{i}" for i in range(9)], np.ones((9, len(classes)), np.uint8)),
        "test_pool": lambda: Pool([f"b{i}" for i in range(9)], np.ones((9, len(classes)), np.uint8)),
    }
    made = make_split("x", SimpleNamespace(classes=classes, **pools), {})
    assert len(write_data_figures(made, {"title": "$\\frac{$"}, tmp_path)) == 6
    assert all(probe.present for probe in find_probes(made))
