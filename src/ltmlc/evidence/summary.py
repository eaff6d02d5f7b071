"""``REPRODUCTION.md``: one page that says what came out, verdicts first, and how far to trust it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltmlc.data.split import Split
from ltmlc.errors import InputError
from ltmlc.evidence.audit import audit, paper_grid
from ltmlc.evidence.audit_report import audit_summary, finding_table
from ltmlc.evidence.claims import VERDICTS as CLAIM_VERDICTS
from ltmlc.evidence.claims import Verdict, judge_claims
from ltmlc.evidence.claims_facts import read_thresholds
from ltmlc.evidence.claims_file import Claim, load_claims
from ltmlc.evidence.claims_report import verdict_table
from ltmlc.evidence.compare import Diff, compare
from ltmlc.evidence.diff_report import multiplicity
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.reference import read_reference
from ltmlc.evidence.results import Results
from ltmlc.evidence.summary_parts import how_to_cite, left_open, tables, what_was_run
from ltmlc.evidence.verdicts import VERDICTS as CELL_VERDICTS
from ltmlc.evidence.verdicts import Comparison
from ltmlc.files import write_atomically
from ltmlc.grid import Grid

_HOW_TO_READ = (
    "Differences in mAP points, paired by seed, positive where they point the stated way; of several comparisons the "
    "weakest is shown. Which one, and why the verdict: [claims.md](claims.md)."
)
_WORST = 10  # cells shown here; all stand in diff.md


def write_summary(
    grid: Grid,
    results: Results,
    path: str | Path,
    *,
    splits: Mapping[str, Split] | None = None,
    root: str | Path = ".",
) -> Path:
    """Write the page from whatever is finished; what is not there yet is said to be missing, never an error.

    Args:
        grid: the declared tables.
        results: from :func:`ltmlc.evidence.results.load_results`.
        path: the file to write; links are relative to its folder.
        splits: :class:`ltmlc.data.split.Split` by data set, where they exist.
        root: the folder with ``config/`` and ``CITATION.cff``; what it lacks is taken from this project.
    """
    write_atomically(path, summary_markdown(grid, results, folder=Path(path).parent, splits=splits, root=root))
    return Path(path)


def summary_markdown(
    grid: Grid,
    results: Results,
    *,
    folder: str | Path = ".",
    splits: Mapping[str, Split] | None = None,
    root: str | Path = ".",
) -> str:
    """The page as text; ``folder`` is where it will lie."""
    figures = Path(grid.config.get("figures", "figures"))
    claims = load_claims(root=root)
    curves = read_thresholds(figures / "fig3.csv")
    verdicts = judge_claims(grid, results, claims, splits=splits, curves=curves)
    diff, problem = _compare(grid, results)
    titles = {name: settings.get("title", name) for name, settings in grid.datasets.items()}
    sections = [
        f"# Reproduction: {' and '.join(titles.values())}",
        _headline(results),
        _verdicts(diff, problem, verdicts, titles),
        what_was_run(grid, results, splits or {}),
        tables(grid, results, splits or {}, os.path.relpath(figures, folder)),
        _numbers(diff, problem),
        _claims(verdicts, titles),
        _audit(claims, root),
        left_open(grid, root),
        how_to_cite(root),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _compare(grid: Grid, results: Results) -> tuple[Diff, str]:
    """The comparison, and in words why there is no reference."""
    against = grid.config.get("reference", "published")
    try:
        reference = None if against == "published" else read_reference(against)
    except InputError as error:
        return compare(grid, results, reference={}, against=against), f"No reference to compare with yet: {error}."
    return compare(grid, results, reference=reference, against=against), ""


def _headline(results: Results) -> str:
    counts = {status: len(results.with_status(status)) for status in ("finished", "failed", "missing")}
    others = "".join(f", {number} {status}" for status, number in counts.items() if number and status != "finished")
    text = f"{counts['finished']} of {len(results.runs)} runs finished{others}."
    if len(results.seeds) == 1:
        text += (
            " One seed: numbers are shown as they came, but nothing measures the noise between runs, so no difference "
            "is called real. Two seeds or more (configuration key `seeds`) give verdicts."
        )
    return text


def _verdicts(diff: Diff, problem: str, verdicts: list[Verdict], titles: Mapping[str, str]) -> str:
    """Both counts, side by side with the data sets."""
    by_cell = [(cell.verdict, cell.dataset) for cell in diff.cells]
    by_claim = [(verdict.verdict, verdict.dataset) for verdict in verdicts]
    other = "the published ones" if diff.against == "published" else f"our reference `{diff.against}`"
    parts = ["## Verdicts"]
    if by_cell:
        parts.append(f"Numbers against {other} ([every cell](diff.md)):")
        parts.append(_counts(CELL_VERDICTS, by_cell, titles))
    elif problem:
        parts.append(problem)
    if by_claim:
        parts.append("Sentences of the paper ([every claim](claims.md)):")
        parts.append(_counts(CLAIM_VERDICTS, by_claim, {**titles, "": "losses"}))
    return "\n\n".join(part.strip() for part in parts) if len(parts) > 1 else ""


def _counts(names: tuple[str, ...], found: list[tuple[str, str]], titles: Mapping[str, str]) -> str:
    datasets = [name for name in titles if any(dataset == name for _, dataset in found)]
    rows = [
        [name, sum(verdict == name for verdict, _ in found), *(found.count((name, dataset)) for dataset in datasets)]
        for name in names
        if any(verdict == name for verdict, _ in found)
    ]
    return markdown_table(["verdict", "all", *(titles[name] for name in datasets)], rows)


def _numbers(diff: Diff, problem: str) -> str:
    """What so many tests imply, and the largest differences."""
    if problem or not diff.cells:
        return ""
    outside = [cell for cell in diff.cells if cell.verdict in ("above", "below", "no verdict")]
    outside = sorted((cell for cell in outside if cell.difference), key=lambda cell: -abs(cell.difference))
    text = f"## The numbers\n\n{multiplicity(diff)}"
    if outside:
        text += f"\n\nThe largest differences{f' ({_WORST} of {len(outside)})' if len(outside) > _WORST else ''}:\n\n"
        header = ["table", "row", "data set", "column", "ours", "reference", "difference", "verdict"]
        text += markdown_table(header, map(_cell, outside[:_WORST]), left=4)
    return text


def _cell(cell: Comparison) -> list[str]:
    numbers = [f"{cell.ours:.2f}", f"{cell.reference:.2f}", f"{cell.difference:+.2f}"]
    return [cell.table, cell.row, cell.dataset, cell.column, *numbers, cell.verdict]


def _claims(verdicts: list[Verdict], titles: Mapping[str, str]) -> str:
    if not verdicts:
        return ""
    parts = ["## The paper's sentences", _HOW_TO_READ]
    for dataset in dict.fromkeys(verdict.dataset for verdict in verdicts):
        parts.append(f"### {titles.get(dataset, 'The losses')}")
        parts.append(verdict_table([v for v in verdicts if v.dataset == dataset], brief=True).strip())
    return "\n\n".join(parts)


def _audit(claims: tuple[Claim, ...], root: str | Path) -> str:
    """The paper's own numbers, short."""
    findings = audit(paper_grid(root), claims)
    grave: list[Any] = [finding for finding in findings if finding.severity == "contradiction"]
    text = f"## The paper's own numbers\n\n{audit_summary(findings)}\n"
    return f"{text}The contradictions (the rest: [audit.md](audit.md)):\n\n{finding_table(grave)}" if grave else text
