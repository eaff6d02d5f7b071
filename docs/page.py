"""Write a page of this documentation about a table's rows on one data set, from metrics files alone.

The command stands on each page: ``python docs/page.py TABLE --config FILE --results FOLDER --out PAGE``.
"""

import argparse
import shlex
from pathlib import Path

from page_parts.text import page_markdown

from ltmlc.commands.options import add_config_and_results, say_written
from ltmlc.commands.results import load_all, results_folder
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError
from ltmlc.evidence.claims.file import load_claims
from ltmlc.evidence.claims.judge import judge_claims, twin_of
from ltmlc.evidence.results.archive import read_probe
from ltmlc.evidence.results.results import Results, load_results
from ltmlc.plan.grid import Grid, load_grid


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write one page about a table's rows on one data set.")
    add_config_and_results(parser)
    parser.add_argument("table", help="whose rows the page is about, pair by pair")
    parser.add_argument("more", nargs="*", help="tables that stand beneath it with their numbers")
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    parser.set_defaults(verb="page")
    try:
        write_page(parser.parse_args(arguments))
    except InputError as error:
        parser.error(str(error))


def write_page(options: argparse.Namespace) -> None:
    grid, results, splits = load_all(options)
    dataset = next(iter(grid.datasets))
    paper = twin_of(dataset, grid.datasets[dataset])
    tables, twin = [name for name in (options.table, *options.more) if name in grid.tables], {}
    published, title = {}, ""
    if paper and tables:
        theirs = load_grid({"datasets": [paper], "tables": tables})
        for name in tables:
            for ours, row in zip(grid.tables[name].rows, theirs.tables[name].rows, strict=True):
                twin[ours.run[dataset]] = theirs.runs[paper][row.run[paper]]
                if paper in row.published:
                    published.setdefault(ours.run[dataset], row.published[paper])  # two tables can differ
        title = theirs.titles[paper]
    text = page_markdown(
        grid,
        results,
        options.table,
        splits=splits,
        verdicts=judge_claims(grid, results, load_claims(), splits=splits),
        probe=read_probe(results_folder(options, grid), dataset),
        made_by=_command(options),
        twin=twin,
        published=published,
        paper=title,
        more=options.more,
        precisions=_other_precisions(grid, results_folder(options, grid), splits),
    )
    write_atomically(options.out, text)
    say_written(options.verb, [options.out])


def _other_precisions(grid: Grid, folder: Path, splits: dict) -> dict[str, Results]:
    """Of a folder ``precision-NAME`` beside the runs, those that are the same but for ``training.precision``."""
    found = {}
    for other in sorted(folder.glob("precision-*")):
        precision = other.name.removeprefix("precision-")
        config = {**grid.config, "training": {**grid.config["training"], "precision": precision}}
        found[precision] = load_results(load_grid(config), other, splits)
    return found


def _command(options: argparse.Namespace) -> str:
    given = {"--config": options.config, "--results": options.results, "--out": options.out}
    words = [str(word) for option, value in given.items() if value for word in (option, value)]
    return shlex.join(["python", "docs/page.py", options.table, *options.more, *words])


if __name__ == "__main__":
    main()
