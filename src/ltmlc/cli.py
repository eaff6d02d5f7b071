"""The command line: one verb a step. Each verb imports only what it needs, so that planning never waits for torch."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ltmlc.errors import InputError

STARTED = time.perf_counter()


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; exit code 2 with one line on stderr for bad input."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return options.action(options) or 0
    except InputError as error:
        print(f"ltmlc {options.verb}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `ltmlc plan | head`
        sys.stderr.close()
        return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ltmlc", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    subset = _verb(verbs, "subset", _subset, "select the long-tailed training set; writes split.json (needs annotations, no photographs)")
    _dataset_and_root(subset)
    subset.add_argument("--out", required=True, type=Path, help="the split file to write")

    pack = _verb(verbs, "pack", _pack, "decode every image of a split once, into one mapped file")
    _dataset_and_root(pack)
    pack.add_argument("--split", required=True, type=Path, help="split.json")
    pack.add_argument("--out", required=True, type=Path, help="the folder to write")
    pack.add_argument("--max-side", type=int, default=0, help="shrink images whose longer side exceeds this (pixels; 0: keep)")
    pack.add_argument("--workers", type=int, help="threads that decode (default: all cores)")

    pretrain = _verb(verbs, "pretrain", _pretrain, "train the embedded data sets' starting weights, their stand-in for ImageNet's")
    pretrain.add_argument("dataset", help="digits20-lt, digits80-lt, or another of source kind digits")
    pretrain.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    pretrain.add_argument("--out", required=True, type=Path, help="the file to write")

    train = _verb(verbs, "train", _train, "train and evaluate one run; writes metrics.json and predictions.npz")
    train.add_argument("dataset")
    train.add_argument("run", help="the run's id, as `ltmlc plan` lists it")
    train.add_argument("--seed", type=int, default=0)
    _config(train)
    train.add_argument("--spec", help="the run's specification as JSON (default: looked up in the configuration's tables)")
    train.add_argument("--settings", help="how to train, as JSON (default: the configuration's training part)")
    train.add_argument("--threads", type=int, help="CPU threads (default: training.threads)")
    train.add_argument("--data", type=Path, help="the folder with split.json and pack/ (default: {results}/data/DATASET)")
    train.add_argument("--out", type=Path, help="the folder to write (default: {results}/runs/DATASET/RUN/seedN)")
    train.add_argument("--code", help=argparse.SUPPRESS)

    for verb, action, text in (
        ("tabulate", _tabulate, "write the tables as CSV, Markdown and LaTeX, from what is finished"),
        ("compare", _compare, "write diff.csv, diff.md (against the published numbers) and runs.csv"),
        ("plan", _plan, "say which trainings each table needs, which are shared, and what they cost"),
        ("status", _status, "say what is done, running, failed and missing, and the time left"),
        ("figures", _figures, "draw Fig. 3, Fig. 4 and the figures of the data"),
        ("summary", _summary, "write REPRODUCTION.md: what came out, from the finished runs"),
        ("reference", _reference, "write the finished runs as a reference for later comparisons (config/reference/*.csv)"),
    ):
        _config(_verb(verbs, verb, action, text))
    choices = verbs.choices
    choices["tabulate"].add_argument("table", nargs="*", help="tables to write (default: all of the configuration)")
    for verb in ("tabulate", "compare", "figures"):
        choices[verb].add_argument("--out", type=Path, help="the folder to write (default: as the workflow does)")
    choices["figures"].add_argument("figure", choices=["fig3", "fig4", "data"], nargs="*", help="default: all")
    choices["figures"].add_argument("--dataset", help="only this data set")
    choices["summary"].add_argument("--out", type=Path, help="the file to write (default: {results}/REPRODUCTION.md)")
    choices["reference"].add_argument("--out", type=Path, required=True, help="the CSV file to write")
    return parser


def _verb(verbs: argparse._SubParsersAction, name: str, action: Callable, text: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    verb.set_defaults(action=action)
    return verb


def _dataset_and_root(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("dataset", help="the name of a file in config/datasets, without .yaml")
    verb.add_argument("--data-root", default="data", type=Path, help="where photographs and annotations lie (default: data)")


def _config(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--config", default="config.yaml", help="a YAML file, or JSON text (default: config.yaml)")


def _subset(options: argparse.Namespace) -> None:
    from ltmlc.config import load_dataset
    from ltmlc.data.sources import open_source
    from ltmlc.data.split import make_split, save_split

    settings = load_dataset(options.dataset)
    split = make_split(options.dataset, open_source(settings, options.data_root), settings, root=options.data_root)
    save_split(split, options.out)
    groups = ":".join(str(len(split.groups[name])) for name in ("head", "medium", "tail"))
    print(f"{options.dataset}: {len(split.train_ids)} training and {len(split.test_ids)} test images, {groups} classes", file=sys.stderr)


def _pack(options: argparse.Namespace) -> None:
    from ltmlc.config import load_dataset
    from ltmlc.data.pack import build_pack
    from ltmlc.data.sources import open_source
    from ltmlc.data.split import load_split

    source = open_source(load_dataset(options.dataset), options.data_root)
    build_pack(source, load_split(options.split), options.out, max_side=options.max_side or None, workers=options.workers)


def _pretrain(options: argparse.Namespace) -> None:
    from ltmlc.config import load_dataset
    from ltmlc.data.sources import open_source
    from ltmlc.files import write_atomically

    settings = load_dataset(options.dataset)
    if settings["source"]["kind"] != "digits":
        raise InputError(f"{options.dataset} is not of source kind digits: give its weights with model.weights")

    import torch

    from ltmlc.training.pretrain import pretrain_backbone

    torch.set_num_threads(options.threads)
    source = open_source(settings, Path())
    write_atomically(options.out, pretrain_backbone(source, settings["model"], settings["augmentation"]))


def _train(options: argparse.Namespace) -> int:
    from ltmlc.config import load_config
    from ltmlc.fingerprint import run_fingerprint

    config = load_config(options.config) if not (options.settings and options.data and options.out) else {}
    settings = json.loads(options.settings) if options.settings else config["training"]
    spec = json.loads(options.spec) if options.spec else _planned_spec(options)
    data = options.data or Path(config["results"], "data", options.dataset)
    out = options.out or Path(config["results"], "runs", options.dataset, options.run, f"seed{options.seed}")

    from ltmlc.training.run import train_on_leased_device

    return train_on_leased_device(
        dataset=options.dataset,
        run=options.run,
        seed=options.seed,
        spec=spec,
        data=data,
        out=out,
        code=options.code or run_fingerprint(spec),
        settings={**settings, "threads": options.threads or settings["threads"]},
        command=shlex.join(["python", "-m", "ltmlc", *sys.argv[1:]]),
        started=STARTED,
    )


def _planned_spec(options: argparse.Namespace) -> dict:
    from ltmlc.grid import load_grid

    runs = load_grid(options.config).runs
    if options.dataset not in runs:
        raise InputError(f"data set {options.dataset!r} is not in the configuration; it has: {', '.join(runs)}")
    if options.run not in runs[options.dataset]:
        raise InputError(f"no run {options.run!r} on {options.dataset}; it has: {', '.join(runs[options.dataset])}")
    return runs[options.dataset][options.run]


def _load(options: argparse.Namespace) -> tuple:
    """The grid, the results so far, and the splits that exist."""
    from ltmlc.data.split import load_split
    from ltmlc.evidence.results import load_results
    from ltmlc.grid import load_grid

    grid = load_grid(options.config)
    results = load_results(grid, grid.config["results"])
    for message in results.messages:
        print(f"ltmlc {options.verb}: {message}", file=sys.stderr)
    files = {name: Path(grid.config["results"], "data", name, "split.json") for name in grid.datasets}
    return grid, results, {name: load_split(path) for name, path in files.items() if path.exists()}


def _tabulate(options: argparse.Namespace) -> None:
    from ltmlc.evidence.tables import tabulate
    from ltmlc.files import write_atomically

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["results"], "tables")
    for name in options.table or grid.tables:
        for suffix, text in tabulate(grid, results, name, splits=splits).items():
            write_atomically(out / f"{name}.{suffix}", text)


def _compare(options: argparse.Namespace) -> None:
    from ltmlc.evidence.compare import compare
    from ltmlc.evidence.diff_report import write_diff
    from ltmlc.evidence.reference import read_reference
    from ltmlc.files import write_atomically

    grid, results, _ = _load(options)
    out = options.out or Path(grid.config["results"])
    against = grid.config["reference"]
    reference = None if against == "published" else read_reference(against)
    write_diff(compare(grid, results, reference=reference, against=against), out)
    write_atomically(out / "runs.csv", results.csv())


def _plan(options: argparse.Namespace) -> None:
    from ltmlc.evidence.plan import make_plan, plan_text

    grid, results, splits = _load(options)
    print(plan_text(make_plan(grid, results, splits=splits)), end="")


def _status(options: argparse.Namespace) -> None:
    from ltmlc.evidence.plan import make_plan
    from ltmlc.evidence.status import make_status, status_text

    grid, results, splits = _load(options)
    print(status_text(make_status(results, plan=make_plan(grid, results, splits=splits))), end="")


def _figures(options: argparse.Namespace) -> None:
    from ltmlc.evidence.figures import write_figure3, write_figure4

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["figures"])
    chosen = options.figure or ["fig3", "fig4", "data"]
    if "fig3" in chosen:
        write_figure3(out)
    if "fig4" in chosen:
        write_figure4(grid, results, out)
    if "data" in chosen:
        for name in [options.dataset] if options.dataset else grid.datasets:
            _data_figures(grid, name, splits, out)


def _data_figures(grid, name: str, splits: dict, out: Path) -> None:
    from ltmlc.data.pack import open_pack
    from ltmlc.data.sheets import write_sheets
    from ltmlc.evidence.data_figures import write_data_figures

    if name not in splits:
        raise InputError(f"data set {name!r} has no split under {grid.config['results']}/data yet; run `snakemake figures`")
    settings = grid.datasets[name]
    pack = open_pack(Path(grid.config["results"], "data", name, "pack"), split_sha256=splits[name].sha256, verify=False)
    write_data_figures(splits[name], settings, out)
    write_sheets(
        pack,
        splits[name].classes,
        dataset=name,
        image_size=settings["model"]["image_size"],
        settings=settings["augmentation"],
        directory=out,
    )


def _summary(options: argparse.Namespace) -> None:
    from ltmlc.evidence.summary import write_summary

    grid, results, splits = _load(options)
    write_summary(grid, results, options.out or Path(grid.config["results"], "REPRODUCTION.md"), splits=splits)


def _reference(options: argparse.Namespace) -> None:
    from ltmlc.evidence.reference import reference_csv
    from ltmlc.files import write_atomically

    _, results, _ = _load(options)
    write_atomically(options.out, reference_csv(results))
