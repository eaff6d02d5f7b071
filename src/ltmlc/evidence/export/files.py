"""What goes into the RO-Crate, gathered in a folder of its own with every text made portable."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from markupsafe import escape

from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.disk.own_code import is_own
from ltmlc.evidence.export.inputs import name_in_project, read_by_runs
from ltmlc.evidence.export.portable import nameless, portable
from ltmlc.evidence.figures import PHOTOGRAPHS, made_by_code
from ltmlc.evidence.markup import latex_escape
from ltmlc.evidence.results.results import Results
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import METRICS, PACKAGE, PREDICTIONS, PROJECT, data_folder

SOURCES = ("Snakefile", "config.yaml", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "CITATION.cff")
SOURCE_TREES = {
    "config": ("*.yaml", "*.csv", "*.md", "*.txt"),
    "workflow": ("*",),
    "profiles": ("*.yaml",),
    "envs": ("*.yaml",),
    "docs": ("*.md",),
}
RESULT_FOLDERS = ("results", "figures")
QUOTES = (
    *(str, markdown_escape, latex_escape, lambda text: str(escape(text))),
    lambda text: json.dumps(text)[1:-1],
    lambda text: text.replace('"', '""'),  # CSV
)
"""How files say a text again."""

PUBLISHED = ("src", "workflow", "docs")
WRITTEN_HERE = {".csv", ".json", ".md", ".tex", ".yaml", ".html"}  # texts that may name this machine


def stage_files(
    grid: Grid, results: Results, tidy: list[Path], stage: Path, *, root: Path, predictions: bool
) -> Mapping[str, str | Path]:
    """Copy everything that belongs to the results into ``stage``; returns the roots by which texts were made portable.

    Photographs stay behind, whole (packs) and in figures, but for the embedded digits; so do all other data that a user
    fetches, trained weights, checkpoints and logs.

    Args: as :func:`ltmlc.evidence.export.crate.write_crate` has them; ``stage`` is an empty folder.
    """
    folder, figures = Path(grid.config["results"]), Path(grid.config["figures"])
    roots = portable_roots(grid, root)
    clean = _cleaner(results, roots)
    for source in (PROJECT, root):  # what a folder of one's own has takes the place of this project's
        for name in SOURCES:
            if (source / name).is_file():
                _copy(source / name, stage, Path(name), clean)
        for tree, patterns in SOURCE_TREES.items():
            for path in _files(source / tree, patterns):
                _copy(path, stage, path.relative_to(source), clean)
    for path in _package():
        _copy(path, stage, Path("src", "ltmlc", path.relative_to(PACKAGE)), clean)
    for path in _own_losses(grid, root):
        _copy(path, stage, path.relative_to(root), clean)
    for path in read_by_runs(grid):
        if name := name_in_project(path, grid, root):
            _copy(path, stage, name, clean)
    asked = grid.config | {name: name for name in RESULT_FOLDERS}  # where they lie here
    (stage / "configuration.json").write_text(portable(json.dumps(asked, indent=1), roots) + "\n")
    for path in _result_files(grid, results, folder, predictions=predictions):
        _copy(path, stage, Path("results", path.relative_to(folder)), clean)
    for metrics in (stage / "results" / "runs").glob(f"*/*/*/{METRICS}"):
        # its text is another one now than when it was made
        write_sums(metrics.with_name(RUN_SUMS), sorted(metrics.parent.iterdir()))
    for path in tidy:
        _copy(path, stage, Path("results", path.name), clean)
    for path in _files(figures, ("*.pdf", "*.png", "*.csv")):
        if path.parent == figures and not _shows_photographs(path, grid):
            _copy(path, stage, Path("figures", path.name), clean)
    return roots


def _package() -> list[Path]:
    """The program that runs now, with its templates and styles; without what a wheel has beside it (plan/lookup.py)."""
    return [path for path in _files(PACKAGE, ("*",)) if PACKAGE / "project" not in path.parents]


def _own_losses(grid: Grid, root: Path) -> Iterator[Path]:
    """Modules of losses of one's own, whole packages where they lie in one; what is installed is another's."""
    losses = {term["name"] for runs in grid.runs.values() for spec in runs.values() for term in spec["loss"]}
    for top in {name.partition(":")[0].partition(".")[0] for name in filter(is_own, losses)}:
        yield from _files(root / top, ("*.py",))
        yield from [file] if (file := root / f"{top}.py").is_file() else []


def portable_roots(grid: Grid, root: str | Path) -> dict[str, str | Path]:
    """Public name -> folder here."""
    config = grid.config
    return {"results": config["results"], "figures": config["figures"], "data": config["data"]["root"], "": root}


def _cleaner(results: Results, roots: Mapping[str, str | Path]) -> Callable[[str], str]:
    """Makes a file's text portable, and what runs said nameless wherever a page, a table or a result quotes it."""
    said = {text for run in results.runs.values() for text in (run.metrics.get("command"), run.metrics.get("error"))}
    named = [text for text in (portable(str(text), roots) for text in said if text) if nameless(text) != text]
    public = {quote(text): quote(nameless(text)) for text in named for quote in QUOTES}

    def clean(text: str) -> str:
        text = portable(text, roots)
        for quoted, nobodys in public.items():
            text = text.replace(quoted, nobodys)
        return text

    return clean


def _result_files(grid: Grid, results: Results, folder: Path, *, predictions: bool) -> Iterator[Path]:
    names = [METRICS, PREDICTIONS] if predictions else [METRICS]
    for result in results.runs.values():
        if result.recorded:  # predictions are written first: alone they are nothing that was published
            yield from (result.directory / name for name in names if (result.directory / name).exists())
    for dataset in grid.datasets:
        split = data_folder(folder, dataset) / "split.json"
        yield from [split] if split.exists() else []
    shareable = all(map(made_by_code, grid.datasets.values()))
    patterns = ("*.csv", "*.md", "*.tex", *(["*.html"] if shareable else []))  # a page may show photographs
    tidy = {"runs.csv", "README.md"}
    yield from (path for path in _files(folder, patterns) if path.parent == folder and path.name not in tidy)
    yield from _files(folder / "tables", ("*.csv", "*.md", "*.tex"))


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in folder.rglob(pattern)} if folder.exists() else set()
    hidden = ("__pycache__", ".snakemake")
    return sorted(p for p in found if p.is_file() and not set(hidden) & set(p.parts))


def _shows_photographs(path: Path, grid: Grid) -> bool:
    others = [dataset for dataset, settings in grid.datasets.items() if not made_by_code(settings)]
    return path.stem in {f"{figure}_{dataset}" for figure in PHOTOGRAPHS for dataset in others}


def _copy(source: Path, stage: Path, name: Path, clean: Callable[[str], str]) -> None:
    """The program, the workflow and their documentation as they are: a schema is full of what looks like paths."""
    target = stage / name
    target.parent.mkdir(parents=True, exist_ok=True)
    published = name.parts[0] in PUBLISHED or (name.suffix == ".md" and name.parts[0] != "results")
    if source.suffix in WRITTEN_HERE and not published:
        target.write_text(clean(source.read_text(encoding="utf-8", errors="replace")), encoding="utf-8")
    else:
        shutil.copyfile(source, target)
