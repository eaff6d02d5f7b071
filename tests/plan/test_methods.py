import pytest
from evidence.synthetic import grid, row, table

from ltmlc.errors import InputError
from ltmlc.plan.methods import method_runs, run_of


@pytest.fixture
def declared():
    return grid(
        table("t", row("ERM", "bce"), row("Mine", "mine_a-1"), row("DR", "dr")),
        table("u", row("Mine", "mine_a-2"), row("DR", "dr")),
    )


def test_the_rows_of_the_configuration_stand_beside_each_other_in_its_order(declared):
    declared.config["methods"] = ["u: Mine", "ERM", "DR"]
    assert list(method_runs(declared, "voc-lt").items()) == [("u: Mine", "mine_a-2"), ("ERM", "bce"), ("DR", "dr")]


def test_a_run_is_found_by_its_id_its_label_or_both_names(declared):
    found = [run_of(declared, "voc-lt", name, where="x") for name in ("mine_a-1", "DR", "t: Mine")]
    assert found == ["mine_a-1", "dr", "mine_a-1"]


def test_a_label_of_two_runs_and_one_of_none_are_refused_in_one_sentence(declared):
    with pytest.raises(InputError, match=r"^methods: 'Mine' is 2 runs on voc-lt: 't: Mine' and 'u: Mine'; say which$"):
        run_of(declared, "voc-lt", "Mine", where="methods")
    with pytest.raises(InputError, match=r"no row 'Theirs' .* the rows are: ERM, Mine, DR$"):
        run_of(declared, "voc-lt", "Theirs", where="methods")
