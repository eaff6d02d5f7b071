"""docs/draws.md against the committed runs."""

import pytest
from scripts import load_script


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/draws.py")


def test_the_page_is_what_the_runs_say(maker):
    page = maker.PAGE.read_text(encoding="utf-8")
    assert page == maker.page_with(maker.PAGE, "draws", maker.text())


def test_a_draw_beyond_the_seeds_is_counted_either_way(maker):
    line = maker._line(10.0, [8.9, 10.9, 11.1], 1.0)
    assert line == ["10.00", "8.90", "10.90", "11.10", "10.30 ± 1.22", "± 1.00", "2 of 3"]


def test_every_draw_has_the_construction_of_the_paper_and_other_images(maker):
    """A seed of its own, and no checksum of the published list."""
    grid, _ = maker.drawn()
    (dataset,) = maker.paper().datasets.values()
    subsets = [settings["subset"] for settings in grid.datasets.values()]
    assert len({subset["seed"] for subset in subsets}) == len(subsets) == 5
    for subset in subsets:
        differing = {key for key in subset | dataset["subset"] if subset.get(key) != dataset["subset"].get(key)}
        assert differing <= {"seed", "sha256"}
