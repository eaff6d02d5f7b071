"""``diff.csv`` and ``diff.md``: the comparison as files. Verdict counts first."""

from collections import Counter

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_code, markdown_escape
from ltmlc.errors import counted_noun
from ltmlc.evidence.comparison.compare import Diff
from ltmlc.evidence.comparison.verdicts import CELL_VERDICTS, RUN_TWO_SEEDS, Comparison
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import markdown_page, markdown_table, number, records_csv, tally
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.uncertainty.level import ERROR_RATE
from ltmlc.evidence.uncertainty.noise import LEVEL


def diff_files(diff: Diff) -> dict[str, str]:
    """Name -> text."""
    cells = records_csv(Comparison, diff.cells)
    return {"diff.csv": cells, "diff.md": diff_markdown(diff), "rank_agreement.csv": agreement_csv(diff)}


def agreement_csv(diff: Diff) -> str:
    """Kendall's tau, one line a table, data set and column; empty for fewer than three rows."""
    lines = [
        [item.table, item.dataset, item.column, item.rows, number(item.tau, 4), number(item.p, 4)]
        for item in diff.agreement
    ]
    return csv_text(["table", "dataset", "column", "rows", "kendall_tau", "p"], lines)


def diff_markdown(diff: Diff) -> str:
    """The comparison for a reader: counts, what they mean, noise, rank agreement, then every table."""
    other = "the published numbers" if diff.against == "published" else f"our reference {markdown_code(diff.against)}"
    sections = [
        f"# Our numbers against {other}",
        _counts(diff),
        multiplicity(diff),
        _levels(diff),
        _noise(diff),
        _agreement(diff),
    ]
    sections += [_table(name, cells) for name, cells in grouped(diff.cells, lambda cell: cell.table).items()]
    if diff.messages:
        sections.append(
            "## Files that were not used, or should not be trusted\n\n"
            + "\n".join(f"- {markdown_escape(line)}" for line in diff.messages)
        )
    return markdown_page(sections)


def _counts(diff: Diff) -> str:
    if not diff.cells:
        return ""
    return tally("cells", CELL_VERDICTS, diff.cells, {name: name for name in diff.datasets})


def multiplicity(diff: Diff) -> str:
    """What so many tests at once imply, in plain words."""
    tested, reasons = diff.tested, Counter(cell.reason for cell in diff.cells if cell.verdict == "no verdict")
    if not tested:
        if not diff.cells:
            return _nothing(diff)
        if all(cell.verdict == "match" for cell in diff.cells if cell.ours is not None) and diff.counts["match"]:
            return "Every finished run gives the reference's number with the reference's seed."
        if all(cell.ours is None for cell in diff.cells):
            return "No run has finished yet."
        return f"No verdicts: {'; '.join(reasons)}. The differences below stand alone."
    outside = sum(cell.p < 1 - LEVEL for cell in tested)
    found = [cell for cell in tested if cell.verdict in ("above", "below")]
    alone = sum(" beside " in cell.reason for cell in found)
    rest = len(found) - alone
    text = (
        f"{len(tested)} cells were tested, each against a {LEVEL:.0%} prediction interval. If every number reproduced, "
        f"about {(1 - LEVEL) * len(tested):.0f} would lie outside by chance; {outside} do. A seed moves all rows of a "
        "column together, so two questions are asked of each column: does it lie off as a whole, and which rows "
        f"deviate besides? {len(found)} cells are above or below: {alone} by themselves, {rest} with their whole "
        f"column. Under exact reproduction a column has such a cell in {ERROR_RATE:.0%} of cases."
    )
    untested = [f" {counted_noun(number, 'cell')} without a verdict: {reason}." for reason, number in reasons.items()]
    return "".join([text, *untested])


def _nothing(diff: Diff) -> str:
    if diff.against == "published":
        return "Nothing to compare: no row has a published number for these data sets; give a reference file."
    return (
        f"Nothing to compare: {markdown_code(diff.against)} has no run of these tables on {', '.join(diff.datasets)}; "
        f"it has runs on {', '.join(diff.referenced) or 'no data set'}. Give another reference file."
    )


def _levels(diff: Diff) -> str:
    """By how much each column lies off as a whole."""
    rows = [
        [
            dataset,
            column,
            level.rows,
            f"{level.difference:+.2f}",
            f"{level.low:+.2f} to {level.high:+.2f}",
            f"{level.p_adjusted:.2g}",
            "yes" if level.p_adjusted <= ERROR_RATE else "no",
        ]
        for (dataset, column), level in diff.levels.items()
    ]
    header = ["data set", "column", "rows", "ours less theirs", "95 % interval", "adjusted p", "off"]
    text = (
        "## Level: how far a column lies off as a whole\n\nMean difference of the rows that follow it (points), with "
        "the interval of what a seed does to all rows at once: few degrees of freedom, one less than there are seeds."
    )
    return f"{text}\n\n{markdown_table(header, rows, left=2)}" if rows else ""


def _noise(diff: Diff) -> str:
    rows = []
    for dataset in diff.datasets:
        parts = [diff.noise[dataset, column] for column in COLUMNS]
        if any(part.df for part in parts):
            texts = [f"{part.sd:.2f} (df {part.df:.1f}, {part.shared_text})" if part.df else "–" for part in parts]
            rows.append([dataset, *texts])
    text = (
        "## Seed noise: standard deviation of one run between seeds (percentage points)\n\nIn parentheses its degrees "
        "of freedom (Satterthwaite) and the share of its variance that all rows of a seed have in common."
    )
    return f"{text}\n\n{markdown_table(['data set', *COLUMNS], rows)}" if rows else ""


def _agreement(diff: Diff) -> str:
    taus = {(item.table, item.dataset, item.column): item for item in diff.agreement}
    keys = list(dict.fromkeys((item.table, item.dataset) for item in diff.agreement))
    rows = []
    for table, dataset in keys:
        items = [taus.get((table, dataset, column)) for column in COLUMNS]
        texts = [number(item and item.tau, sign="+", none="–") for item in items]
        rows.append([table, dataset, max(item.rows for item in items if item), *texts])
    title = "## Rank agreement: Kendall's tau between our order of the rows and theirs (1: the same order)"
    return f"{title}\n\n{markdown_table(['table', 'data set', 'rows', *COLUMNS], rows, left=2)}" if rows else ""


def _table(name: str, cells: list[Comparison]) -> str:
    header = [
        "row",
        "data set",
        "column",
        "ours",
        "reference",
        "difference",
        "interval for the reference",
        "verdict",
        "",
    ]
    rows = []
    for cell in cells:
        ours = number(cell.ours) + ("" if cell.sd is None else f" ± {cell.sd:.2f} (n = {cell.n})")
        interval = "" if cell.low is None else f"{cell.low:.2f} – {cell.high:.2f}"
        reason = "" if cell.reason == RUN_TWO_SEEDS else cell.reason  # of one seed it is said above, once
        rows.append(
            [
                markdown_escape(cell.row),
                cell.dataset,
                cell.column,
                ours,
                f"{cell.reference:.2f}",
                number(cell.difference, sign="+"),
                interval,
                cell.verdict,
                reason,
            ]
        )
    return f"## {name}\n\n{markdown_table(header, rows, left=3)}"
