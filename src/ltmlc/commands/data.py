"""The verbs that make data sets: download, subset, pack, pretrain, features."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ltmlc.commands.options import (
    DeclareVerb,
    add_config,
    add_dataset_and_root,
    add_made_of,
    chosen_config,
    chosen_root,
    say_written,
    seed_number,
)
from ltmlc.disk.files import sha256_file, write_atomically
from ltmlc.errors import InputError
from ltmlc.plan.config import load_config, load_dataset, merge
from ltmlc.plan.lookup import data_folder
from ltmlc.plan.places import check_data_root
from ltmlc.plan.spec import network_of


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb("download", download, "download what the data root lacks of a data set, verified")
    add_dataset_and_root(parser)
    parser.add_argument("--jobs", type=int, default=8, help="photographs to download at a time (default: 8)")
    parser.add_argument("--only", nargs="+", choices=["data", "weights", "word_vectors"], help="default: all")
    parser.add_argument("--dry-run", action="store_true", help="only list what is missing, with sizes")

    parser = verb(
        "subset", subset, "select the long-tailed training set; writes split.json (needs annotations, no photographs)"
    )
    add_dataset_and_root(parser)
    parser.add_argument("--out", required=True, type=Path, help="the split file to write")
    add_made_of(parser)

    parser = verb("pack", pack, "decode every image of a split once, into one mapped file")
    add_dataset_and_root(parser)
    parser.add_argument("--split", required=True, type=Path, help="split.json")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write")
    parser.add_argument(
        "--max-side", type=int, default=0, help="shrink images whose longer side exceeds this (pixels; 0: keep)"
    )
    parser.add_argument("--workers", type=int, help="threads that decode (default: all cores)")
    add_made_of(parser)

    parser = verb("pretrain", pretrain, "train the embedded data sets' starting weights, their stand-in for ImageNet's")
    parser.add_argument("dataset", help="digits20-lt, digits80-lt, or another of source kind digits")
    parser.add_argument("--seed", type=seed_number, default=0, help="of the runs that start from it (default: 0)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--out", required=True, type=Path, help="the file to write")
    add_made_of(parser)

    parser = verb("features", features, "compute once what a fixed backbone makes of the images (model.cached_views)")
    parser.add_argument("dataset", help="a data set with model.cached_views")
    add_config(parser)
    parser.add_argument("--data", type=Path, help="the folder with pack/ (default: {results}/data/DATASET)")
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N (default: training.device)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    add_made_of(parser)


def download(options: argparse.Namespace) -> None:
    from ltmlc.data.download import download_dataset

    root = chosen_root(options)
    check_data_root(root, where="--data-root")
    # The configuration's own weights or word vectors take the place of those that would be downloaded.
    settings = merge(load_dataset(options.dataset), {"model": chosen_config(options)["model"]})
    download_dataset(options.dataset, settings, root, jobs=options.jobs, dry_run=options.dry_run, only=options.only)


def subset(options: argparse.Namespace) -> None:
    from ltmlc.data.sources.open import open_source
    from ltmlc.data.split import class_lines, make_split, save_split, untested
    from ltmlc.workflow.parts import refuse_edited, split_parts
    from ltmlc.workflow.record import write_record

    settings, root = load_dataset(options.dataset), chosen_root(options)
    refuse_edited(options.made_of, split_parts(settings))
    source = None
    try:
        source = open_source(settings, root)
        split = make_split(options.dataset, source, settings, root=root)
        if not split.test_ids:
            raise InputError("source.test has no image; add images, or nothing can be evaluated")
    except InputError as error:
        notes = "; ".join(getattr(source, "notes", ()))  # how it was read, and what was left out: perhaps the reason
        read = f" (as read: {notes})" if notes else ""
        raise InputError(f"config/datasets/{options.dataset}.yaml: {error}{read}") from None
    for note in getattr(source, "notes", ()):
        print(f"{options.dataset}: {note}", file=sys.stderr)
    save_split(split, options.out)
    groups = ", ".join(f"{len(split.groups[name])} {name}" for name in ("head", "medium", "tail"))
    counts = f"{len(split.train_ids)} training and {len(split.test_ids)} test images"
    print(f"{options.dataset}: {counts}; classes: {groups}", file=sys.stderr)
    print("\n".join([*class_lines(split), *untested(split)]), file=sys.stderr)
    _report_construction(settings.get("subset", {}), source, split.train_ids)
    write_record(options.out, options.made_of)


def _report_construction(settings: dict, source, published: list[str]) -> None:
    """Where a published list is used, say how far the paper's construction would have given it."""
    from ltmlc.data.selection import compare_with_published

    parameters = {key: settings[key] for key in ("alpha", "maximum", "minimum", "seed") if key in settings}
    if "ids" not in settings or not parameters.keys() >= {"alpha", "maximum"}:
        return
    agreement = compare_with_published(source.train_pool(), published, **parameters)
    equal = "equal to" if agreement["equal"] else f"sharing {agreement['shared']} with"
    print(
        f"the paper's construction selects {agreement['constructed']} images, {equal} the published "
        f"{agreement['published']} that are used",
        file=sys.stderr,
    )


def pack(options: argparse.Namespace) -> None:
    from ltmlc.data.pack.pack import INDEX_FILE
    from ltmlc.data.sources.open import open_source
    from ltmlc.data.split import load_split
    from ltmlc.workflow.packing import pack_photographs
    from ltmlc.workflow.parts import pack_parts, refuse_edited
    from ltmlc.workflow.record import write_record

    settings, split, root = load_dataset(options.dataset), load_split(options.split), chosen_root(options)
    refuse_edited(options.made_of, pack_parts(settings) | {"split": sha256_file(options.split)})
    how = {"made_of": options.made_of, "max_side": options.max_side or None, "workers": options.workers}
    pack_photographs(settings, root, open_source(settings, root), split, options.out, **how)
    write_record(options.out / INDEX_FILE, options.made_of)


def pretrain(options: argparse.Namespace) -> None:
    from ltmlc.data.sources.open import open_source
    from ltmlc.workflow.parts import refuse_edited, weights_parts
    from ltmlc.workflow.record import write_record

    settings = load_dataset(options.dataset)
    if settings["source"]["kind"] != "digits":
        raise InputError(f"{options.dataset} is not of source kind digits: give its weights with model.weights")
    refuse_edited(options.made_of, weights_parts(settings))

    import torch

    from ltmlc.training.pretrain import pretrain_backbone

    torch.set_num_threads(options.threads)
    source = open_source(settings, Path())
    weights = pretrain_backbone(source, settings["model"], settings["augmentation"], seed=options.seed)
    write_atomically(options.out, weights)
    write_record(options.out, options.made_of)
    say_written(options.verb, [options.out])


def features(options: argparse.Namespace) -> None:
    from ltmlc.workflow.parts import features_parts, refuse_edited
    from ltmlc.workflow.record import write_record

    config = load_config(options.config)
    folder = options.data or data_folder(config["results"], options.dataset)
    settings = load_dataset(options.dataset)
    refuse_edited(options.made_of, features_parts(settings, network_of(settings, config)))
    file = write_features(config, options.dataset, folder, device=options.device, threads=options.threads)
    write_record(file, options.made_of)


def write_features(
    config: dict[str, Any], dataset: str, folder: Path, *, device: str | None = None, threads: int | None = None
) -> Path:
    """Write ``features.npz`` beside the pack of a data set whose backbone is fixed; returns its path."""
    from ltmlc.data.pack.pack import open_pack
    from ltmlc.data.sources.open import open_source
    from ltmlc.data.split import load_split
    from ltmlc.models.from_timm import settled
    from ltmlc.training.device import choose_device, lease_device
    from ltmlc.training.features import FEATURES, make_features, take_features
    from ltmlc.training.job import configure_torch

    settings, split = load_dataset(dataset), load_split(folder / "split.json")
    spec = {"model": network_of(settings, config), "augmentation": settings["augmentation"]}
    pack = open_pack(folder / "pack", split_sha256=split.sha256)
    if settings["source"]["kind"] == "pooled":
        take_features(open_source(settings, Path()), split, spec, pack, folder / FEATURES)
        return folder / FEATURES
    spec = settled(spec)
    with lease_device(requested=device or config["training"]["device"], share=1) as name:
        configure_torch("float32", deterministic=False, threads=threads or os.cpu_count() or 1)
        make_features(pack, spec, choose_device(name), folder / FEATURES)
    return folder / FEATURES
