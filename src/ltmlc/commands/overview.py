"""The verbs that say what will be trained and what is: check, plan, status."""

import argparse
from pathlib import Path

from ltmlc.commands import check
from ltmlc.commands.options import DeclareVerb, add_config_and_results, say_written
from ltmlc.commands.results import costs, load_all, references
from ltmlc.disk.files import write_atomically


def add_verbs(verb: DeclareVerb) -> None:
    check.add_verbs(verb)
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
