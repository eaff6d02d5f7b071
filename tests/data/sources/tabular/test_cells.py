import pytest

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.tabular.cells import part_cells
from ltmlc.errors import InputError


def parted(*cells: str, separator: str | None = None) -> list[list[str]]:
    faults = Faults("all.csv")
    places = {text: f"line {number}" for number, text in enumerate(cells, 2)}
    found, _ = part_cells(places, separator=separator, faults=faults)
    faults.refuse()
    return [found.get(text, []) for text in cells]


@pytest.mark.parametrize("sign", [";", "|", ",", "; ", " | ", ", "])
def test_the_sign_that_the_cells_show_parts_them(sign):
    assert parted(f"cat{sign}dog", "dog", "") == [["cat", "dog"], ["dog"], []]


def test_a_name_with_a_space_stays_whole_where_a_sign_parts_labels():
    assert parted("traffic light;person", "stop sign;", "cat") == [["traffic light", "person"], ["stop sign"], ["cat"]]
    assert parted("pleural thickening", "Mass|Nodule") == [["pleural thickening"], ["Mass", "Nodule"]]


def test_spaces_part_labels_where_each_word_is_a_label_by_itself():
    assert parted("dog person", "dog", "person") == [["dog", "person"], ["dog"], ["person"]]


@pytest.mark.parametrize("cells", [("dog person", "dog"), ("traffic light", "cat"), ("dog person", "cat;dog")])
def test_a_cell_that_may_be_one_label_or_two_is_asked_for_and_both_answers_are_taken(cells):
    with pytest.raises(InputError, match=rf"not certain whether '{cells[0]}' in line 2 is one label or several"):
        parted(*cells)
    assert parted(*cells, separator=";")[0] == [cells[0]]
    assert parted(cells[0], separator=" ") == [cells[0].split()]


def test_two_signs_are_asked_for_with_where_each_stands():
    with pytest.raises(InputError, match=r"';' in line 3: 'a;b', '\|' in line 2: 'a\|b'"):
        parted("a|b", "a;b")
    assert parted("a|b, left", "b, left", separator="|") == [["a", "b, left"], ["b, left"]]


def test_a_comma_that_may_belong_to_a_name_is_asked_for():
    with pytest.raises(InputError, match=r"'boy, young' in line 2 is one label or several"):
        parted("boy, young", "cat")
    assert parted("boy, young", "cat", separator=";") == [["boy, young"], ["cat"]]


@pytest.mark.parametrize(
    "cells",
    [
        ('["cat", "dog"]', '["dog"]', "[]"),
        ("['cat', 'dog']", "['dog']", "[]"),
        ("('cat', 'dog')", "['dog', ' ']", "()"),
        ('{"choices":["cat","dog"]}', '{"choices":["dog"]}', "[]"),
    ],
)
def test_lists_of_json_of_python_and_of_labelling_tools_are_read(cells):
    assert parted(*cells, "") == [["cat", "dog"], ["dog"], [], []]


@pytest.mark.parametrize(
    "cell", ["['Effusion']", '{"choices":[7]}', "[1, 2]", '"cat', "[cat]", "cat\ndog", "[" * 5000, "cat\x00"]
)
def test_what_is_no_name_is_refused_with_its_line(cell):
    with pytest.raises(InputError, match=r"line 3: .*are no part of a class name"):
        parted("dog", cell)


def test_names_keep_brackets_that_are_round_and_apostrophes():
    assert parted("Alzheimer's;fox (red)", "fox (red);") == [["Alzheimer's", "fox (red)"], ["fox (red)"]]


def test_names_that_the_user_gives_are_not_parted():
    faults = Faults("all.csv")
    cells = {"No Finding": "line 2", "cat dog": "line 3"}
    assert part_cells(cells, separator=" ", whole=["No Finding"], faults=faults)[0] == {
        "No Finding": ["No Finding"],
        "cat dog": ["cat", "dog"],
    }


def test_one_label_of_label_studio_stands_alone_and_several_as_choices():
    assert parted('{"choices":["cat","hot dog"]}', "cat", "hot dog") == [["cat", "hot dog"], ["cat"], ["hot dog"]]
    with pytest.raises(InputError, match="no part of a class name"):
        parted('{"choices":["cat","dog"]}', "cat|dog")
