"""``claims.csv`` and ``claims.md``: the verdicts as files. Counts first."""

from collections.abc import Mapping, Sequence

from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.errors import counted_noun
from ltmlc.evidence.claims.measure import ONE_SEED
from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS, MARGIN, Verdict
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import markdown_page, markdown_table, records_csv, tally

ABOUT_NONE = "losses, and data sets together"  # what a claim about no single data set is about


def claims_files(verdicts: Sequence[Verdict], subjects: Mapping[str, str]) -> dict[str, str]:
    """Name -> text."""
    return {"claims.csv": records_csv(Verdict, verdicts), "claims.md": claims_markdown(verdicts, subjects)}


def claims_markdown(verdicts: Sequence[Verdict], subjects: Mapping[str, str]) -> str:
    """The verdicts for a reader: counts, how to read them, then one table a data set.

    ``subjects``: data set, or empty, of a verdict -> what that is called.
    """
    sections = ["# What the paper says, judged on our runs", count_table(verdicts, subjects), how_to_read(verdicts)]
    for dataset, own in by_dataset(verdicts).items():
        sections.append(f"## {markdown_escape(subjects[dataset])}\n\n{verdict_table(own)}")
    return markdown_page(sections)


def counted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that are a test of their own: sentences that come to one test count once."""
    return [verdict for verdict in verdicts if not verdict.same_as]


def count_table(verdicts: Sequence[Verdict], subjects: Mapping[str, str]) -> str:
    """How often each verdict was reached, by data set (:func:`counted`)."""
    tests = counted(verdicts)
    return tally("claims", CLAIM_VERDICTS, tests, {name: markdown_escape(subjects[name]) for name in by_dataset(tests)})


def differences_in_words(verdicts: Sequence[Verdict]) -> str:
    """What the differences are and how verdicts are corrected; empty where none was measured."""
    if all(verdict.difference is None for verdict in verdicts):
        return ""
    interval = ", with its 95 % interval" if any(verdict.low is not None for verdict in verdicts) else ""
    text = (
        "Differences are mAP points, paired by seed, positive where they point the stated way; of a claim with several "
        f"comparisons the weakest is shown{interval}."
    )
    if any(verdict.verdict in ("holds", "reversed") for verdict in verdicts):
        text += " *Holds* and *reversed* are shown at 5 % over all claims of their data set together."
    return text


def how_to_read(verdicts: Sequence[Verdict]) -> str:
    """What the verdicts mean, and how often chance alone gives one."""
    text = differences_in_words(verdicts)
    seeds = sorted({verdict.n for verdict in verdicts if verdict.n})
    chance = [f"{0.5**n:.0%} with {counted_noun(n, 'seed')}" for n in seeds]
    if any(verdict.verdict == "direction only" for verdict in verdicts):
        text += (
            " *Direction only* is no finding: without any effect a single comparison points the stated way on every "
            f"seed in {' or '.join(chance)}."
        )
    if any(verdict.equal is not None for verdict in verdicts):
        text += (
            f" *Equal within {MARGIN}* is shown by two one-sided tests at 5 % (not corrected for their number); "
            "without it a difference that is not shown may still be there. *As large*, *smaller*, *larger*: "
            "whether one more run of ours could give the text's amount."
        )
    same = sum(bool(verdict.same_as) for verdict in verdicts)
    if same:
        text += f" {counted_noun(same, 'sentence')} ask what another one asks; they are shown, and counted once."
    if any(ONE_SEED in verdict.reason for verdict in verdicts):
        text += (
            " With one seed nothing can hold or be reversed: *direction only* says that the numbers point the stated "
            "way, *not distinguishable* that they do not all do; two seeds or more (configuration key `seeds`) give "
            "verdicts."
        )
    return text


def verdict_table(verdicts: Sequence[Verdict], *, brief: bool = False) -> str:
    """One line a claim. Brief: without the comparison, the reason only in place of a number."""
    header = ["section", "claim", "verdict", "ours", "text", *([] if brief else ["weakest comparison", "why"])]
    rows = [
        [markdown_escape(verdict.section), markdown_escape(verdict.statement), f"**{verdict.verdict}**"]
        + [shown_difference(verdict) or (markdown_escape(verdict.reason) if brief else ""), stated(verdict)]
        + ([] if brief else [markdown_escape(verdict.comparison), markdown_escape(_why(verdict))])
        for verdict in verdicts
    ]
    return markdown_table(header, rows, left=len(header))


def _why(verdict: Verdict) -> str:
    return own_reason(verdict) + (f"; same as {verdict.same_as}" if verdict.same_as else "")


def own_reason(verdict: Verdict) -> str:
    """Without what one seed says of every claim."""
    return verdict.reason.removesuffix(f"; {ONE_SEED}")


def shown_difference(verdict: Verdict) -> str:
    """The weakest comparison's difference with its interval; empty where nothing was measured."""
    if verdict.difference is None:
        return ""
    interval = "" if verdict.low is None else f" [{verdict.low:+.2f}, {verdict.high:+.2f}]"
    return f"{verdict.difference:+.2f}{interval}"


def stated(verdict: Verdict) -> str:
    """The amount in the text, and how ours compares; empty where the text gives none."""
    return verdict.stated + (f" ({verdict.size})" if verdict.size else "") if verdict.stated else ""


def by_dataset(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """In order of appearance; the empty name: about no single one."""
    return grouped(verdicts, lambda verdict: verdict.dataset)
