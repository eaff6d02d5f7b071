"""The verbs that choose on held-out training images: holdout, tune, tuned."""

import argparse
import shutil
import time
from pathlib import Path

from ltmlc.commands.data import write_features
from ltmlc.commands.options import (
    DeclareVerb,
    add_config,
    add_made_of,
    add_out,
    add_root,
    chosen_root,
    say,
    say_written,
    seed_number,
    write_checked,
)
from ltmlc.commands.results import check_asked
from ltmlc.disk.files import sha256_file, write_atomically
from ltmlc.plan.environment import tell_data_root
from ltmlc.plan.lookup import data_folder, run_folder
from ltmlc.plan.spec import network_of


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb("holdout", holdout, "hold out a part of a split's training images; the test images are left out")
    parser.add_argument("--split", required=True, type=Path, help="split.json of the data set")
    parser.add_argument("--share", type=float, default=0.25, help="of each class's training images (default: 0.25)")
    parser.add_argument("--seed", type=seed_number, default=0, help="of the draw (default: 0)")
    parser.add_argument("--out", required=True, type=Path, help="the split file to write")
    add_made_of(parser)

    parser = verb("tune", tune, "try learning rates (or open choices) on a held-out part of the training images")
    parser.add_argument("dataset", help="a data set of the configuration")
    _sweep_options(parser)
    parser.add_argument("--no-training", action="store_true", help="only write the tables, from what is finished")
    add_root(parser)

    parser = verb("tuned", tuned, "write the table of every method at the recipe's rate and at the tuned one")
    _sweep_options(parser)


def _sweep_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--table", nargs="+", help="tables whose rows are tried (default: tune.tables)")
    parser.add_argument("--factors", nargs="+", type=float, help="multiples of the recipe's rate (tune.factors)")
    add_out(parser)


def holdout(options: argparse.Namespace) -> None:
    from ltmlc.data.heldout import held_out_split
    from ltmlc.data.split import load_split, save_split
    from ltmlc.workflow.parts import holdout_parts, refuse_edited
    from ltmlc.workflow.record import write_record

    split = load_split(options.split)
    found = holdout_parts(options.share, options.seed) | {"split": sha256_file(options.split)}
    refuse_edited(options.made_of, found)
    save_split(held_out_split(split, share=options.share, seed=options.seed), options.out)
    write_record(options.out, options.made_of)
    say_written(options.verb, [options.out])


def tune(options: argparse.Namespace) -> int:
    sweep = _sweep(options)
    check_asked(options.dataset, sweep.choices)
    folder = data_folder(sweep.results, options.dataset)
    if not options.no_training:
        root = chosen_root(options)
        tell_data_root(str(root))
        _prepare(sweep, options.dataset, folder, root)
        code = _train(sweep, options.dataset, folder)
        if code:
            return code
    _write(sweep, options.dataset, folder, options.out or sweep.results)
    return 0


def _sweep(options: argparse.Namespace):
    from ltmlc.plan.sweep import load_sweep

    return load_sweep(options.config, tables=options.table, factors=options.factors)


def _prepare(sweep, dataset: str, folder: Path, root: Path) -> None:
    """Split, pack and starting weights of the held-out part: what the workflow's rules make one by one."""
    from ltmlc.data.heldout import held_out_split
    from ltmlc.data.sources.open import open_source
    from ltmlc.data.split import load_split, make_split, save_split
    from ltmlc.workflow.packing import pack_photographs

    config, settings = sweep.grid.config, sweep.grid.datasets[dataset]
    whole = data_folder(config["results"], dataset)
    source = open_source(settings, root)
    if not (whole / "split.json").exists():
        save_split(make_split(dataset, source, settings, root=root), whole / "split.json")
    tuning = config["tune"]
    split = held_out_split(load_split(whole / "split.json"), share=tuning["share"], seed=tuning["holdout_seed"])
    # Left alone where it is the same: a newer file would make Snakemake train everything on it again.
    if not (folder / "split.json").exists() or load_split(folder / "split.json") != split:
        save_split(split, folder / "split.json")
    if pack_photographs(settings, root, source, split, folder / "pack", max_side=config["data"]["max_side"]):
        runs = Path(sweep.results, "runs", dataset)
        say("tune", [f"{dataset}: trainings of the former pack stay; delete {runs} to do them again"])
    model = network_of(settings, config)
    if model.get("cached_views"):
        write_features(config, dataset, folder)
    for seed in tuning["seeds"] if model.get("weights") == "pretrained" else []:
        made, wanted = (place / f"backbone-seed{seed}.pt" for place in (whole, folder))
        if wanted.exists():
            continue
        if not made.exists():
            import torch

            from ltmlc.training.pretrain import pretrain_backbone

            torch.set_num_threads(1)  # as `ltmlc pretrain`: another number gives other bits
            write_atomically(made, pretrain_backbone(source, model, settings["augmentation"], seed=seed))
        shutil.copy(made, wanted)


def _train(sweep, dataset: str, folder: Path) -> int:
    """Every candidate that is not there yet, one after the other; what was interrupted goes on."""
    from ltmlc.data.split import load_split
    from ltmlc.evidence.results.results import load_results
    from ltmlc.plan.fingerprint import run_fingerprint
    from ltmlc.workflow.attempt import attempt_training

    split = load_split(folder / "split.json")
    results = load_results(sweep.grid, sweep.results, {dataset: split})
    specs = sweep.grid.runs[dataset]
    waiting = [
        (run, seed)
        for run in specs
        for seed in sweep.grid.seeds
        if not _is_current(results.runs[dataset, run, seed], split.sha256, run_fingerprint(specs[run]))
    ]
    for number, (run, seed) in enumerate(waiting, 1):
        say("tune", [f"{dataset}: training {number} of {len(waiting)}: {run}, seed {seed}"])
        result = {"dataset": dataset, "run": run, "seed": seed, "spec": specs[run], "code": run_fingerprint(specs[run])}
        settings = {"data": folder, "settings": sweep.grid.config["training"], "started": time.perf_counter()}
        # As in the workflow: one process a run, also beside `snakemake tune`, and checksums when it ends.
        if code := attempt_training(run_folder(sweep.results, dataset, run, seed), **settings, **result):
            return code
    return 0


def _is_current(result, split_sha256: str, code: str) -> bool:
    known = (result.metrics.get("split_sha256"), result.metrics.get("code"))
    return result.status != "missing" and known == (split_sha256, code)


def _write(sweep, dataset: str, folder: Path, out: Path) -> None:
    from ltmlc.data.split import load_split
    from ltmlc.evidence.outlook.warm_up import short_warm_ups_of
    from ltmlc.evidence.results.results import load_results
    from ltmlc.evidence.tuning.decide import decide
    from ltmlc.evidence.tuning.report import sweep_markdown
    from ltmlc.evidence.tuning.sweep_csv import decisions_csv

    split = load_split(folder / "split.json")
    results = load_results(sweep.grid, sweep.results, {dataset: split})
    say("tune", results.messages)
    decisions = [decide(choice, dataset, results, split) for choice in sweep.choices[dataset]]
    warm_ups = short_warm_ups_of(dataset, sweep.grid.runs[dataset], split.class_counts, len(split.train_ids))
    say("tune", warm_ups)
    text = sweep_markdown(decisions, split, title=sweep.grid.titles[dataset], seeds=sweep.grid.seeds, notes=warm_ups)
    write_checked("tune", out, dataset, {f"{dataset}.csv": decisions_csv(decisions), f"{dataset}.md": text})
    say("tune", (f"{dataset}, {decision.choice.label}: {decision.note}" for decision in decisions if decision.note))


def tuned(options: argparse.Namespace) -> None:
    from ltmlc.evidence.results.results import load_results
    from ltmlc.evidence.tuning.sweep_csv import read_chosen
    from ltmlc.evidence.tuning.tuned import tuned_csv, tuned_grid, tuned_markdown, tuned_pairs

    sweep = _sweep(options)
    config = sweep.grid.config
    files = {name: sweep.results / f"{name}.csv" for name in sweep.grid.datasets}
    swept = {name: path for name, path in files.items() if path.exists()} or files
    chosen = {name: read_chosen(path) for name, path in swept.items()}
    results = load_results(tuned_grid(sweep, chosen, tuple(config["seeds"])), config["results"])
    say(options.verb, results.messages)
    pairs = tuned_pairs(sweep, chosen, results)
    out = options.out or Path(config["results"], "tables")
    text = tuned_markdown(pairs, results.seeds, sweep.grid.titles)
    write_checked(options.verb, out, "tuned", {"tuned.csv": tuned_csv(pairs), "tuned.md": text})
