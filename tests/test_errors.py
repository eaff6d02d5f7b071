"""How a message lists what it is about."""

import pytest

from ltmlc.errors import counted_noun, few


@pytest.mark.parametrize(
    ("number", "between", "text"),
    [
        (0, ", ", ""),
        (1, ", ", "a"),
        (2, ", ", "a, b"),
        (3, ", ", "a, b and 1 more"),
        (5, "; ", "a; b; and 3 more"),
    ],
)
def test_a_list_names_the_first_and_counts_the_others(number, between, text):
    assert few("abcde"[:number], 2, between=between) == text


def test_one_is_singular_and_all_else_plural():
    assert [counted_noun(number, "seed") for number in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
