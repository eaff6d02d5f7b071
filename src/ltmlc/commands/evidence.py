"""The verbs that judge finished runs: tabulate, label-metrics, compare, claims, audit, bootstrap."""

import argparse
from pathlib import Path

from ltmlc.commands.options import DeclareVerb, add_config, add_config_and_results, add_out, say, say_written
from ltmlc.commands.results import load_all, split_of
from ltmlc.disk.checksums import write_sums
from ltmlc.disk.files import write_atomically
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
        texts = {out / f"{name}.{suffix}": t for suffix, t in table_texts(grid, results, name, splits=splits).items()}
        for path, text in texts.items():
            write_atomically(path, text)
        write_sums(out / f"{name}.sha256", texts)
        written += texts
    say_written(options.verb, written)


def label_metrics(options: argparse.Namespace) -> None:
    from ltmlc.evidence.labels.measure import label_rows, label_scores
    from ltmlc.evidence.labels.report import write_label_metrics

    grid, results, splits = load_all(options)
    scores, messages = label_scores(results, splits)
    say(options.verb, messages)
    out = options.out or Path(grid.config["results"], "tables")
    files = write_label_metrics(label_rows(grid, results, scores), grid.titles, out)
    write_sums(out / "label_metrics.sha256", files)
    say_written(options.verb, files)


def compare(options: argparse.Namespace) -> None:
    from ltmlc.evidence.comparison.report import write_diff
    from ltmlc.evidence.report.gather import Evidence
    from ltmlc.evidence.results.frame import frame_csv, run_frame

    evidence = Evidence(*load_all(options))
    out = options.out or Path(evidence.grid.config["results"])
    _ = evidence.reference  # an error where it is not there; the report says so and goes on
    files = [*write_diff(evidence.diff, out), out / "runs.csv"]
    write_atomically(out / "runs.csv", frame_csv(run_frame(evidence.results)))
    write_sums(out / "diff.sha256", files)
    say_written(options.verb, files)


def claims(options: argparse.Namespace) -> int:
    from ltmlc.evidence.claims.report import write_claims
    from ltmlc.evidence.claims.verdict import exit_code
    from ltmlc.evidence.report.gather import Evidence

    evidence = Evidence(*load_all(options))
    out = options.out or Path(evidence.grid.config["results"])
    files = write_claims(evidence.verdicts, out, grid=evidence.grid)
    write_sums(out / "claims.sha256", files)
    say_written(options.verb, files)
    return exit_code(evidence.verdicts) if options.check else 0


def audit(options: argparse.Namespace) -> None:
    from ltmlc.evidence.audit.audit import audit as audit_grid
    from ltmlc.evidence.audit.audit import paper_grid
    from ltmlc.evidence.audit.report import write_audit
    from ltmlc.evidence.claims.file import load_claims

    out = options.out or Path(load_config(options.config)["results"])
    files = write_audit(audit_grid(paper_grid(), load_claims()), out)
    write_sums(out / "audit.sha256", files)
    say_written(options.verb, files)


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
