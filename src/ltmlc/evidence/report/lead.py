"""What a report says first: how many of the paper's statements hold, and how many numbers agree."""

from collections import Counter

from ltmlc.disk.markdown_file import markdown_code
from ltmlc.evidence.claims.file import asked_of
from ltmlc.evidence.report.facts import headline
from ltmlc.evidence.report.gather import Evidence

_AGREE = ("match", "within noise")
_STATEMENTS = {
    "direction only": "{} as stated without proof",
    "not distinguishable": "{} cannot be told apart",
    "reversed": "{} the other way round",
}


def lead(evidence: Evidence) -> list[str]:
    """Sentences: the statements, the numbers, the runs. What cannot be judged yet is said to be open."""
    return [text for text in (_statements(evidence), _numbers(evidence), headline(evidence)) if text]


def not_asked(evidence: Evidence) -> str:
    """How many statements speak of tables that the configuration leaves out; empty where none does."""
    number = len(evidence.claims) - len(asked_of(evidence.grid, evidence.claims))
    speak = "statement of the paper speaks" if number == 1 else "statements of the paper speak"
    return f"{number} {speak} of tables that this configuration does not ask for." if number else ""


def _statements(evidence: Evidence) -> str:
    """A statement on two data sets is two."""
    counts = Counter(verdict.verdict for verdict in evidence.counted)
    judged = counts.total() - counts["missing"]
    if not judged:
        return f"None of {counts.total()} statements of the paper can be judged yet." if counts else ""
    others = [text.format(counts[name]) for name, text in _STATEMENTS.items() if counts[name]]
    holds = f"{counts['holds']} of {judged} statements of the paper hold"
    later = f"; {counts['missing']} cannot be judged yet" if counts["missing"] else ""
    return ", ".join([holds, *others]) + f"{later}."


def _numbers(evidence: Evidence) -> str:
    judged = evidence.diff.judged
    if evidence.problem or not judged:
        return ""
    agree = sum(evidence.diff.counts[name] for name in _AGREE)
    if evidence.published:
        return f"{agree} of {judged} numbers agree with the published ones."
    return (
        f"Installation check: {agree} of {judged} numbers agree with our own earlier runs "
        f"({markdown_code(evidence.diff.against)}). "
        "It says that this machine computes as ours did, nothing about the paper's photographs."
    )
