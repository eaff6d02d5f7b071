"""A configuration and what it downloads are data: nothing of them is ever imported, wherever it was made to lie.

The chain that once worked: a download called ``yaml.py``, ``data.root: .``, and the same command a second time.
"""

import os
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from ltmlc.cli import main
from ltmlc.data.download.archive import extract
from ltmlc.errors import InputError
from ltmlc.plan.config import load_config
from ltmlc.plan.datasets import check_download
from ltmlc.plan.lookup import PROJECT
from ltmlc.plan.places import CODE
from ltmlc.workflow.jobs import set_environment, shell_prefix

MARK = "import pathlib; pathlib.Path('pwned').touch(); raise SystemExit(9)\n"
ADDRESS = "http://localhost:9/"


def entry(kind: str = "ids", **keys) -> dict:
    return {"title": "t", "kind": kind, "urls": [ADDRESS + "list.txt"], **keys}


@pytest.mark.parametrize("name", ["yaml.py", "a/numpy/__init__.py", "x.pth", "x.so", "x.pyc", "matplotlibrc", "a.yaml"])
@pytest.mark.parametrize("kind", ["ids", "word_vectors", "voc", "coco"])
def test_a_download_that_is_called_as_code_is_refused(kind, name):
    with pytest.raises(
        InputError, match=rf"mine\.yaml: a file of kind {kind} cannot be called '{name}'; .* ends in \."
    ):
        check_download(entry(kind, file=name), where="mine.yaml")
    with pytest.raises(InputError, match=r"cannot be called|ends in no name of a file"):
        check_download(entry(kind, urls=[ADDRESS + name]), where="mine.yaml")


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://host:port/a.txt",
        "http://host:70000/a.txt",
        "http:///a.txt",
        "https://ho st/a.txt",
        "http://host/\u202etxt.a.txt",
        "http://host/a\n.txt",
    ],
)
def test_what_is_no_address_is_refused_where_it_is_written(url):
    with pytest.raises(InputError, match=r"mine\.yaml: urls: .* is not an address; write https://host/path"):
        check_download(entry(urls=[url], file="a.txt"), where="mine.yaml")


@pytest.mark.parametrize("url", [ADDRESS, ADDRESS + "..", ADDRESS + "%2e%2e", ADDRESS + "?name=a.txt"])
def test_an_address_without_a_name_at_its_end_is_refused(url):
    with pytest.raises(InputError, match="ends in no name of a file"):
        check_download(entry(urls=[url]), where="mine.yaml")


@pytest.mark.parametrize("root", [".", "..", "/", *CODE, "src/ltmlc", "data/../src", "link"])
def test_a_data_root_that_is_or_contains_code_is_refused(tmp_path, monkeypatch, root, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match=r"config: data\.root: .*; name a folder"):
        load_config({"data": {"root": root}})
    assert main(["download", "digits20-lt", "--data-root", root]) == 2
    assert "--data-root: " in capsys.readouterr().err


@pytest.mark.parametrize("root", [PROJECT, PROJECT.parent, PROJECT / "src", Path(os.__file__).parent])
def test_the_data_root_is_not_this_program_wherever_one_works(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"config: data\.root: "):
        load_config({"data": {"root": str(root)}})


@pytest.mark.parametrize("root", ["lib/python3.11/site-packages", "lib/python3/dist-packages/mine", "link"])
def test_the_data_root_is_in_no_folder_of_packages_of_any_python(tmp_path, monkeypatch, root):
    """Python reads every ``.pth`` there when it starts, and runs lines of it; weights are called so."""
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to(tmp_path / "home" / "site-packages")
    with pytest.raises(InputError, match=r"config: data\.root: .* a place of code"):
        load_config({"data": {"root": root}})


@pytest.mark.parametrize("key", ["results", "figures"])
def test_results_are_not_written_among_code(key):
    with pytest.raises(InputError, match=rf"config: {key}: 'src/x' is or lies in .*/src, a place of code"):
        load_config({key: "src/x"})


def test_the_example_of_another_folder_is_a_folder(capsys):
    assert main(["download", "voc-lt", "--data-root", "src"]) == 2
    assert capsys.readouterr().err.endswith("name a folder of its own, such as data\n")


@pytest.mark.parametrize("root", ["data", "a folder/of one's own", "~/pascal"])
def test_a_folder_of_data_is_no_place_of_code(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    assert load_config({"data": {"root": root}})["data"]["root"]


@pytest.fixture
def shadowed(tmp_path, monkeypatch):
    """A folder that one works in, with files that Python would import in place of libraries."""
    for name in ("yaml", "json", "argparse", "numpy", "pandas"):
        (tmp_path / f"{name}.py").write_text(MARK)
    (tmp_path / "config.yaml").write_text("datasets: [digits20-lt]\ntables: [table2]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT / "src"))
    return tmp_path


def test_a_verb_imports_nothing_from_the_folder_it_is_called_in(shadowed):
    assert subprocess.run([sys.executable, "-c", "import yaml"], check=False).returncode == 9, "the attack works"
    (shadowed / "pwned").unlink()
    command = [sys.executable, "-m", "ltmlc", "plan"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, (shadowed / "pwned").exists()) == (0, False), done.stderr[-2000:]


@pytest.mark.parametrize("inherited", [True, False], ids=["environment", "shell prefix"])
def test_a_job_imports_nothing_from_the_folder_it_works_in(shadowed, monkeypatch, inherited):
    prefix = "" if inherited else shell_prefix().replace("{{", "{").replace("}}", "}")
    if inherited:
        for name in ("PATH", "PYTHONSAFEPATH", "LTMLC_TRAINING", "LTMLC_DATA_ROOT"):
            monkeypatch.setenv(name, os.environ.get(name, ""))  # put back after the test
        monkeypatch.setenv("PYTHONPATH", f":.:{PROJECT / 'src'}")
        set_environment({}, "data")
    command = f"{prefix}{sys.executable} -c 'import ltmlc.plan.grid, numpy, sys; assert sys.flags.safe_path'"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, (shadowed / "pwned").exists()) == (0, False), done.stderr[-2000:]


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("name", ["set/yaml.py", "set/x.so", "set/x.pth", "set/code"])
def test_an_archive_with_code_among_its_photographs_is_not_extracted(tmp_path, kind, name):
    archive = tmp_path / f"set.{kind}"
    members = {"set/a.jpg": b"a", name: MARK.encode()}
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for member, content in members.items():
                file.writestr(member, content)
    else:
        with tarfile.open(archive, "w") as file:
            for member, content in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                file.addfile(info, BytesIO(content))
    with pytest.raises(InputError, match=rf"its member '{name}' is neither a photograph nor an annotation"):
        extract(archive, tmp_path / "data", members=["set/*"])
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []
