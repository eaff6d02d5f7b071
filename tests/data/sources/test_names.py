import pytest

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import check_names, fault_of, plain_form
from ltmlc.errors import InputError


def checked(*names: str, known=()) -> None:
    faults = Faults("all.csv")
    places = {name: f"line {number}" for number, name in enumerate(names, 2)}
    check_names(places, dict.fromkeys(names, 1), known=known, faults=faults)
    faults.refuse()


@pytest.mark.parametrize(
    "name", ["nan", "NaN", "None", "none", "NULL", "No Finding", "no_finding", "N/A", "-", "No findings"]
)
def test_what_probably_stands_for_no_label_is_asked_for(name):
    with pytest.raises(InputError, match=rf"line 3: '{name}' seems to stand for no label: .*source\.none: "):
        checked("cat", name)
    checked("cat", name, known=["cat", name])


@pytest.mark.parametrize("other", ["effusion", "EFFUSION", "Effusion\u200b", "E\ufb03sion"])
def test_names_that_differ_in_nothing_people_see_are_asked_for(other):
    first = "Effision" if "\ufb03" in other else "Effusion"
    with pytest.raises(InputError, match=r"differ in case, spacing or accents alone.*;.* source\.rename: \{"):
        checked(first, other)
    checked(first, other, known=[first, other])


def test_spacing_and_hyphens_do_not_make_another_name():
    assert (
        len(
            {
                plain_form(name)
                for name in ("Pleural Thickening", "pleural_thickening", "Pleural  thickening", "pleural-thickening")
            }
        )
        == 1
    )
    assert plain_form("cat") == plain_form("c\u0430t") != plain_form("cats")  # a Cyrillic letter
    assert plain_form("caf\u00e9") == plain_form("cafe\u0301") != plain_form("cafe")


@pytest.mark.parametrize("sign", [";", "|", ",", "/", "+", "&"])
def test_a_name_whose_parts_are_names_is_asked_for(sign):
    with pytest.raises(
        InputError,
        match=rf"line 4: 'cat{sign if sign not in '|+' else chr(92) + sign}dog' is one name, but its parts are names",
    ):
        checked("cat", "dog", f"cat{sign}dog")
    checked("cat", f"cat{sign}cow")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u2028b", "a\u202eb", "a\ud800", " ", "a" * 201])
def test_what_cannot_be_a_name_is_said(name):
    assert fault_of(name) is not None


@pytest.mark.parametrize("name", ["traffic light", "मानव\u200dता", "می\u200cخواهم", "Alzheimer's", "50%", "C++", "人"])
def test_names_of_every_script_are_names(name):
    assert fault_of(name) is None
