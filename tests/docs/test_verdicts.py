import re
from pathlib import Path

from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS
from ltmlc.evidence.comparison.verdicts import CELL_VERDICTS

PAGE = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_the_page_says_what_each_verdict_means():
    """The modules that give them point there."""
    numbers, sentences = PAGE.split("## A sentence of the text")
    for section, verdicts in ((numbers, CELL_VERDICTS), (sentences, CLAIM_VERDICTS)):
        explained = re.findall(r"(?m)^\| ([a-z ,]+) \|", section)
        assert set(verdicts) <= {name for names in explained for name in names.split(", ")}
