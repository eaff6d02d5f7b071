"""The part of a page that says how its runs were made, and how far they are from the paper's protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.report.facts import environment_values
from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.plan.grid import Grid


def how_they_were_made(results: Results, dataset: str, runs: Sequence[str], split: Any) -> str:
    """How many runs, on which images, machine and versions; several values stand side by side."""
    wanted = [result for result in results.runs.values() if result.dataset == dataset and result.run in set(runs)]
    finished = [result for result in wanted if result.status == "finished"]
    failed = [result.name for result in wanted if result.status == "failed"]
    seeds = ", ".join(map(str, results.seeds))
    lines = [f"- {len(finished)} of {len(wanted)} runs are finished ({len(runs)} rows, seeds {seeds})"]
    lines += [f"- failed: {', '.join(failed)}"] if failed else []
    if split is not None:
        groups = " : ".join(str(len(members)) for members in split.groups.values())
        lines.append(
            f"- {len(split.train_ids)} training images, {max(split.class_counts)} to {min(split.class_counts)} a "
            f"class; {len(split.test_ids)} test images; {len(split.classes)} classes, {groups} head, medium and tail"
        )
    if finished:
        for key, name in (("device", "device"), ("torch", "torch"), ("python", "Python")):
            lines.append(f"- {name}: {', '.join(environment_values(finished, key) or ['None'])}")
        lines.append(f"- commit: {_commits(finished)}")
        seconds = [result.seconds for result in finished if result.seconds is not None]
        if seconds:
            unit, size = ("minutes", 60) if max(seconds) >= 120 else ("seconds", 1)
            lines.append(
                f"- training and testing took {min(seconds) / size:.0f} to {max(seconds) / size:.0f} {unit} a run"
            )
    lines += [f"- **{message}**" for message in results.messages]
    return "\n".join(lines)


def _commits(finished: Sequence[RunResult]) -> str:
    """Each commit that runs were made at; where there are several, with how many."""
    count = environment_values(finished, "git_commit")
    several = len(count) > 1
    return ", ".join(f"{name} ({runs} of them)" if several else name for name, runs in sorted(count.items())) or "None"


def limits(grid: Grid, dataset: str, runs: Sequence[str], split: Any, twin: Mapping[str, Mapping[str, Any]]) -> str:
    """What differs from the paper's protocol, read from the specifications; ``twin``: run id -> the paper's."""
    lines = []
    for name, get in _PROTOCOL.items():
        here = dict.fromkeys(get(grid.runs[dataset][run]) for run in runs)
        paper = dict.fromkeys(get(twin[run]) for run in runs if run in twin)
        if list(here) != list(paper):
            lines.append([name, _several(here), _several(paper)])
    title = grid.datasets[dataset].get("title", dataset)
    text = (
        f"## Limits\n\nThis is {title}, not the paper's experiment, and its numbers are never mixed with those of "
        "another protocol. A difference here says what the losses do under this protocol; a difference "
        "that is absent here may be there under the paper's. Every row has its recipe's learning rate: one whose "
        "gradients are small is further from its best the shorter the schedule; [tuning.md](tuning.md) has rates of "
        "their own."
    )
    if split is not None:
        single = [name for name, count in zip(split.classes, split.class_counts, strict=True) if count < 10]
        text += f" {len(single)} classes have fewer than 10 training images ({', '.join(single)})."
    table = markdown_table(["", "here", "the paper's protocol"], lines, left=3)
    return f"{text}\n\n{table}" if twin and lines else text


def _several(values: Mapping[Any, None]) -> str:
    return " or ".join(str(value) for value in values if value is not None) or "–"


def _views(cached: int | None) -> str:
    return f"{cached}, the same for all seeds" if cached else "a new one each time"


_PROTOCOL = {
    "fixed stages of the backbone": lambda spec: f"{spec['model'].get('frozen_stages', 1)} of 4",
    "augmented versions of an image": lambda spec: _views(spec["model"].get("cached_views")),
    "image size (px)": lambda spec: spec["model"]["image_size"],
    "epochs": lambda spec: spec["recipe"]["epochs"],
    "rate divided after epoch": lambda spec: ", ".join(map(str, spec["recipe"]["steps"])),
    "warm-up (iterations)": lambda spec: spec["recipe"]["warmup_iterations"],
    "learning rate": lambda spec: f"{spec['recipe']['lr']:g}",
    "batch size": lambda spec: spec["batch_size"],
    "precision": lambda spec: spec["precision"],
    "starting weights": lambda spec: str(spec["model"]["weights"]).rsplit("/", 1)[-1],
    "word vectors of ML-GCN": lambda spec: (spec["model"].get("word_vectors") or "").rsplit("/", 1)[-1] or None,
    "stride in the 1x1 convolution": lambda spec: "yes" if spec["model"].get("stride_in_1x1") else "no",
}
