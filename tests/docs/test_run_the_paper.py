"""docs/run-the-paper.md: how many seeds decide how many claims is what `ltmlc plan` says."""

import re
from pathlib import Path

from ltmlc.evidence.audit.audit import paper_grid
from ltmlc.evidence.claims.file import load_claims
from ltmlc.evidence.outlook.claims import POWER, claim_outlooks, outlook_text
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[2]


def test_what_five_seeds_can_decide(tmp_path):
    page = " ".join((ROOT / "docs" / "run-the-paper.md").read_text(encoding="utf-8").split())
    grid = load_grid({"datasets": ["voc-lt", "coco-lt"], "seeds": [0, 1, 2, 3, 4]}, ROOT)
    outlooks = claim_outlooks(grid, load_results(grid, tmp_path), load_claims(root=ROOT), paper_grid())
    assert set(outlooks.basis.values()) == {"assumed"}
    (sd,) = set(outlooks.sd.values())
    few, many = re.findall(r"(\d+ of \d+) different claims can be decided", outlook_text(outlooks))
    assert (
        f"measured on photographs ({sd:.2f}), five seeds can decide {few} different claims on VOC-LT and {many} on "
        f"COCO-LT, with a power of {100 * POWER:.0f} %"
    ) in page
