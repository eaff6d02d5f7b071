"""The verbs that say what will be trained and what is: check (which the workflow asks first), plan, status."""

import argparse
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlc.commands.options import DeclareVerb, add_config, add_config_and_results, say, say_written
from ltmlc.commands.results import costs, load_all, references
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError
from ltmlc.plan.grid import Grid, load_grid
from ltmlc.plan.lookup import own_or_shipped
from ltmlc.plan.network import NO_FILES, is_timm

if TYPE_CHECKING:
    from ltmlc.data.split import Split


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb(
        "check", check, "say whether what is asked for could be trained: data, weights, GPU, disk, losses; and its cost"
    )
    add_config(parser)
    parser.add_argument(
        "--elsewhere", action="store_true", help="trainings run on other machines (a cluster's): ask for no GPU here"
    )
    parser = verb(
        "plan",
        plan,
        "say which trainings each table needs, what they cost, and which claims the planned seeds can decide",
    )
    add_config_and_results(parser)
    parser.add_argument(
        "--measured",
        type=Path,
        action="append",
        metavar="FILE",
        help="take time and noise from these runs (a CSV file of `ltmlc reference`) where none is measured here",
    )
    parser.add_argument("--out", type=Path, help="a Markdown file to write, in place of the terminal")
    text = "say what is done, running and missing, what failed or stopped (exit code 1), and the time left"
    add_config_and_results(verb("status", status, text))


def check(options: argparse.Namespace) -> None:
    from ltmlc.evidence.outlook.needs import MISSING, needs_of
    from ltmlc.evidence.results.archive import read_splits

    grid = load_grid(options.config)
    check_files(grid)
    splits = read_splits(grid.config["results"], grid.datasets)
    needs = [need for dataset in grid.datasets for need in needs_of(grid, dataset)]
    _say_what_it_takes(grid, needs, splits)
    with_torch = find_spec("torch") is not None
    if with_torch:
        from ltmlc.training.preflight import check_grid

        check_grid(grid, splits)
    else:  # Snakemake's own environment; each training has one that settles the rest
        say("check", ["torch is not installed here, so losses and weights were not looked at"])
    for need in needs:
        if need.state == MISSING:
            raise InputError(f"{need.dataset}: {need.what}: {need.note}")
    if with_torch and not options.elsewhere:
        check_device(grid, splits)
    runs = sum(map(len, grid.runs.values()))
    say("check", [f"all {runs} trainings can start"])


def _say_what_it_takes(grid: Grid, needs: list, splits: Mapping[str, "Split"]) -> None:
    from ltmlc.evidence.outlook.budget import disk_line, guess_lines, guesses, needs_lines
    from ltmlc.evidence.outlook.plan import cost_line, make_plan
    from ltmlc.evidence.outlook.warm_up import short_warm_ups
    from ltmlc.evidence.results.results import load_results

    measured = costs(references(grid))
    planned = make_plan(grid, load_results(grid, grid.config["results"], splits), splits=splits, elsewhere=measured)
    guessed = guess_lines(guesses(grid, planned, splits))
    warm_ups = short_warm_ups(grid, splits)
    print("\n".join([*needs_lines(needs), disk_line(grid, needs, splits), cost_line(planned), *guessed, *warm_ups]))


def check_files(grid: Grid) -> None:
    """Raise InputError for weights or a reference that are asked for, cannot be downloaded, and are not there, and for
    a reference that could not be compared with when all is trained.
    """
    from ltmlc.evidence.results.reference import read_reference

    config = grid.config
    for name, settings in grid.datasets.items():
        weights = {**settings["model"], **config["model"]}.get("weights")
        if weights not in (None, *NO_FILES) and not Path(weights).expanduser().is_file():
            made = "timm" if is_timm(settings["model"]) else "imagenet"
            raise InputError(
                f"{name}: model.weights: {weights} is not a file; write null, {made} or the path of a file"
            )
    reference = config["reference"]
    if reference == "published":
        return
    if not own_or_shipped(reference).is_file():
        raise InputError(f"reference: there is no file {reference}; write published, or a file of `ltmlc reference`")
    read_reference(reference)


def check_device(grid: Grid, splits: Mapping[str, "Split"]) -> None:
    """Say what would train here. Raise InputError for a GPU that is not there, or runs that a CPU would be refused."""
    from ltmlc.evidence.outlook.budget import counts_of
    from ltmlc.evidence.outlook.plan import batches_per_epoch
    from ltmlc.models.from_timm import settled
    from ltmlc.training.device import choose_device, describe_device
    from ltmlc.training.job import is_paper_size, too_long_on_cpu

    settings = grid.config["training"]
    device = choose_device(settings["device"])
    print(describe_device(device))
    if device.type != "cpu" or settings["allow_cpu"]:
        return
    for dataset, runs in grid.runs.items():
        counts = counts_of(grid, dataset, splits)
        for run, spec in runs.items() if counts else ():
            iterations = batches_per_epoch(spec, *counts) * spec["recipe"]["epochs"]
            if is_paper_size(spec := settled(spec), iterations):
                raise InputError(too_long_on_cpu(spec, iterations, name=f"{run} on {dataset}"))


def plan(options: argparse.Namespace) -> None:
    from ltmlc.evidence.audit.audit import paper_grid
    from ltmlc.evidence.claims.file import load_claims
    from ltmlc.evidence.outlook.budget import disk_line, guess_lines, guesses, needs_lines
    from ltmlc.evidence.outlook.claims import claim_outlooks, outlook_text
    from ltmlc.evidence.outlook.needs import needs_of
    from ltmlc.evidence.outlook.plan import make_plan, plan_text
    from ltmlc.evidence.outlook.warm_up import short_warm_ups
    from ltmlc.evidence.results.reference import read_reference

    grid, results, splits = load_all(options)
    paths = references(grid, options.measured)
    earlier = {key: seeds for path in reversed(paths) for key, seeds in read_reference(path).items()}
    planned = make_plan(grid, results, splits=splits, elsewhere=costs(paths))
    guessed = guess_lines(guesses(grid, planned, splits)) + short_warm_ups(grid, splits)
    outlook = outlook_text(claim_outlooks(grid, results, load_claims(), paper_grid(), reference=earlier))
    if options.out:  # without what this machine has at this moment
        parts = [part.strip("\n") for part in (plan_text(planned), "\n".join(guessed), outlook) if part]
        write_atomically(options.out, "# Plan\n\n" + "\n".join(f"```text\n{part}\n```\n" for part in parts))
        say_written(options.verb, [options.out])
        return
    print(plan_text(planned))
    needs = [need for dataset in grid.datasets for need in needs_of(grid, dataset)]
    print("\n".join([*needs_lines(needs), disk_line(grid, needs, splits), *guessed, ""]))
    print(outlook, end="")


ATTENTION_NEEDED = 1
"""Exit code of `ltmlc status` where a run has failed, ended without a result, or gives no sign of life."""


def status(options: argparse.Namespace) -> int:
    from ltmlc.evidence.outlook.plan import make_plan
    from ltmlc.evidence.outlook.status import make_status, status_text

    grid, results, splits = load_all(options)
    planned = make_plan(grid, results, splits=splits, elsewhere=costs(references(grid)))
    state = make_status(results, plan=planned)
    print(status_text(state), end="")
    return ATTENTION_NEEDED if state.failed or state.stopped or state.stale else 0
