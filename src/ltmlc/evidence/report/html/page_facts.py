"""What the page says beside the tables: counts, cost, environment, gaps, as plain values for the template."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import count_verdicts, hours, named_seeds
from ltmlc.evidence.report.facts import (
    ENVIRONMENT,
    MACHINE,
    DatasetCost,
    costs,
    environment,
    judged_datasets,
    one_seed_alone,
)
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.look import CELLS, CLAIMS, Look
from ltmlc.evidence.report.html.pictures import Picture
from ltmlc.evidence.report.html.tables_view import View, failure
from ltmlc.evidence.report.lead import not_asked


def verdict_counts(evidence: Evidence) -> list[dict[str, Any]]:
    """The numbers' verdicts, then the sentences', each with the data sets they fall on."""
    other = "the published ones" if evidence.published else "our own reference"
    blocks = [
        _block(f"Numbers against {other}", CELLS, evidence.diff.cells, evidence.titles),
        _block("Sentences of the paper", CLAIMS, evidence.counted, evidence.subjects),
    ]
    return [block for block in blocks if block["total"]]


def _block(title: str, looks: Mapping[str, Look], judged: Sequence[Any], titles: Mapping[str, str]) -> dict[str, Any]:
    datasets = judged_datasets(judged, titles)
    rows = count_verdicts(looks, judged, datasets)
    return {
        "title": title,
        "total": len(judged),
        "datasets": [titles[dataset] for dataset in datasets],
        "rows": [{"look": looks[verdict], "count": count, "each": each} for verdict, count, each in rows],
    }


def shown(tables: Sequence[View]) -> View:
    """What the tables' cells and feet hold at all, which is what there is to explain and to sort by."""
    views = [view for table in tables for view in table["datasets"]]
    cells = [cell for view in views for row in view["rows"] for cell in row["cells"]]
    return {
        "quantities": [
            name for name in ("ours", "reference", "difference") if any(name in cell["sort"] for cell in cells)
        ],
        "sd": any(cell["sd"] for cell in cells),
        "looks": [look for look in CELLS.values() if any(cell["look"] == look for cell in cells)],
        "agreement": any(view["agreement"] for view in views),
        "controls": any(view["controls"] for view in views),
    }


def cost_table(evidence: Evidence) -> dict[str, Any]:
    """Columns that hold anything, and of each data set its title and what it says in them."""
    rows = [(cost.title, _cost_row(cost)) for cost in costs(evidence)]
    columns = dict.fromkeys(name for _, row in rows for name in row)
    return {"columns": [name for name in columns if any(row[name] for _, row in rows)], "rows": rows}


def _cost_row(cost: DatasetCost) -> dict[str, str]:
    memory = {key.removesuffix("_bytes"): f"{value / 2**30:.1f} GB" for key, value in cost.memory.items() if value}
    device = f", {memory['device']} on the device" if "device" in memory else ""
    return {
        "classes (head : medium : tail)": cost.class_text,
        "training images": f"{cost.train_images:,}" if cost.train_images else "",
        "test images": f"{cost.test_images:,}" if cost.test_images else "",
        "runs finished": str(cost.runs["finished"]),
        "failed": str(cost.runs["failed"]),
        "missing": str(cost.runs["missing"]),
        "time in all": hours(cost.seconds) if cost.runs["finished"] else "",
        "a run (median)": "" if cost.median_seconds is None else hours(cost.median_seconds),
        "images/s (median)": "" if cost.images_per_second is None else f"{cost.images_per_second:,.0f}",
        "memory (largest)": f"{memory['host']}{device}" if "host" in memory else "",
        "device": ", ".join(cost.devices),
    }


def environment_rows(evidence: Evidence) -> list[tuple[str, str]]:
    """Name and values; a value that not all runs share says how many do."""
    rows = []
    for name, values in environment(evidence.results.with_status("finished"), ENVIRONMENT | MACHINE).items():
        several = len(values) > 1
        rows.append((name, ", ".join(f"{v} ({n} runs)" if several else v for v, n in values.items())))
    rows += [(f"split of {evidence.titles[name]}", split.sha256[:16]) for name, split in evidence.splits.items()]
    return rows


def gaps(evidence: Evidence, pictures: Sequence[Picture], folder: Path) -> dict[str, Any]:
    """All that keeps this page from being complete."""
    missing = grouped(evidence.results.with_status("missing"), lambda result: (result.dataset, result.run))
    per_dataset: dict[str, list[str]] = {}
    for (dataset, run), results in missing.items():
        every = len(results) == len(evidence.results.seeds)
        text = run if every else f"{run} ({named_seeds([result.seed for result in results])})"
        per_dataset.setdefault(evidence.titles[dataset], []).append(text)
    notes = [*evidence.diff.messages, *evidence.labels[1], *([evidence.problem] if evidence.problem else [])]
    if one_seed_alone(evidence):
        notes.append("One seed: nothing measures the noise between runs, so there are no verdicts on numbers.")
    open_claims = sum(verdict.verdict == "missing" for verdict in evidence.counted)
    if open_claims:
        notes.append(f"{open_claims} claims cannot be judged; why stands beside each.")
    if note := not_asked(evidence):
        notes.append(note)
    return {
        "failed": [failure(result, folder) for result in evidence.results.with_status("failed")],
        "missing": per_dataset,
        "notes": notes,
        "pictures": [f"{picture.title}: {picture.reason}." for picture in pictures if picture.reason],
    }
