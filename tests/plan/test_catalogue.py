import inspect
import subprocess
import sys

import pytest

from ltmlc.losses import LOSSES
from ltmlc.plan.catalogue import REQUIRED, loss_modules, loss_parameters
from ltmlc.plan.lookup import PACKAGE


def test_the_planner_knows_the_losses_that_the_trainer_knows():
    assert list(loss_modules()) == list(LOSSES)
    for name, function in LOSSES.items():
        assert loss_modules()[name].samefile(inspect.getfile(function))


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_and_defaults_are_those_of_the_signature(name):
    signature = inspect.signature(LOSSES[name]).parameters
    expected = {
        key: REQUIRED if parameter.default is parameter.empty else parameter.default
        for key, parameter in signature.items()
        if key not in ("logits", "labels", "stats", "reduction")
    }
    assert loss_parameters(name) == expected


def test_planning_does_not_import_torch():
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "import ltmlc.plan.grid, ltmlc.plan.fingerprint\n"
        "ltmlc.plan.fingerprint.run_fingerprint({'loss': [{'name': 'dr'}]})\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
