"""The notebooks of docs/ run from top to bottom, and say what they print."""

from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def explored(monkeypatch, capsys):
    """What the cells of ``explore.ipynb`` leave behind, and what they print."""
    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.chdir(ROOT / "docs" / "notebooks")
    with plt.rc_context({"backend": "agg"}):
        names = {}
        for cell in nbformat.read(ROOT / "docs" / "notebooks" / "explore.ipynb", as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, "explore.ipynb", "exec"), names)
        yield names, capsys.readouterr().out
        plt.close("all")


def test_the_notebook_explores_the_committed_runs(explored):
    names, printed = explored
    assert len(names["runs"]) == 230 and len(names["classes"]) == 230 * 20
    assert "DR 70.35 ± 0.73, LSEP 61.19 ± 0.75" in printed
    assert names["gain"].std() < 0.5 < names["dr"].std(), "what a seed does to both runs cancels"
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
