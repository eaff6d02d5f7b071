"""The results as one RO-Crate, a zip file that repositories take: every file with size and sha256, the workflow, what
ran it on which software, the licence, the authors, and the paper as citation.

Profiles: Workflow RO-Crate, Process Run Crate (one action a training) and Workflow Run Crate (one action for the whole
run); see https://www.researchobject.org/workflow-run-crate/.
"""

import errno
import mimetypes
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlc.disk.files import sha256_file
from ltmlc.evidence.export.actions import add_actions, one_or_all
from ltmlc.evidence.export.files import stage_files
from ltmlc.evidence.export.inputs import how_to_run_again
from ltmlc.evidence.results.results import Results
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import own_or_shipped
from ltmlc.plan.reading.yaml_file import read_yaml

if TYPE_CHECKING:
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"  # defines sha256
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
SOFTWARE = {
    "python": ("Python", "https://www.python.org/"),
    "torch": ("PyTorch", "https://pytorch.org/"),
    "numpy": ("NumPy", "https://numpy.org/"),
    "opencv-python-headless": ("OpenCV", "https://opencv.org/"),
    "snakemake": ("Snakemake", "https://snakemake.github.io/"),
}
TYPES = {".npz": "application/zip", ".parquet": "application/vnd.apache.parquet", ".smk": "text/x-python"}
TYPES |= {".md": "text/markdown", ".yaml": "application/yaml", ".tex": "application/x-tex", ".py": "text/x-python"}
TYPES |= {".rst": "text/x-rst", ".lock": "text/plain", ".cff": "application/yaml", ".toml": "application/toml"}


def write_crate(
    grid: Grid,
    results: Results,
    tidy: list[Path],
    path: str | Path,
    *,
    root: str | Path = ".",
    predictions: bool = True,
) -> Path:
    """Write the zip file; whatever is finished is in it, what is missing is not.

    Args:
        tidy: files of :func:`ltmlc.evidence.export.tidy.write_tidy`, to go in as well.
        root: of the project: workflow, configuration, ``CITATION.cff``.
        predictions: with the test logits of every run.
    """
    from rocrate.rocrate import ROCrate

    path, root = Path(path), Path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _full_disk_names(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=".crate.") as folder:
        stage = Path(folder) / "content"
        stage.mkdir()
        roots = stage_files(grid, results, tidy, stage, root=root, predictions=predictions)
        crate = ROCrate(version="1.1")
        crate.metadata.extra_contexts.append(CONTEXT)
        citation = read_yaml(own_or_shipped("CITATION.cff", root))
        authors = _describe(crate, grid, results, citation, roots)
        workflow = _add_files(crate, stage)
        software = _add_software(crate, results, citation)
        _describe_workflow(crate, workflow, software, citation)
        add_actions(crate, grid, results, roots, workflow, software[0], authors)
        whole = Path(folder) / "crate.zip"
        crate.write_zip(whole)
        whole.chmod(0o644)
        os.replace(whole, path)  # noqa: PTH105  whole or not at all
    return path


@contextmanager
def _full_disk_names(path: Path) -> Iterator[None]:
    """Copying names the file that is read."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            error.filename = str(path)
        raise


def _describe(
    crate: "ROCrate", grid: Grid, results: Results, citation: Mapping[str, Any], roots: Mapping[str, str | Path]
) -> list["ContextEntity"]:
    """Root data set: name, licence, authors, the paper. Returns the authors."""
    titles = " and ".join(grid.titles.values())
    licence = f"https://spdx.org/licenses/{citation['license']}"
    paper = citation["preferred-citation"]
    crate.name = f"Reproduction of the DR-loss paper's tables: {titles}"
    crate.description = (
        f"{len(results.with_status('finished'))} of {len(results.runs)} trainings finished, seeds "
        f"{', '.join(map(str, results.seeds))}: scores and test logits of every run, the tables made of them, their "
        "comparison with the published numbers, and the workflow that made them. "
        f"The numbers under comparison are those of: {paper['title']}. {how_to_run_again(grid, roots)}"
    )
    crate.keywords = "reproducibility, long-tailed recognition, multi-label classification"
    crate.license = _entity(
        crate, licence, "CreativeWork", name=citation["license"], url=licence, description="Licence of all files"
    )
    authors = _people(crate, citation["authors"])
    article = _entity(
        crate,
        f"https://doi.org/{paper['doi']}",
        "ScholarlyArticle",
        name=paper["title"],
        author=one_or_all(_people(crate, paper["authors"])),
        datePublished=str(paper["year"]),
        isPartOf=paper["collection-title"],
    )
    crate.root_dataset["author"] = one_or_all(authors)
    crate.publisher = authors[0]
    crate.root_dataset["citation"] = article
    crate.root_dataset["conformsTo"] = [
        _entity(crate, url, "CreativeWork", name=name, version=version) for url, (name, version) in PROFILES.items()
    ]
    return authors


def _people(crate: "ROCrate", entries: Iterable[Mapping[str, str]]) -> list["ContextEntity"]:
    people = []
    for entry in entries:
        name = entry.get("name") or f"{entry['given-names']} {entry['family-names']}"
        kind = "Organization" if "name" in entry else "Person"
        parts = {"givenName": entry.get("given-names"), "familyName": entry.get("family-names")}
        identity = "#" + name.lower().replace(" ", "-")
        people.append(_entity(crate, identity, kind, name=name, **{k: v for k, v in parts.items() if v}))
    return people


def _entity(crate: "ROCrate", identity: str, kind: str, **properties: Any) -> "ContextEntity":
    from rocrate.model import ContextEntity

    plain = {key: value for key, value in properties.items() if isinstance(value, str)}
    entity = crate.add(ContextEntity(crate, identity, properties={"@type": kind, **plain}))
    for key, value in properties.items():
        if key not in plain:
            entity[key] = value
    return entity


def _add_files(crate: "ROCrate", stage: Path) -> "ContextEntity":
    """Every file of the stage, by its relative path; the Snakefile is the main entity."""
    workflow = crate.add_workflow(stage / "Snakefile", "Snakefile", main=True, lang="snakemake")
    for path in sorted(path for path in stage.rglob("*") if path.is_file()):
        name = path.relative_to(stage).as_posix()
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
        facts = {"contentSize": str(path.stat().st_size), "sha256": sha256_file(path), "encodingFormat": kind}
        if name == "Snakefile":
            for key, value in facts.items():
                workflow[key] = value
        else:
            crate.add_file(path, name, properties={"name": name, **facts})
    return workflow


def _describe_workflow(
    crate: "ROCrate", workflow: "ContextEntity", software: list["ContextEntity"], citation: Mapping[str, Any]
) -> None:
    workflow["name"], workflow["version"] = "ltmlc workflow", str(citation["version"])
    workflow["license"], workflow["softwareRequirements"] = crate.root_dataset["license"], software
    workflow["conformsTo"] = _entity(crate, BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow", version="1.0")
    if (readme := crate.get("README.md")) is not None:
        readme["about"] = crate.root_dataset


def _add_software(crate: "ROCrate", results: Results, citation: Mapping[str, Any]) -> list["ContextEntity"]:
    """This project first, then every version of what its finished runs used."""
    own = {"name": "ltmlc", "softwareVersion": str(citation["version"]), "description": citation["title"]}
    environments = [result.metrics.get("environment", {}) for result in results.with_status("finished")]
    commits = sorted({str(e["git_commit"]) for e in environments if e.get("git_commit")})
    if commits:
        own["softwareVersion"] += f" ({', '.join(commits)})"
    software = [_entity(crate, "#ltmlc", "SoftwareApplication", **own, license=crate.root_dataset["license"])]
    for key, (name, url) in SOFTWARE.items():
        for version in sorted({str(e[key]) for e in environments if e.get(key)}):
            facts = {"name": name, "softwareVersion": version, "url": url}
            software.append(_entity(crate, f"{url}#{version}", "SoftwareApplication", **facts))
    return software
