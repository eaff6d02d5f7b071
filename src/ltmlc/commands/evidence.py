"""The verbs that judge finished runs: tabulate, label-metrics, compare, claims, audit, bootstrap."""

import argparse
from pathlib import Path

from ltmlc.commands.options import (
    DeclareVerb,
    add_config,
    add_config_and_results,
    add_out,
    say,
    say_written,
    write_checked,
)
from ltmlc.commands.results import load_all, split_of
from ltmlc.disk.checksums import write_sums
from ltmlc.disk.files import write_atomically, write_texts
from ltmlc.errors import InputError
from ltmlc.plan.config import load_config
from ltmlc.plan.methods import run_of


def add_verbs(verb: DeclareVerb) -> None:
    tables = verb("tabulate", tabulate, "write the tables as CSV, Markdown and LaTeX, from what is finished")
    tables.add_argument("table", nargs="*", help="tables to write (default: all of the configuration)")
    labels = verb("label-metrics", label_metrics, "write CP, CR, CF1, OP, OR, OF1, macro F1 of the rows of the tables")
    differences = verb("compare", compare, "write diff.csv, diff.md (against the published numbers) and runs.csv")
    sentences = verb("claims", claims, "judge the paper's statements on the finished runs: claims.csv and claims.md")
    sentences.add_argument(
        "--check", action="store_true", help="exit with 1 if a claim is reversed, with 3 if one cannot be judged yet"
    )
    published = verb("audit", audit, "check the published numbers against themselves; writes audit.csv and audit.md")
    add_config(published)
    for parser in (tables, labels, differences, sentences):
        add_config_and_results(parser)
    for parser in (tables, labels, differences, sentences, published):
        add_out(parser)

    parser = verb(
        "bootstrap",
        bootstrap,
        "say how far other seeds and other test images would move a run, or its difference to another",
    )
    parser.add_argument("dataset")
    parser.add_argument(
        "run",
        nargs="?",
        help="a row's label, or a run's id as `ltmlc plan` lists it (default: the configuration's `methods`, or LSEP, "
        "C-LSEP and DR; and the steps between)",
    )
    parser.add_argument("--against", metavar="RUN", help="the run to compare with, paired by seed and by image")
    parser.add_argument("--resamples", type=int, default=1000, help="test sets to draw (default: 1000)")
    add_config_and_results(parser)
    parser.add_argument("--out", type=Path, help="a CSV file to write as well")


def tabulate(options: argparse.Namespace) -> None:
    from ltmlc.evidence.tables.tables import tabulate as table_texts

    grid, results, splits = load_all(options)
    out = options.out or Path(grid.config["results"], "tables")
    written = []
    for name in options.table or grid.tables:
        texts = table_texts(grid, results, name, splits=splits)
        files = write_texts(out, {f"{name}.{suffix}": text for suffix, text in texts.items()})
        write_sums(out / f"{name}.sha256", files)
        written += files
    say_written(options.verb, written)


def label_metrics(options: argparse.Namespace) -> None:
    from ltmlc.evidence.labels.measure import label_rows, label_scores
    from ltmlc.evidence.labels.report import label_metrics_files

    grid, results, splits = load_all(options)
    scores, messages = label_scores(results, splits)
    say(options.verb, messages)
    out = options.out or Path(grid.config["results"], "tables")
    texts = label_metrics_files(label_rows(grid, results, scores), grid.titles)
    write_checked(options.verb, out, "label_metrics", texts)


def compare(options: argparse.Namespace) -> None:
    from ltmlc.evidence.comparison.report import diff_files
    from ltmlc.evidence.report.gather import Evidence
    from ltmlc.evidence.results.frame import frame_csv, run_frame

    evidence = Evidence(*load_all(options))
    out = options.out or Path(evidence.grid.config["results"])
    _ = evidence.reference  # an error where it is not there; the report says so and goes on
    texts = diff_files(evidence.diff) | {"runs.csv": frame_csv(run_frame(evidence.results))}
    write_checked(options.verb, out, "diff", texts)


def claims(options: argparse.Namespace) -> int:
    from ltmlc.evidence.claims.report import claims_files
    from ltmlc.evidence.claims.verdict import exit_code
    from ltmlc.evidence.report.gather import Evidence

    evidence = Evidence(*load_all(options))
    out = options.out or Path(evidence.grid.config["results"])
    write_checked(options.verb, out, "claims", claims_files(evidence.verdicts, evidence.subjects))
    return exit_code(evidence.verdicts) if options.check else 0


def audit(options: argparse.Namespace) -> None:
    from ltmlc.evidence.audit.audit import audit as audit_grid
    from ltmlc.evidence.audit.audit import paper_grid
    from ltmlc.evidence.audit.report import audit_files
    from ltmlc.evidence.claims.file import load_claims

    out = options.out or Path(load_config(options.config)["results"])
    write_checked(options.verb, out, "audit", audit_files(audit_grid(paper_grid(), load_claims())))


def bootstrap(options: argparse.Namespace) -> None:
    from ltmlc.evidence.uncertainty.pairs import measure_methods, measure_run, pairs_csv, pairs_markdown

    if options.resamples < 2:
        raise InputError(f"--resamples is {options.resamples}; give 2 or more, 1000 for an interval worth printing")
    if options.against and not options.run:
        raise InputError("--against needs a run to compare: give its id after the data set")
    grid, results, splits = load_all(options)
    split = split_of(grid, options.dataset, splits)
    if options.run:
        run, against = (
            name and run_of(grid, options.dataset, name, where=options.verb) for name in (options.run, options.against)
        )
        lines, messages = measure_run(results, split, run, against=against, resamples=options.resamples)
    else:
        lines, messages = measure_methods(grid, results, split, resamples=options.resamples)
    say(options.verb, messages)
    print(pairs_markdown(lines), end="")
    if options.out:
        write_atomically(options.out, pairs_csv(lines))
        say_written(options.verb, [options.out])
