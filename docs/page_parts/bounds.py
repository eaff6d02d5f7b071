"""The part of a page that says between which bounds its rows must lie: chance, and a linear probe on all images."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import table_cells
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.plan.grid import Grid


def between_chance_and_probe(
    grid: Grid, results: Results, tables: Sequence[str], split: Any, probe: Mapping[str, Any] | None
) -> str:
    """Whether every row lies between what must be below it and what must be above it."""
    (dataset,) = grid.datasets
    cells = [(row, cells[dataset]) for name in tables for row, cells in table_cells(grid.tables[name], results)]
    totals = {row.label: cell.mean["total"] for row, cell in cells if cell.status == "finished"}
    parts = ["## Above chance" if probe is None else "## Between chance and a linear probe on all images"]
    if split is not None and totals:
        chance = split_controls(split)["chance"]["total"]
        below = [label for label, value in totals.items() if value <= chance]
        verdict = f"**not above chance: {', '.join(below)}**" if below else "every row lies above it"
        parts.append(f"- Chance, the expected mAP of a random ranking of the test images: {chance:.2f}; {verdict}.")
    if probe is not None:
        values = ", ".join(f"{name} {100 * probe['map'][name]:.2f}" for name in COLUMNS)
        above = [label for label, value in totals.items() if value >= 100 * probe["map"]["total"]]
        verdict = f"**not below it: {', '.join(above)}**" if above else "every row lies below it"
        parts.append(
            "- A linear probe (`benchmarks/linear_probe.py`: logistic regression on frozen "
            f"{probe['backbone']} features at {probe['image_size']} px) "
            f"trained on all {probe['training_images']} images of the pool, not on the long tail cut from it, tested "
            f"on the same {probe['test_images']} images: {values}; {verdict if totals else 'no row is finished yet'}."
        )
    return "\n\n".join([parts[0], "\n".join(parts[1:])]) if len(parts) > 1 else ""
