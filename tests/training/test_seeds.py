import subprocess
import sys

import pytest

from ltmlc.training.seeds import PURPOSES, derive_seed


def test_the_order_of_a_seed_is_the_released_samplers_seed_itself():
    assert [derive_seed(seed, "order") for seed in (0, 1, 7)] == [0, 1, 7]


def test_values_are_fixed_for_ever_so_that_old_runs_can_be_repeated():
    assert derive_seed(0, "weights") == 5574238923880272115
    assert derive_seed(1, "dropout") == 5801260369375518271


def test_streams_and_seeds_are_all_different_and_fit_every_generator():
    seeds = [derive_seed(seed, purpose) for seed in range(50) for purpose in PURPOSES]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_value_does_not_depend_on_pythons_hash_seed():
    code = "from ltmlc.training.seeds import derive_seed; print(derive_seed(3, 'augmentation'))"
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    told = {subprocess.check_output(command, env={"PYTHONHASHSEED": seed}).strip() for seed in ("1", "2")}
    assert told == {str(derive_seed(3, "augmentation")).encode()}


def test_an_unknown_purpose_and_a_negative_seed_are_refused():
    with pytest.raises(ValueError, match="purpose is 'weight'; choose one of weights, order, augmentation, dropout"):
        derive_seed(0, "weight")
    with pytest.raises(ValueError, match="seed is -1"):
        derive_seed(-1, "order")
