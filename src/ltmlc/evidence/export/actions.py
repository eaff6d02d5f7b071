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
    actions, times = [], []
    for result in results.runs.values():
        made = _files_of(crate, result)
        if not result.recorded or not made:
            continue
        ended = datetime.fromtimestamp((result.directory / METRICS).stat().st_mtime, UTC)
        times.append(ended)
        split = _file(crate, data_folder("results", result.dataset) / "split.json")
        action = crate.add_action(
            program,
            f"#train-{result.name.replace('/', '-')}",
            object=split,
            result=one_or_all(made),
            properties={
                "name": f"training {result.name}",
                "description": f"loss {canonical_json(grid.runs[result.dataset][result.run]['loss'])}; "
                f"{nameless(portable(str(result.metrics.get('command', '')), roots))}",
                "endTime": ended.isoformat(timespec="seconds"),
            },
        )
        action["agent"] = one_or_all(authors)
        action["actionStatus"] = _action_status(result.status == "finished")
        if result.status == "failed":
            action["error"] = nameless(portable(str(result.error), roots))
        actions.append(action)
    outputs = [
        e for e in crate.data_entities if str(e.id).startswith(("results/", "figures/")) and "/runs/" not in e.id
    ]
    done = len(results.with_status("finished"))
    facts = {
        "name": "run of the whole workflow",
        "description": f"{done} of {len(results.runs)} trainings finished; what was asked for: configuration.json",
    }
    whole = crate.add_action(
        workflow, "#workflow-run", object=crate.get("configuration.json"), result=outputs, properties=facts
    )
    whole["agent"] = one_or_all(authors)
    whole["actionStatus"] = _action_status(all(result.status == "finished" for result in results.runs.values()))
    if times:
        whole["endTime"] = max(times).isoformat(timespec="seconds")
    crate.root_dataset["mentions"] = [whole, *actions]


def _files_of(crate: "ROCrate", result: RunResult) -> list["ContextEntity"]:
    folder = run_folder("results", result.dataset, result.run, result.seed)
    entities = [_file(crate, folder / name) for name in (METRICS, PREDICTIONS)]
    return [entity for entity in entities if entity is not None]


def _file(crate: "ROCrate", path: Path) -> "ContextEntity | None":
    """The entity of a file, whose identity is an address: of the + that joins terms, %2B."""
    return crate.get(quote(path.as_posix()))


def _action_status(done: bool) -> str:
    return f"http://schema.org/{'Completed' if done else 'Failed'}ActionStatus"
