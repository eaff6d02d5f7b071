"""The names of the figures, without drawing anything: what the workflow needs to know while it plans."""

from ltmlc.grid import Grid

DATA_FIGURES = ("classes", "cooccurrence", "cardinality", "samples")
"""What is drawn of each data set; a file is ``{figure}_{dataset}``."""


def data_figures(grid: Grid) -> list[str]:
    """File names without suffix: class sizes, co-occurrence, labels an image and labelled examples, of every data set."""
    return [f"{figure}_{dataset}" for dataset in grid.datasets for figure in DATA_FIGURES]


def sweep_figures(grid: Grid) -> list[str]:
    """File names without suffix: every table of kind "figure" (Fig. 4), for every data set."""
    names = [table.name for table in grid.tables.values() if table.kind == "figure"]
    return [f"{name}_{dataset}" for name in names for dataset in grid.datasets]
