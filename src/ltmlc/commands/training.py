"""The verbs that train and use one network: train, predict, export-model."""

import argparse
import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from ltmlc.commands.options import DeclareVerb, add_config, add_made_of, say, say_written, seed_number
from ltmlc.commands.results import check_asked
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError, counted_noun
from ltmlc.plan.config import load_config
from ltmlc.plan.environment import data_root, tell_data_root, training_settings
from ltmlc.plan.grid import load_grid
from ltmlc.plan.lookup import METRICS, data_folder, run_folder
from ltmlc.plan.reading.schema import check, defaults, read_schema
from ltmlc.plan.spec import checked_spec

STARTED = time.perf_counter()


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb("train", train, "train and evaluate one run; writes metrics.json and predictions.npz")
    parser.add_argument("dataset")
    parser.add_argument("run", help="the run's id, as `ltmlc plan` lists it")
    parser.add_argument("--seed", type=seed_number, default=0)
    add_config(parser)
    parser.add_argument(
        "--spec", help="the run's specification as JSON (default: looked up in the configuration's tables)"
    )
    parser.add_argument(
        "--settings",
        default=training_settings(),
        help="how to train, as JSON (default: LTMLC_TRAINING, set by the workflow; else the configuration's training)",
    )
    parser.add_argument("--threads", type=int, help="CPU threads (default: training.threads)")
    parser.add_argument(
        "--data", type=Path, help="the folder with split.json and pack/ (default: {results}/data/DATASET)"
    )
    parser.add_argument("--out", type=Path, help="the folder to write (default: {results}/runs/DATASET/RUN/seedN)")
    parser.add_argument(
        "--keep-weights",
        action="store_true",
        help="leave the network beside the results (default: training.keep_weights)",
    )
    parser.add_argument("--code", help=argparse.SUPPRESS)
    add_made_of(parser)

    parser = verb("predict", predict, "write the logits or probabilities that a trained network gives images (CSV)")
    parser.add_argument("run_dir", type=Path, help="the folder of a run that kept its weights, or of an exported model")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--images", type=Path, help="a folder of image files")
    source.add_argument("--pack", type=Path, help="or the folder of a pack")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--probabilities", action="store_true", help="by the curves that the model was exported with")
    _add_held_out(parser)
    parser.add_argument("--out", required=True, type=Path, help="the CSV file to write; thresholds go beside it")

    parser = verb("export-model", export, "write a trained network as safetensors with a model card, and as ONNX")
    parser.add_argument("run_dir", type=Path, help="the folder of a run that kept its weights")
    parser.add_argument("--onnx", action="store_true", help="model.onnx too, its logits compared with torch's")
    _add_held_out(parser)
    parser.add_argument("--out", required=True, type=Path, help="the folder to write")


def _add_held_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--held-out",
        type=Path,
        metavar="RUN_DIR",
        help="a run of the same specification on held-out training images (ltmlc tune): probabilities and thresholds",
    )


def train(options: argparse.Namespace) -> int:
    from ltmlc.plan.fingerprint import run_fingerprint
    from ltmlc.workflow.attempt import attempt_training
    from ltmlc.workflow.record import read_record

    config = load_config(options.config) if not (options.settings and options.data and options.out) else {}
    settings = _given_settings(options.settings) if options.settings else config["training"]
    if config:
        tell_data_root(data_root() or config["data"]["root"])
    spec = _given_spec(options.spec) if options.spec else _planned_spec(options)
    data = options.data or data_folder(config["results"], options.dataset)
    planned = config and run_folder(config["results"], options.dataset, options.run, options.seed)
    out = options.out or planned
    if not (data / "split.json").exists():
        if options.data:
            raise InputError(f"{data}: no split.json here; --data names a folder that has one, and pack/ beside it")
        raise InputError(
            f"{data}: no split.json here, the images are not chosen yet; `snakemake --cores 1 -- {planned / METRICS}` "
            "(of a wheel `ltmlc run`; with --configfile where you gave --config) makes what it needs, and trains it"
        )

    if options.keep_weights:
        settings["keep_weights"] = True
        known = None if options.made_of else read_record(out / METRICS)
        options.made_of = options.made_of or (known and json.dumps(known.made_of))  # it stays a result of the workflow

    result = {"spec": spec, "dataset": options.dataset, "run": options.run, "seed": options.seed}
    result["code"] = options.code or run_fingerprint(spec)

    settings["threads"] = options.threads or settings["threads"]
    return attempt_training(out, data=data, settings=settings, started=STARTED, made_of=options.made_of, **result)


def predict(options: argparse.Namespace) -> None:
    from ltmlc.training.predict import predict_images

    predictions = predict_images(
        options.run_dir,
        images=options.images,
        pack=options.pack,
        device=options.device,
        probabilities=options.probabilities,
        heldout=options.held_out,
    )
    write_atomically(options.out, predictions.csv())
    kind = "probabilities" if predictions.decision else "logits"
    print(f"{options.out}: {kind} of {len(predictions.ids)} images", file=sys.stderr)
    if predictions.decision:
        beside = options.out.with_suffix(".thresholds.csv")
        write_atomically(beside, predictions.thresholds_csv())
        print(f"{beside}: the F1-best threshold of each class on held-out training images", file=sys.stderr)
    if others := Counter(Path(name).suffix.lower() or "no suffix" for name in predictions.passed_over):
        kinds = ", ".join(f"{suffix} ({count})" for suffix, count in others.most_common(20))
        files = counted_noun(len(predictions.passed_over), "file")
        print(f"passed over {files}, by a suffix that is not an image's: {kinds}", file=sys.stderr)


def export(options: argparse.Namespace) -> None:
    from ltmlc.training.trained.export import export_model

    said = export_model(options.run_dir, options.out, onnx=options.onnx, heldout=options.held_out)
    say_written(options.verb, sorted(path for path in options.out.iterdir() if path.is_file()))
    if said:
        say(options.verb, [said])


def _given_spec(text: str) -> dict:
    """What the rules pass on; by hand, leave it out and give --config."""
    spec = _from_json("--spec", text)
    missing = [key for key in read_schema("spec")["required"] if not isinstance(spec, dict) or key not in spec]
    if missing:
        raise InputError(f"--spec lacks {', '.join(missing)}: leave it out to take it from the configuration")
    return checked_spec(spec, "--spec")


def _given_settings(text: str) -> dict:
    """What it does not say is as in a configuration that does not say it."""
    settings = _from_json("--settings", text)
    check({"training": settings}, schema="config", where="--settings")
    return defaults("config")["training"] | settings


def _from_json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{option} is not readable JSON: {error}") from None


def _planned_spec(options: argparse.Namespace) -> dict:
    from ltmlc.plan.sweep import load_sweep, planned_spec

    grid = load_grid(options.config)
    check_asked(options.dataset, grid.datasets)
    return planned_spec(grid, options.dataset, options.run, partial(load_sweep, options.config))
