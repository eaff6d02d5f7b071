"""The wheel is the whole program: built, installed into an environment of its own, used from an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel
ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def run(*command: object, folder: Path = ROOT, check: bool = True) -> subprocess.CompletedProcess:
    """Nothing of the checkout is on a path."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / ".cache")} if folder != ROOT else {}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory) -> Path:
    """The programs of a fresh environment that has the wheel, and the locked versions of what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder / "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "environment")
    python = folder / "environment" / "bin" / "python"
    arguments = ["--constraint", ROOT / "requirements.lock", f"ltmlc[workflow] @ {wheel.as_uri()}"]
    run(UV, "pip", "install", "--quiet", "--python", python, *arguments)
    return python.parent


@pytest.fixture(scope="module")
def finished(bin_folder, tmp_path_factory) -> Path:
    """An empty folder in which `ltmlc init` and `ltmlc run` were typed."""
    folder = tmp_path_factory.mktemp("an empty folder")
    run(bin_folder / "ltmlc", "init", "--like", "smoke", folder=folder)
    run(bin_folder / "ltmlc", "run", "--cores", "2", folder=folder)
    return folder


def test_an_empty_folder_has_tables_and_a_report_after_two_commands(finished):
    assert "LSEP + CW" in (finished / "results/smoke/tables/table2.md").read_text()
    assert (finished / "results/smoke/report.html").stat().st_size > 100_000


def test_a_second_call_has_nothing_to_do(bin_folder, finished):
    assert (
        "Nothing to be done" in (done := run(bin_folder / "ltmlc", "run", "-n", folder=finished)).stdout + done.stderr
    )


def test_evidence_verbs_find_tables_claims_and_published_numbers(bin_folder, finished):
    for verb in (["plan"], ["status"], ["tabulate", "table2"], ["compare"], ["claims"], ["audit"]):
        run(bin_folder / "ltmlc", *verb, folder=finished)


def test_one_loss_is_there_for_a_script(bin_folder, finished):
    code = (
        "import torch; from ltmlc.losses import dr; print(float(dr(torch.zeros(2, 3), torch.eye(2, 3), gamma2=7)) > 0)"
    )
    assert run(bin_folder / "python", "-c", code, folder=finished).stdout == "True\n"


def test_init_keeps_a_configuration_that_is_there(bin_folder, finished):
    before = (finished / "config.yaml").read_text()
    done = run(bin_folder / "ltmlc", "init", folder=finished, check=False)
    assert done.returncode == 2 and "is there already" in done.stderr and "Traceback" not in done.stderr
    assert (finished / "config.yaml").read_text() == before
