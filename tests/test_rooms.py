"""The walls of the house: who may import whom, for every module."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from fresh_interpreter import imported

SOURCE = Path(__file__).parents[1] / "src"
FLOORS = (
    *("cli", "commands", "workflow", "evidence", "training", "models", "data"),
    *("plan", "losses", "disk", "metrics", "errors"),
)
"""From the top down. A room imports from itself and from rooms further down."""
NEVER_TORCH = ("commands", "workflow", "evidence", "plan", "disk", "metrics", "errors", "cli")
"""Rooms whose modules can all be imported without torch: planning is instant, evidence is recomputed without a GPU."""
DRAWS_WITH_TORCH = {"ltmlc.evidence.figures.sheets"}
"""Shows what the trainer's own augmentation makes of photographs."""
LARGEST_FILE, LARGEST_FOLDER = 220, 16


def modules() -> dict[str, Path]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str, *, deferred: bool = True) -> Iterator[str]:
    """The package's modules that ``module`` imports; with ``deferred``, also those inside functions."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree) if deferred else tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ltmlc":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


def floor(module: str) -> int:
    return FLOORS.index(module.split(".")[1])


@pytest.mark.parametrize("module", [name for name in sorted(MODULES) if name.partition(".")[2] not in ("", "__main__")])
def test_nothing_is_imported_from_a_floor_above(module):
    above = {other for other in imports(module) if "." in other and floor(other) < floor(module)}
    assert above == set()


def test_there_is_no_circle():
    graph = {module: {other for other in imports(module) if other != module} for module in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


@pytest.mark.parametrize("room", NEVER_TORCH)
def test_every_module_of_the_room_is_there_without_torch(room):
    inside = [name for name in MODULES if f"{name}.".startswith(f"ltmlc.{room}.")]
    inside = sorted({*inside} - DRAWS_WITH_TORCH)
    assert inside
    assert "torch" not in imported(f"import {', '.join(inside)}")


@pytest.mark.parametrize("verb", ["plan", "status"])
def test_what_is_asked_before_and_while_it_runs_waits_for_no_large_library(verb):
    code = f"from ltmlc.cli import main; main(['{verb}', '--config', '{SOURCE.parent / 'config' / 'demo.yaml'}'])"
    assert imported(code).isdisjoint({"torch", "pandas", "scipy.stats", "sklearn", "matplotlib"})


def test_the_command_line_itself_waits_for_nothing():
    assert imported("import ltmlc.cli").isdisjoint({"numpy", "jsonschema"})


def test_files_and_folders_stay_small():
    sizes = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: lines for name, lines in sizes.items() if lines > LARGEST_FILE} == {}
    folders = {path.parent for path in MODULES.values()} - {SOURCE / "ltmlc" / "losses"}
    full = {str(folder): n for folder in folders if (n := len(list(folder.glob("[!_]*.py")))) > LARGEST_FOLDER}
    assert full == {}


def test_the_root_of_the_package_has_no_loose_module():
    assert {path.stem for path in (SOURCE / "ltmlc").glob("*.py")} == {"__init__", "__main__", "cli", "errors"}
