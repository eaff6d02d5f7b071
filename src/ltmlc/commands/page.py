"""The verb that writes a page about a table's rows on one data set."""

import argparse
import shlex

from ltmlc.commands.options import say_written
from ltmlc.commands.results import load_all, results_folder


def page(options: argparse.Namespace) -> None:
    from ltmlc.disk.files import write_atomically
    from ltmlc.evidence.claims.file import load_claims
    from ltmlc.evidence.claims.judge import judge_claims, twin_of
    from ltmlc.evidence.pages.bounds import read_probe
    from ltmlc.evidence.pages.page import page_markdown
    from ltmlc.plan.grid import load_grid

    grid, results, splits = load_all(options)
    folder, dataset = results_folder(options, grid), next(iter(grid.datasets))
    paper = twin_of(dataset, grid.datasets[dataset])
    tables, twin = [name for name in (options.table, *options.more) if name in grid.tables], {}
    if paper and tables:
        theirs = load_grid({"datasets": [paper], "tables": tables})
        for name in tables:
            rows = zip(grid.tables[name].rows, theirs.tables[name].rows, strict=True)
            twin |= {ours.run[dataset]: theirs.runs[paper][row.run[paper]] for ours, row in rows}
    text = page_markdown(
        *(grid, results, options.table),
        splits=splits,
        verdicts=judge_claims(grid, results, load_claims(), splits=splits),
        probe=read_probe(folder, dataset),
        made_by=shlex.join(_page_command(options)),
        twin=twin,
        more=options.more,
    )
    write_atomically(options.out, text)
    say_written(options.verb, [options.out])


def _page_command(options: argparse.Namespace) -> list[str]:
    given = {"--config": options.config, "--results": options.results, "--out": options.out}
    return ["ltmlc", "page", options.table, *options.more, *(str(x) for pair in given.items() if pair[1] for x in pair)]
