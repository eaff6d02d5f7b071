"""What was done, for the RO-Crate: one action a training, and one for the whole run of the workflow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ltmlc.disk.files import canonical_json
from ltmlc.evidence.export.portable import nameless, portable
from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import METRICS, PREDICTIONS, data_folder, run_folder

if TYPE_CHECKING:
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate


def one_or_all(entities: list["ContextEntity"]) -> Any:
    """A list of one is written as the one, as RO-Crate recommends."""
    return entities[0] if len(entities) == 1 else entities


def add_actions(
    crate: "ROCrate",
    grid: Grid,
    results: Results,
    roots: Mapping[str, str | Path],
    workflow: "ContextEntity",
    program: "ContextEntity",
    authors: list["ContextEntity"],
) -> None:
    """One action a training, and one for the whole."""
    trainings = [
        _add_training(crate, grid, result, roots, program)
        for result in results.runs.values()
        if result.recorded and _files_of(crate, result)
    ]
    done, asked = len(results.with_status("finished")), len(results.runs)
    facts = {
        "name": "run of the whole workflow",
        "description": f"{done} of {asked} trainings finished; what was asked for: configuration.json",
    }
    made = [e for e in crate.data_entities if str(e.id).startswith(("results/", "figures/")) and "/runs/" not in e.id]
    given = crate.get("configuration.json")
    whole = crate.add_action(workflow, "#workflow-run", object=given, result=made, properties=facts)
    whole["actionStatus"] = _action_status(done == asked)
    if trainings:
        whole["endTime"] = max(action["endTime"] for action in trainings)
    crate.root_dataset["mentions"] = [whole, *trainings]
    for action in (whole, *trainings):
        action["agent"] = one_or_all(authors)


def _add_training(
    crate: "ROCrate", grid: Grid, result: RunResult, roots: Mapping[str, str | Path], program: "ContextEntity"
) -> "ContextEntity":
    loss = canonical_json(grid.runs[result.dataset][result.run]["loss"])
    command = nameless(portable(str(result.metrics.get("command", "")), roots))
    ended = datetime.fromtimestamp((result.directory / METRICS).stat().st_mtime, UTC)
    facts = {
        "name": f"training {result.name}",
        "description": f"loss {loss}; {command}",
        "endTime": ended.isoformat(timespec="seconds"),
    }
    split = _file(crate, data_folder("results", result.dataset) / "split.json")
    made = one_or_all(_files_of(crate, result))
    name = f"#train-{result.name.replace('/', '-')}"
    action = crate.add_action(program, name, object=split, result=made, properties=facts)
    action["actionStatus"] = _action_status(result.status == "finished")
    if result.status == "failed":
        action["error"] = nameless(portable(str(result.error), roots))
    return action


def _files_of(crate: "ROCrate", result: RunResult) -> list["ContextEntity"]:
    folder = run_folder("results", result.dataset, result.run, result.seed)
    entities = [_file(crate, folder / name) for name in (METRICS, PREDICTIONS)]
    return [entity for entity in entities if entity is not None]


def _file(crate: "ROCrate", path: Path) -> "ContextEntity | None":
    """The entity of a file, whose identity is an address: of the + that joins terms, %2B."""
    return crate.get(quote(path.as_posix()))


def _action_status(done: bool) -> str:
    return f"http://schema.org/{'Completed' if done else 'Failed'}ActionStatus"
