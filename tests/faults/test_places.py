"""Where it runs: read-only data, strange paths, a home that cannot be written, no network."""

import shutil
import subprocess

import pytest
from faults.configuration import write_configuration

STRANGE = "Meine Läufe – 長尾"


def test_a_read_only_data_root(whole, undisturbed, mount):
    shutil.rmtree(whole.results / "data")
    mount(whole.root / "data", "--bind", str(whole.root / "data"))
    subprocess.run(["mount", "-o", "remount,bind,ro", str(whole.root / "data")], check=True)
    with pytest.raises(OSError, match="Read-only"):
        (whole.root / "data" / "new").touch()
    whole.run(str((whole.pack / "index.json").relative_to(whole.root)))
    for name in ("../split.json", "index.json", "images.bin"):
        assert (whole.pack / name).read_bytes() == (undisturbed.pack / name).read_bytes()


def test_paths_with_spaces_and_letters_of_any_script(undisturbed, tmp_path):
    """The project, the data root, and as far as letters go the results."""
    strange = undisturbed.copy(tmp_path / STRANGE / "projet à moi")
    shutil.move(strange.root / "data", tmp_path / STRANGE / "Bilder")
    shutil.rmtree(strange.results)
    write_configuration(strange.root, data={"root": f"../../{STRANGE}/Bilder"}, results="results/läufe")
    strange.results = strange.root / "results" / "läufe"
    strange.run()
    assert strange.evidence() == undisturbed.evidence()


def test_a_home_that_cannot_be_written(half, undisturbed, mount, tmp_path):
    home = tmp_path / "home"
    mount(home, "-t", "tmpfs", "-o", "ro", "none")
    surroundings = {"HOME": str(home), "XDG_CONFIG_HOME": "", "MPLCONFIGDIR": ""}
    # Snakemake's own cache is made before it reads any workflow, so here the sentence is its own.
    refused = half.run(code=1, **surroundings, XDG_CACHE_HOME="")
    assert f"Read-only file system: '{home}/.cache'" in refused
    half.run(**surroundings, XDG_CACHE_HOME=str(half.root / ".snakemake" / "cache"))
    assert half.evidence() == undisturbed.evidence()


def test_no_network(half, undisturbed):
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        pytest.skip("the network cannot be taken away here: unshare -n is not permitted")
    half.run(before=("unshare", "-n"))
    assert half.evidence() == undisturbed.evidence()
