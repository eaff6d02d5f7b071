"""The command line: one verb a step. Each verb imports only what it needs, so that planning never waits for torch."""

import argparse
import errno
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ltmlc import commands, commands_check, commands_page, commands_tune
from ltmlc.errors import InputError
from ltmlc.jobs import data_root, training_settings

MENDABLE = {
    errno.ENOSPC: "the disk is full: free space",
    errno.EDQUOT: "your quota of the disk is used up: free space",
    errno.EROFS: "the file system is read-only: make it writable, or choose another place",
    errno.EACCES: "no permission: make it readable and writable for you, or choose another place",
}
"""What the operating system refuses and a user can mend -> what it is and how."""


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; exit code 2 with one line on stderr for bad input."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return options.action(options) or 0
    except InputError as error:
        return _refuse(options.verb, str(error))
    except RecursionError:  # of the readers of JSON; each names the file where it can
        return _refuse(options.verb, "a file that was read is nested too deeply to be one of this project's")
    except BrokenPipeError:  # `ltmlc plan | head`
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(
            options.verb, f"{where}{MENDABLE[error.errno]}; what is finished is safe, run the same again then"
        )


def _refuse(verb: str, sentence: str) -> int:
    line = f"ltmlc {verb}: error: {sentence}"
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # the log is on the full disk too; the rules leave stdout to the terminal
        sys.stderr = None  # else Python tries again at exit
        print(line, flush=True)
    return 2


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ltmlc", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    download = _verb(verbs, "download", commands.download, "download what the data root lacks of a data set, verified")
    _dataset_and_root(download)
    _config(download)
    download.add_argument("--jobs", type=int, default=8, help="photographs to download at a time (default: 8)")
    download.add_argument("--only", nargs="+", choices=["data", "weights", "word_vectors"], help="default: all")
    download.add_argument("--dry-run", action="store_true", help="only list what is missing, with sizes")

    subset = _verb(
        verbs,
        "subset",
        commands.subset,
        "select the long-tailed training set; writes split.json (needs annotations, no photographs)",
    )
    _dataset_and_root(subset)
    subset.add_argument("--out", required=True, type=Path, help="the split file to write")

    pack = _verb(verbs, "pack", commands.pack, "decode every image of a split once, into one mapped file")
    _dataset_and_root(pack)
    pack.add_argument("--split", required=True, type=Path, help="split.json")
    pack.add_argument("--out", required=True, type=Path, help="the folder to write")
    pack.add_argument(
        "--max-side", type=int, default=0, help="shrink images whose longer side exceeds this (pixels; 0: keep)"
    )
    pack.add_argument("--workers", type=int, help="threads that decode (default: all cores)")

    pretrain = _verb(
        verbs,
        "pretrain",
        commands.pretrain,
        "train the embedded data sets' starting weights, their stand-in for ImageNet's",
    )
    pretrain.add_argument("dataset", help="digits20-lt, digits80-lt, or another of source kind digits")
    pretrain.add_argument("--seed", type=_seed, default=0, help="of the runs that start from it (default: 0)")
    pretrain.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    pretrain.add_argument("--out", required=True, type=Path, help="the file to write")

    train = _verb(verbs, "train", commands.train, "train and evaluate one run; writes metrics.json and predictions.npz")
    train.add_argument("dataset")
    train.add_argument("run", help="the run's id, as `ltmlc plan` lists it")
    train.add_argument("--seed", type=_seed, default=0)
    _config(train)
    train.add_argument(
        "--spec", help="the run's specification as JSON (default: looked up in the configuration's tables)"
    )
    train.add_argument(
        "--settings",
        default=training_settings(),
        help="how to train, as JSON (default: LTMLC_TRAINING, set by the workflow; else the configuration's training)",
    )
    train.add_argument("--threads", type=int, help="CPU threads (default: training.threads)")
    train.add_argument(
        "--data", type=Path, help="the folder with split.json and pack/ (default: {results}/data/DATASET)"
    )
    train.add_argument("--out", type=Path, help="the folder to write (default: {results}/runs/DATASET/RUN/seedN)")
    train.add_argument("--code", help=argparse.SUPPRESS)

    commands_tune.add_verbs(partial(_verb, verbs), _config)

    predict = _verb(verbs, "predict", commands.predict, "write the logits that a trained network gives images (CSV)")
    predict.add_argument("run_dir", type=Path, help="the folder of a run trained with training.keep_weights")
    source = predict.add_mutually_exclusive_group(required=True)
    source.add_argument("--images", type=Path, help="a folder of image files")
    source.add_argument("--pack", type=Path, help="or the folder of a pack")
    predict.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    predict.add_argument("--out", required=True, type=Path, help="the CSV file to write")

    for verb, action, text in (
        (
            "report",
            commands.report,
            "write report.html (one page for a browser), REPRODUCTION.md, numbers.tex and checklist.md",
        ),
        ("tabulate", commands.tabulate, "write the tables as CSV, Markdown and LaTeX, from what is finished"),
        ("compare", commands.compare, "write diff.csv, diff.md (against the published numbers) and runs.csv"),
        (
            "claims",
            commands.claims,
            "judge the paper's statements on the finished runs: claims.csv and claims.md",
        ),
        ("audit", commands.audit, "check the published numbers against themselves; writes audit.csv and audit.md"),
        ("check", commands_check.check, "say whether what is asked for could be trained: losses, weights, files"),
        (
            "plan",
            commands.plan,
            "say which trainings each table needs, what they cost, and which claims the planned seeds can decide",
        ),
        ("status", commands.status, "say what is done, running, failed and missing, and the time left"),
        ("figures", commands.figures, "draw Fig. 3, Fig. 4, the figures of the data and those of LSEP, C-LSEP and DR"),
        ("summary", commands.summary, "write REPRODUCTION.md: what came out, from the finished runs"),
        (
            "export",
            commands.export,
            "write all runs as Parquet and CSV, and everything as an RO-Crate for a repository",
        ),
        (
            "page",
            commands_page.page,
            "write one page about a table's rows on one data set: all that its metrics files say",
        ),
        (
            "reference",
            commands.reference,
            "write the runs as a reference for later: one CSV file, or a folder of metrics files without paths and ids",
        ),
    ):
        parser_of_verb = _verb(verbs, verb, action, text)
        _config(parser_of_verb)
        parser_of_verb.add_argument(
            "--results", type=Path, help="read the runs from here; what is written goes where it always does"
        )
    bootstrap = _verb(
        verbs,
        "bootstrap",
        commands.bootstrap,
        "say how far other seeds and other test images would move a run, or its difference to another",
    )
    bootstrap.add_argument("dataset")
    bootstrap.add_argument(
        "run",
        nargs="?",
        help="the run's id, as `ltmlc plan` lists it (default: LSEP, C-LSEP, DR and the steps between)",
    )
    bootstrap.add_argument("--against", metavar="RUN", help="the run to compare with, paired by seed and by image")
    bootstrap.add_argument("--resamples", type=int, default=1000, help="test sets to draw (default: 1000)")
    bootstrap.add_argument("--out", type=Path, help="a CSV file to write as well")
    _config(bootstrap)

    choices = verbs.choices
    choices["tabulate"].add_argument("table", nargs="*", help="tables to write (default: all of the configuration)")
    for verb in ("tabulate", "compare", "claims", "audit", "figures", "export"):
        choices[verb].add_argument("--out", type=Path, help="the folder to write (default: as the workflow does)")
    choices["figures"].add_argument(
        "figure", choices=["fig3", "fig4", "data", "methods"], nargs="*", help="default: all"
    )
    choices["figures"].add_argument("--dataset", help="only this data set")
    choices["claims"].add_argument(
        "--check", action="store_true", help="exit with 1 if a claim is reversed, with 3 if one cannot be judged yet"
    )
    choices["plan"].add_argument(
        "--measured",
        type=Path,
        action="append",
        metavar="FILE",
        help="take time and noise from these runs (a CSV file of `ltmlc reference`) where none is measured here",
    )
    choices["export"].add_argument(
        "--without-predictions", action="store_true", help="leave the test logits out of the crate, its largest part"
    )
    choices["summary"].add_argument("--out", type=Path, help="the file to write (default: {results}/REPRODUCTION.md)")
    choices["page"].add_argument("table", help="whose rows the page is about")
    choices["page"].add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    choices["reference"].add_argument(
        "--out", type=Path, required=True, help="the CSV file to write, or (no .csv at its end) the folder"
    )
    choices["report"].add_argument("--out", type=Path, help="the folder to write (default: {results})")
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _verb(verbs: argparse._SubParsersAction, name: str, action: Callable, text: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    verb.set_defaults(action=action)
    return verb


def _dataset_and_root(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("dataset", help="the name of a file in config/datasets, without .yaml")
    verb.add_argument(
        "--data-root", default=data_root(), type=Path, help="where photographs and annotations lie (default: data)"
    )


def _config(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--config", default="config.yaml", help="a YAML file, or JSON text (default: config.yaml)")
