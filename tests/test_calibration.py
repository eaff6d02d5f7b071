"""The verdicts' error rates, simulated: the quick part of benchmarks/calibration.py (docs/calibration.md has all)."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from calibration import COLUMNS, LAYOUTS, WORLDS, claim_rates, layout_rates, table_rates, worlds  # noqa: E402

TABLES = 40  # of which 5 % are 2; more than 7 come once in a thousand times


@pytest.fixture(scope="module")
def simulated():
    return {world.name: world for world in worlds()}


@pytest.mark.parametrize(("name", "seeds"), [(WORLDS[0], 3), (WORLDS[2], 5)])
def test_exact_reproduction_hardly_ever_gives_an_above_or_below(simulated, name, seeds):
    rates = table_rates(simulated[name], seeds, TABLES, effect=3.0)
    assert all(rates.false[column] * TABLES <= 7 for column in COLUMNS)
    assert 0.9 <= np.mean([rates.cells[column] for column in COLUMNS]) <= 0.985
    assert np.mean([rates.levels[column] for column in COLUMNS]) >= 0.88


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_seeds_that_rows_do_not_share_give_hardly_ever_an_above_or_below(simulated, layout):
    false, held = layout_rates(simulated[WORLDS[1]], layout, TABLES)
    assert false * TABLES <= 7 and held >= 0.88


def test_without_any_effect_hardly_any_set_of_claims_has_one_that_holds_or_is_reversed(simulated):
    rates = claim_rates(simulated[WORLDS[0]], 3, TABLES, effect=3.0)
    assert rates.false * TABLES <= 7
    assert 0.88 <= rates.covered <= 0.99
    assert rates.direction == pytest.approx(0.125, abs=0.06)  # one in eight, by three seeds


def test_five_seeds_show_a_large_effect(simulated):
    assert table_rates(simulated[WORLDS[2]], 5, 16, effect=6.0).row == 1
