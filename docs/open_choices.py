"""The table of docs/losses.md: what the paper leaves open, each candidate, and what it gives.

`python docs/open_choices.py` writes it anew from the committed metrics files; a test holds the page to them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev

from page_parts.marked import page_with

from ltmlc.evidence.results.results import Results, load_results
from ltmlc.plan.grid import Grid, Row, load_grid

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "losses.md"
REFERENCE = ROOT / "config" / "reference"
DATASET = "voc07-lt-frozen"
TRAINED = "voc07-lt"
WEIGHTS = "resnet50_caffe_rgbnorm_fp16.pth"
FIXED_BACKBONE = ("voc07-lt-frozen", "voc07-lt-frozen-choices")
TRAINED_BACKBONE = ("voc07-lt-224px",)
HELD_OUT = ("voc07-lt-frozen-held-out",)


def totals(archives: Sequence[Results], dataset: str, run: str) -> list[float]:
    """Total mAP of every finished seed of a run, in percent, from the first archive that has it."""
    found = (archive.draws(dataset, run, "total") for archive in archives)
    return list(next(filter(None, found), {}).values())


def printed(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "".join(f"{value:.2f}" for value in values)
    return f"{mean(values):.2f} ± {stdev(values):.2f} ({len(values)})"


def lines(fixed: Grid, trained: Grid) -> Iterator[str]:
    before = None
    on_held_out = [load_results(fixed, REFERENCE / folder) for folder in HELD_OUT]
    on_fixed = [load_results(fixed, REFERENCE / folder) for folder in FIXED_BACKBONE]
    on_trained = [load_results(trained, REFERENCE / folder) for folder in TRAINED_BACKBONE]
    run_of = {(row.panel, row.label): row.run[TRAINED] for row in trained.tables["open-choices"].rows}
    yield "| choice | candidate | held out | backbone fixed | backbone trained | used, and why |"
    yield "|---|---|---|---|---|---|"
    for row in fixed.tables["open-choices"].rows:
        first = row.panel != before
        before = row.panel
        run = row.run[DATASET]
        cells = [
            row.panel if first else "",
            row.label,
            printed(totals(on_held_out, DATASET, run)),
            printed(totals(on_fixed, DATASET, run)),
            printed(totals(on_trained, TRAINED, run_of[row.panel, row.label])),
            _why(row) if first else "",
        ]
        yield f"| {' | '.join(cells)} |"


def _why(row: Row) -> str:
    assert row.note, f"{row.panel}: the first candidate says in its note why it is used"
    return f"used: {row.note}"


def table() -> str:
    seeds, model = [0, 1, 2, 3, 4], {"weights": WEIGHTS, "stride_in_1x1": True}
    asked = {"tables": ["open-choices"], "seeds": seeds, "model": model}
    fixed = load_grid({**asked, "datasets": [DATASET], "training": {"precision": "float32"}}, ROOT)
    trained = load_grid({**asked, "datasets": [TRAINED], "training": {"precision": "bf16"}}, ROOT)
    return "\n".join(lines(fixed, trained))


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE, "open choices", table()), encoding="utf-8")
