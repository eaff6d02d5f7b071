import pytest

from ltmlc.data.sources.faults import FAULTS_NAMED, Faults
from ltmlc.errors import InputError


def test_no_fault_is_no_error():
    Faults("a.csv").refuse()


def test_faults_are_said_together_by_what_mends_them_the_first_dozen_by_name():
    faults = Faults("a.csv")
    for line in range(2, 20):
        faults.add(f"line {line} is long", mend="shorten it")
    faults.add("line 3: no path", mend="write one")
    with pytest.raises(InputError) as error:
        faults.refuse()
    named = "; ".join(f"line {line} is long" for line in range(2, 2 + FAULTS_NAMED))
    assert str(error.value) == f"a.csv, {named}; and 6 more: shorten it. line 3: no path: write one"
