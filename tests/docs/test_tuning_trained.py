"""docs/tuning.md, where the backbone trains: its numbers are those of the committed metrics files."""

from statistics import fmean

import pytest
from page_prose import missing, prose_of
from scripts import load_script

from ltmlc.evidence.uncertainty.noise import paired

SECTION = prose_of("docs/tuning.md").split("## On photographs, backbone trained")[1].split("## Open choices")[0]
GROUPS = ("head", "medium", "tail")
DR, LSEP, CW, DB, RS = "LSEP + CW + NGC", "LSEP", "LSEP + CW", "DB Focal", "RS"


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/tuning.py")


def test_the_held_out_photographs(maker):
    decided = {each.choice.label: each for each in maker.decisions(*maker.RATES["trained backbone"])}
    at = {name: {one.candidate.factor: one.percent for one in decided[name].tried} for name in decided}
    best = {name: decided[name].chosen.candidate.factor for name in at}
    assert best == {DR: 1, LSEP: 10, CW: 3, DB: 3, RS: 3}
    lead, gain = (at[name][best[name]]["total"] - at[LSEP][1]["total"] for name in (DR, LSEP))
    dr, lsep, db, rs = at[DR][1], at[LSEP][10], at[DB], [at[RS][factor]["total"] for factor in (3, 1, 10, 30)]
    present, chosen = (
        [at[name][factors[name]]["total"] for name in (LSEP, CW, DR)] for factors in (dict.fromkeys(best, 1), best)
    )
    assert not missing(
        SECTION,
        f"At the recipe's rate DR is {lead:.2f} above LSEP; ten times that rate, the best of the four, gives LSEP "
        f"{gain:.2f} ({lsep['total']:.2f}), so that DR's lead over it is gone ({lead - gain:.2f}).",
        "LSEP then has {:.2f} head, {:.2f} medium and {:.2f} tail, ".format(*map(lsep.get, GROUPS))
        + "DR at the recipe's rate {:.2f}, {:.2f} and {:.2f}.".format(*map(dr.get, GROUPS)),
        f"LSEP's advantage in the held-out tail, {lsep['tail'] - dr['tail']:.2f}, is not there",
        f"At three times it DR has {at[DR][3]['total']:.2f}, at ten times it learns next to nothing "
        f"({at[DR][10]['total']:.2f})",
        f"At thirty times it has {at[DR][30]['total']:.2f}.",
        f"There it has {db[3]['total']:.2f}, {db[3]['total'] - dr['total']:.2f} above DR, where at the recipe's rate "
        f"it is {db[1]['total'] - dr['total']:.2f} above",
        f"At ten and thirty times it learns next to nothing ({db[10]['total']:.2f}, {db[30]['total']:.2f}).",
        "LSEP {0:.2f}, DR {2:.2f}, LSEP + CW {1:.2f}, at ten, one and three times the recipe's.".format(*chosen),
        f"There the class-wise step loses {chosen[0] - chosen[1]:.2f} and the constraint gains "
        f"{chosen[2] - chosen[1]:.2f}; at the recipe's rate they gain {present[1] - present[0]:.2f} and "
        f"{present[2] - present[1]:.2f}.",
        f"{rs[0]:.2f} on the held-out photographs ({rs[1]:.2f} at the recipe's rate, {rs[2]:.2f} and {rs[3]:.2f} at "
        "ten and thirty times)",
    )


def test_the_test_set(maker):
    """By the seeds that both rows have."""
    pairs, results = maker.tuned("trained backbone")
    of = {pair.label: pair for pair in pairs}

    def above(one: str, other: str, column: str = "total") -> float:
        """Points of one run above another."""
        draws = [results.draws(of[LSEP].dataset, run, column) for run in (other, one)]
        return fmean(paired(*draws).values())

    def first(run: str) -> float:
        """Seed 0's total."""
        return results.draws(of[LSEP].dataset, run, "total")[0]

    runs = ([cell.run for cell in of[name].cells] for name in (DR, LSEP, DB, RS, CW))
    (dr, _), (lsep, lsep_tuned), (db, db_tuned), (rs, rs_tuned), (cw, cw_tuned) = runs
    lead, left = above(dr, lsep), [above(dr, lsep_tuned, column) for column in ("total", *GROUPS)]
    gain = [above(lsep_tuned, lsep, column) for column in ("total", *GROUPS)]
    assert left[0] > 2 / 5 * lead
    assert not missing(
        SECTION,
        "more than two fifths of the lead stay",
        "LSEP gains {:.2f} by that rate (head {:.2f}, medium {:.2f}, tail {:.2f})".format(*gain),
        f"falls from {lead:.2f} to " + "{:.2f} (head {:.2f}, medium {:.2f}, tail {:.2f}).".format(*left),
        f"{above(db, db_tuned):.2f} less than at the recipe's rate (sd of its seeds: "
        f"{of[DB].cells[0].sd['total']:.2f}), and {above(db_tuned, dr):.2f} above DR, where at the recipe's rate it is "
        f"{above(db, dr):.2f} above.",
        "LSEP + CW has {:.2f} at three times its rate, {:.2f} less than at the recipe's (tail {:.2f}).".format(
            of[CW].cells[1].mean["total"], above(cw, cw_tuned), above(cw_tuned, cw, "tail")
        ),
        f"Of the {left[0]:.2f} that are left the class-wise step has {above(cw_tuned, lsep_tuned):.2f} and the "
        f"constraint {above(dr, cw_tuned):.2f}; of the {lead:.2f} at the recipe's rate they have "
        f"{above(cw, lsep):.2f} and {above(dr, cw):.2f}.",
        f"and {of[RS].cells[1].mean['total']:.2f} on the test set, {above(rs, rs_tuned):.2f} less than seed 0 has at "
        f"the recipe's rate (sd of its seeds: {of[RS].cells[0].sd['total']:.2f}). DB Focal is then "
        f"{above(db_tuned, rs_tuned):.2f} above RS, at the recipe's rate {first(db) - first(rs):.2f}.",
    )
