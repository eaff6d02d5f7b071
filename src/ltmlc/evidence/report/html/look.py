"""How a verdict looks: a sign and a word always, a colour besides, and in one sentence what it means."""

from dataclasses import dataclass

from ltmlc.evidence.audit.rows import SEVERITIES


@dataclass(frozen=True)
class Look:
    word: str
    sign: str
    tone: str  # class of the style sheet
    meaning: str


def _looks(*looks: Look) -> dict[str, Look]:
    return {look.word: look for look in looks}


CELLS = _looks(
    Look("match", "=", "good", "equal, as far as the rounding of the printed number can tell"),
    Look("within noise", "≈", "good", "inside the 95 % interval for one more run of ours; no proof of equality"),
    Look("above", "▲", "high", "ours is higher, beyond noise: by itself, or with its whole column"),
    Look("below", "▼", "low", "ours is lower, beyond noise: by itself, or with its whole column"),
    Look("inconclusive", "?", "open", "outside its own interval, but among so many rows some are by chance"),
    Look("no verdict", "○", "none", "a difference, but nothing to measure noise with"),
    Look("missing", "…", "none", "not run yet"),
    Look("failed", "✗", "fail", "the training failed; its log says why"),
)
CLAIMS = _looks(
    Look("holds", "✓", "good", "every comparison exceeds its bound, beyond noise"),
    Look("direction only", "→", "high", "it points the stated way, but chance is not excluded"),
    Look("not distinguishable", "≈", "open", "seeds or comparisons disagree, or point the other way within noise"),
    Look("reversed", "⇄", "low", "a comparison is the other way round, beyond noise"),
    Look("missing", "…", "none", "a row it speaks of has no result yet"),
)
SEVERITY_LOOKS = _looks(
    Look("contradiction", "✗", "low", SEVERITIES["contradiction"]),
    Look("suspicion", "?", "open", SEVERITIES["suspicion"]),
    Look("note", "·", "none", SEVERITIES["note"]),
)
NO_REFERENCE = Look("no reference", "", "none", "nothing to compare with")
