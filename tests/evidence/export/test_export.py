import csv
import errno
import hashlib
import json
import re
import socket
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evidence.synthetic import method_grid, split, write, write_predictions

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.export.crate import PROFILES, write_crate
from ltmlc.evidence.export.files import portable_roots
from ltmlc.evidence.export.portable import nameless, portable
from ltmlc.evidence.export.tidy import class_table, run_table, write_tidy
from ltmlc.evidence.markup import latex_escape
from ltmlc.evidence.results.archive import _ABSOLUTE
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.lookup import PACKAGE

ROOT = Path(__file__).parents[3]


def machine_traces(text: str) -> list[str]:
    """Absolute paths in a text, and this machine's name."""
    found = [match.group() for match in _ABSOLUTE.finditer(text)]
    host = socket.gethostname()
    return found + ([host] if len(host) > 2 and re.search(rf"\b{re.escape(host)}\b", text) else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python -m ltmlc train --out {root}/results/runs/a/seed0", "python -m ltmlc train --out results/runs/a/seed0"),
        ('"weights": "/home/me/models/resnet50.pth"', '"weights": "resnet50.pth"'),
        ("needs {root}/config/x.yaml, or /etc/ltmlc/config.yaml", "needs config/x.yaml, or config.yaml"),
        ("at https://doi.org/10.1007/978-3-031 on 1/2/2026, 3 / 4 images/s", None),
        ("head:medium:tail = 6:6:8; ~/x; a/b/c", None),
        ("reads {root}2/data/x.pt, {root}-old/y.pt, {root}.bak/z.pt", "reads x.pt, y.pt, z.pt"),
        ("in {root}, or {root}/results. Then {root}.", "in ., or results. Then .."),
    ],
)
def test_a_portable_text_has_no_absolute_path_and_is_otherwise_the_same(tmp_path, text, expected):
    text = text.format(root=tmp_path)
    made = portable(text, {"results": tmp_path / "results", "": tmp_path})
    assert made == (text if expected is None else expected)
    assert machine_traces(made) == []


def test_the_name_of_this_machine_does_not_leave_it(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu-node-7")
    assert nameless("ran on gpu-node-7 (gpu-node-77)") == "ran on host (gpu-node-77)"
    assert machine_traces("ran on gpu-node-7") == ["gpu-node-7"]


SAID = 'the server "head" & <[nobody\'s]> 5 % went away'


def test_of_a_machine_called_as_a_column_only_what_runs_said_loses_the_name(made, tmp_path, monkeypatch):
    """In results, tables, pages and actions, however each writes it; a column, a key and a group stay."""
    declared, _, data = made
    monkeypatch.setattr(socket, "gethostname", lambda: "head")
    out, spec = tmp_path / "out", declared.runs["voc-lt"]["dr"]
    write(out, "voc-lt", "dr", 1, None, spec=spec, error=SAID)
    (out / "diff.csv").write_text(csv_text(["total", "head"], [["head", SAID]]))
    (out / "diff.md").write_text(f"| head |\n| {markdown_escape(SAID)} |\n")
    (out / "numbers.tex").write_text(f"head {latex_escape(SAID)}\n")
    with zipfile.ZipFile(exported((declared, load_results(declared, out), data), tmp_path)) as archive:
        texts = {name: archive.read(f"results/{name}").decode() for name in ("diff.csv", "diff.md", "numbers.tex")}
        runs = pd.read_csv(archive.open("results/runs.csv"))
        classes = pd.read_csv(archive.open("results/ap_per_class.csv"))
        failed, whole = (json.loads(archive.read(f"results/runs/voc-lt/dr/seed{seed}/metrics.json")) for seed in (1, 0))
        crate = archive.read("ro-crate-metadata.json").decode()
    nobodys = SAID.replace("head", "host")
    assert failed["error"] == nobodys and json.dumps(nobodys) in crate and nobodys in set(runs.error)
    assert list(csv.reader(texts["diff.csv"].splitlines())) == [["total", "head"], ["head", nobodys]]
    assert texts["diff.md"] == f"| head |\n| {markdown_escape(nobodys)} |\n"
    assert texts["numbers.tex"] == f"head {latex_escape(nobodys)}\n"
    assert "head" in whole["map"] and {"head", "total"} <= {*runs.columns} and "head" in set(classes.group)


@pytest.fixture
def made(tmp_path):
    """Results of three methods on two seeds: one failed, one missing, everything with paths of this machine in it."""
    declared, data = method_grid(seeds=(0, 1)), split()
    declared.config.update(
        {
            "results": str(tmp_path / "out"),
            "figures": str(tmp_path / "pictures"),
            "data": {"root": "/datasets/voc"},
            "model": {"weights": "/home/me/weights/resnet50.pth"},
            "reference": "published",
        }
    )
    part = {"year": "2012", "set": "val"}
    declared.datasets["voc-lt"]["source"] = {"kind": "voc", "train": part, "test": part}
    out = tmp_path / "out"
    for run in ("lsep", "dr"):
        for seed in (0, 1):
            percent = None if (run, seed) == ("dr", 1) else 20 + seed
            command = f"python -m ltmlc train voc-lt {run} --out {out}/runs/voc-lt/{run}/seed{seed}"
            environment = {"device": "cpu", "torch": "2.14.1", "git_commit": "a" * 40}
            extra = {} if percent is None else {"ap_per_class": [0.1, 0.2, (30 + 3 * seed) / 100]}
            spec = declared.runs["voc-lt"][run]
            where = (out, "voc-lt", run, seed)
            write(*where, percent, spec=spec, command=command, environment=environment, **extra)
            if percent is not None:
                write_predictions(*where, np.zeros((4, 3)), data)
    (out / "runs/voc-lt/lsep/seed0/last.pt").write_bytes(b"checkpoint")
    (out / "tables").mkdir()
    (out / "tables" / "t.md").write_text(f"failed: {out}/runs/voc-lt/dr/seed1/train.log")
    (out / "data" / "voc-lt").mkdir(parents=True)
    (out / "data" / "voc-lt" / "split.json").write_text("{}")
    (tmp_path / "pictures").mkdir()
    for name in ("fig4.png", "images_voc-lt.png", "changes_voc-lt.pdf", "gain_voc-lt.png"):
        (tmp_path / "pictures" / name).write_bytes(b"picture")
    return declared, load_results(declared, out), data


def exported(made, tmp_path, **options) -> Path:
    declared, results, data = made
    tidy = write_tidy(run_table(declared, results, portable_roots(declared, ROOT)), tmp_path / "tidy", "runs")
    tidy += write_tidy(class_table(results, {"voc-lt": data}), tmp_path / "tidy", "ap_per_class")
    return write_crate(declared, results, tidy, tmp_path / "crate.zip", root=ROOT, **options)


def test_every_run_is_one_row_with_what_was_run(made, tmp_path):
    declared, results, _ = made
    frame = run_table(declared, results, portable_roots(declared, ROOT))
    assert len(frame) == 6 and list(frame.status.value_counts().sort_index()) == [1, 3, 2]
    first = frame[(frame.run == "lsep") & (frame.seed == 1)].iloc[0]
    assert first.total == pytest.approx(21) and first.rows == "t: LSEP" and first.recipe == "dr"
    assert json.loads(first.loss) == [{"gamma": 1, "name": "lsep", "weight": 1}]
    assert first.path == "results/runs/voc-lt/lsep/seed1/metrics.json"
    paths = write_tidy(frame, tmp_path, "runs")
    assert [path.name for path in paths] == ["runs.parquet", "runs.csv"]
    again = pd.read_parquet(paths[0])
    assert again.total.tolist() == pytest.approx(pd.read_csv(paths[1]).total.tolist(), nan_ok=True)
    assert again.seed.dtype == "int64" and again.total.dtype == "float64"


def test_every_class_of_a_finished_run_is_one_row(made):
    _, results, data = made
    frame = class_table(results, {"voc-lt": data})
    assert len(frame) == 3 * 3
    dog = frame[(frame.run == "lsep") & (frame.seed == 0) & (frame.name == "dog")].iloc[0]
    assert (dog["class"], dog.group, dog.training_images, dog.test_images) == (1, "medium", 3, 1)
    assert dog.ap == pytest.approx(20)
    alone = class_table(results, {})  # no split: still every number
    assert alone.ap.tolist() == frame.ap.tolist() and alone.training_images.isna().all()


def test_nothing_finished_gives_empty_tables_and_a_crate(tmp_path):
    declared = method_grid()
    declared.config.update({"results": str(tmp_path / "none"), "figures": str(tmp_path / "no"), "data": {"root": "d"}})
    declared.config["reference"] = "published"
    declared.datasets["voc-lt"]["source"] = {"kind": "digits"}
    results = load_results(declared, tmp_path / "none")
    assert len(class_table(results, {})) == 0
    path = exported((declared, results, split()), tmp_path)
    assert "ro-crate-metadata.json" in zipfile.ZipFile(path).namelist()


def test_the_crate_opens_with_the_library_and_all_its_files_exist(made, tmp_path):
    from rocrate.rocrate import ROCrate

    path = exported(made, tmp_path)
    folder = tmp_path / "opened"
    zipfile.ZipFile(path).extractall(folder)
    crate = ROCrate(folder)
    files = [entity for entity in crate.data_entities if "File" in np.atleast_1d(entity.type)]
    for entity in files:
        content = (folder / entity.id).read_bytes()
        assert entity["contentSize"] == str(len(content)), entity.id
        assert entity["sha256"] == hashlib.sha256(content).hexdigest(), entity.id
        assert entity["encodingFormat"], entity.id
    listed = {entity.id for entity in files}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there - listed == {"ro-crate-metadata.json"}
    assert listed >= {"Snakefile", "results/runs.parquet", "results/ap_per_class.csv", "results/tables/t.md"}
    assert listed >= {"results/runs/voc-lt/lsep/seed1/predictions.npz", "figures/gain_voc-lt.png", "CITATION.cff"}


def test_the_crate_says_licence_authors_paper_software_and_what_ran(made, tmp_path):
    from rocrate.rocrate import ROCrate

    crate = ROCrate(exported(made, tmp_path))
    root = crate.root_dataset
    assert root["license"].id == "https://spdx.org/licenses/MIT"
    assert root["author"]["name"] == "The ltmlc developers"
    paper = root["citation"]
    assert paper.id == "https://doi.org/10.1007/978-3-031-73414-4_24" and len(paper["author"]) == 6
    assert {entity.id for entity in root["conformsTo"]} == set(PROFILES)
    assert crate.mainEntity.id == "Snakefile"
    software = {(entity["name"], entity["softwareVersion"]) for entity in crate.mainEntity["softwareRequirements"]}
    assert ("PyTorch", "2.14.1") in software and any("a" * 40 in version for _, version in software)
    actions = {entity["name"]: entity for entity in crate.get_entities() if entity.type == "CreateAction"}
    assert set(actions) == {
        "run of the whole workflow",
        *(f"training voc-lt/{run}/seed{seed}" for run in ("lsep", "dr") for seed in (0, 1)),
    }
    assert actions["training voc-lt/lsep/seed0"]["actionStatus"].endswith("CompletedActionStatus")
    failed = actions["training voc-lt/dr/seed1"]
    assert failed["actionStatus"].endswith("FailedActionStatus") and "not finite" in failed["error"]
    assert failed["result"].id == "results/runs/voc-lt/dr/seed1/metrics.json"


def test_the_crate_says_of_a_sum_too_what_was_trained(made, tmp_path):
    """Its run has a + in its name, which an address cannot have."""
    from rocrate.rocrate import ROCrate

    declared, _, data = made
    spec = declared.runs["voc-lt"]["dr+lsep"] = declared.runs["voc-lt"]["dr"]
    write(tmp_path / "out", "voc-lt", "dr+lsep", 0, 20, spec=spec, ap_per_class=[0.1, 0.2, 0.3])
    crate = ROCrate(exported((declared, load_results(declared, tmp_path / "out"), data), tmp_path))
    (action,) = (entity for entity in crate.get_entities() if entity.get("name") == "training voc-lt/dr+lsep/seed0")
    assert action["result"]["name"] == "results/runs/voc-lt/dr+lsep/seed0/metrics.json"
    assert action["object"]["name"] == "results/data/voc-lt/split.json"


def test_nothing_in_the_crate_says_where_it_was_made(made, tmp_path):
    path = exported(made, tmp_path)
    documentation = ("README.md", "config/README.md", "docs/", "src/", "workflow/")  # ours, as published: examples
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert str(tmp_path).encode() not in content and str(ROOT).encode() not in content, name
            if name.endswith((".json", ".csv", ".md", ".tex", ".yaml")) and not name.startswith(documentation):
                assert machine_traces(content.decode()) == [], name
        assert json.loads(archive.read("configuration.json"))["model"]["weights"] == "resnet50.pth"
        assert "last.pt" not in " ".join(archive.namelist())


def test_the_crate_holds_the_whole_program_and_the_losses_of_ones_own(made, tmp_path):
    """Its pages are made by templates and styles; a loss may import from modules beside it."""
    declared, results, _ = made
    declared.runs["voc-lt"]["dr"]["loss"] = [{"name": "mine.deep.losses:good", "weight": 1}]
    declared.runs["voc-lt"]["lsep"]["loss"] = [{"name": "alone:good", "weight": 1}]
    for name in ("mine/deep/losses.py", "mine/parts.py", "mine/notes.txt", "alone.py", "other.py"):
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text("")
    (tmp_path / "shared.yaml").write_text("title: Mine")
    (tmp_path / "project" / "config" / "datasets").mkdir(parents=True)
    (tmp_path / "project" / "config" / "datasets" / "linked.yaml").symlink_to(tmp_path / "shared.yaml")
    path = write_crate(declared, results, [], tmp_path / "crate.zip", root=tmp_path / "project", predictions=False)
    names = set(zipfile.ZipFile(path).namelist())
    package = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.*") if path.suffix != ".pyc"}
    assert {f"src/ltmlc/{name}" for name in package} <= names and "cli.py" in package
    assert {"profiles/default/profile.yaml", "config/new-loss/loss.py.txt"} <= names
    assert {"mine/deep/losses.py", "mine/parts.py", "alone.py", "config/datasets/linked.yaml"} <= names
    assert not {"mine/notes.txt", "other.py"} & names


def test_the_crate_holds_the_inputs_of_its_runs_and_names_those_that_are_to_be_fetched(made, tmp_path, monkeypatch):
    """What the project has: embedded activations, weights, vectors, a reference; never what lies among the data."""
    project, declared, results = tmp_path / "project", *made[:2]
    inputs = {"config/pooled/a b.npz", "nets/start.pth", "vectors.npy", "earlier/runs.csv"}
    for name in (*inputs, "data/labels.csv", "beside.csv", "unnamed.npz"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("read by a run")
    (tmp_path / "outside.pth").write_text("")
    (project / "data/linked.csv").symlink_to(project / "unnamed.npz")
    monkeypatch.chdir(project)
    specs = declared.runs["voc-lt"]
    specs["dr"] = specs["dr"] | {"model": {"weights": str(project / "nets/start.pth"), "word_vectors": "vectors.npy"}}
    vectors = {"word_vectors": "glove.npy"}  # not here, so looked for among the data
    specs["lsep"] = specs["lsep"] | {"model": {"weights": str(tmp_path / "outside.pth"), **vectors}}
    declared.config.update({"data": {"root": "data"}, "reference": "earlier/runs.csv"})
    declared.datasets["voc-lt"]["source"] = {"kind": "pooled", "file": "config/pooled/a b.npz", "sha256": "0" * 64}
    table = {
        "title": "My images",
        "source": {"kind": "csv", "table": "labels.csv", "train": "linked.csv", "test": "../beside.csv"},
    }
    declared.datasets["mine"], declared.runs["mine"] = table, {}
    with zipfile.ZipFile(write_crate(declared, results, [], tmp_path / "crate.zip", predictions=False)) as archive:
        names = set(archive.namelist())
        described = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    assert inputs | {"beside.csv"} <= names
    assert not {"data/labels.csv", "data/linked.csv", "unnamed.npz", "outside.pth"} & names
    root = next(entity for entity in described if entity["@id"] == "./")
    assert "`snakemake --cores 4 --configfile configuration.json`" in root["description"]
    needed = "outside.pth; data/glove.npy; under data the images of My images."
    assert f"needs first, as they are not in it: {needed}" in root["description"]


def test_the_configuration_in_the_crate_finds_the_results_beside_it(made, tmp_path, monkeypatch):
    declared, _, data = made
    monkeypatch.chdir(tmp_path)
    declared.config.update({"results": "out", "figures": "pictures"})
    with zipfile.ZipFile(exported((declared, load_results(declared, "out"), data), tmp_path)) as archive:
        asked = json.loads(archive.read("configuration.json"))
    assert (asked["results"], asked["figures"]) == ("results", "figures")


def test_the_program_is_in_the_crate_as_it_is_here(made, tmp_path):
    """Its schemas are full of what looks like paths; the folder for the crate lies in one called results."""
    declared, results, _ = made
    path = write_crate(declared, results, [], tmp_path / "results" / "crate.zip", root=ROOT, predictions=False)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(("workflow/", "docs/", "src/", "README.md"))]
        assert {"workflow/schemas/config.schema.yaml", "docs/verdicts.md", "README.md"} <= set(names)
        assert [name for name in names if archive.read(name) != (ROOT / name).read_bytes()] == []


def test_the_results_in_the_crate_are_believed_where_it_is_unpacked(made, tmp_path):
    """Their texts are others than when they were made, so their checksums are, too."""
    declared, results, _ = made
    zipfile.ZipFile(exported(made, tmp_path)).extractall(tmp_path / "opened")
    again = load_results(declared, tmp_path / "opened" / "results")
    assert (again.counts, again.messages) == (results.counts, results.messages)


def test_photographs_stay_behind_but_those_of_the_embedded_digits(made, tmp_path):
    declared, _, _ = made
    shown = {name for name in zipfile.ZipFile(exported(made, tmp_path)).namelist() if name.startswith("figures/")}
    assert shown == {"figures/fig4.png", "figures/gain_voc-lt.png"}
    declared.datasets["voc-lt"]["source"] = {"kind": "digits"}
    shown = {name for name in zipfile.ZipFile(exported(made, tmp_path)).namelist() if name.startswith("figures/")}
    assert {"figures/images_voc-lt.png", "figures/changes_voc-lt.pdf"} <= shown


def test_a_run_that_ended_between_predictions_and_metrics_is_left_out(made, tmp_path):
    """As a full disk or a kill leaves it."""
    declared, _, data = made
    folder = write_predictions(tmp_path / "out", "voc-lt", "c_lsep", 0, np.zeros((4, 3)), data).parent
    (folder / "train.log").write_text("Killed\n")
    results = load_results(declared, tmp_path / "out")
    assert results.runs["voc-lt", "c_lsep", 0].stopped
    names = zipfile.ZipFile(exported((declared, results, data), tmp_path)).namelist()
    assert "results/runs/voc-lt/lsep/seed0/predictions.npz" in names
    assert not any("c_lsep" in name for name in names if name.startswith("results/runs"))


def test_predictions_can_be_left_out(made, tmp_path):
    names = zipfile.ZipFile(exported(made, tmp_path, predictions=False)).namelist()
    assert not any(name.endswith(".npz") for name in names)
    assert "results/runs/voc-lt/lsep/seed0/metrics.json" in names


def test_a_full_disk_is_said_of_the_crate_and_nothing_is_left(made, tmp_path, monkeypatch):
    """Copying names what was read."""

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", source, None, target)

    monkeypatch.setattr("ltmlc.evidence.export.files.shutil.copyfile", full)
    with pytest.raises(OSError, match=r"No space left .*crate\.zip") as told:
        exported(made, tmp_path)
    assert told.value.filename == str(tmp_path / "crate.zip")
    assert not list(tmp_path.glob("*crate*"))


def test_the_csv_of_runs_is_for_any_reader(made, tmp_path):
    declared, results, _ = made
    paths = write_tidy(run_table(declared, results, portable_roots(declared, ROOT)), tmp_path, "runs")
    rows = list(csv.DictReader(paths[1].open()))
    assert {row["dataset"] for row in rows} == {"voc-lt"} and machine_traces(paths[1].read_text()) == []
