"""What each verb of the command line does. Imports stand inside, so that a verb waits only for what it needs (torch: 2
s).
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

from ltmlc.errors import InputError
from ltmlc.sums import write_sums

STARTED = time.perf_counter()


def download(options: argparse.Namespace) -> None:
    from ltmlc.config import load_config, load_dataset, merge
    from ltmlc.data.download import download_dataset

    # The configuration's own weights or word vectors take the place of those that would be downloaded.
    settings = merge(load_dataset(options.dataset), {"model": load_config(options.config)["model"]})
    download_dataset(
        options.dataset, settings, options.data_root, jobs=options.jobs, dry_run=options.dry_run, only=options.only
    )


def subset(options: argparse.Namespace) -> None:
    from ltmlc.config import load_dataset
    from ltmlc.data.sources import open_source
    from ltmlc.data.split import make_split, save_split

    settings = load_dataset(options.dataset)
    try:
        source = open_source(settings, options.data_root)
        split = make_split(options.dataset, source, settings, root=options.data_root)
        if not split.test_ids:
            raise InputError("source.test has no image; add images, or nothing can be evaluated")
    except InputError as error:
        raise InputError(f"config/datasets/{options.dataset}.yaml: {error}") from None
    save_split(split, options.out)
    groups = ":".join(str(len(split.groups[name])) for name in ("head", "medium", "tail"))
    counts = f"{len(split.train_ids)} training and {len(split.test_ids)} test images"
    print(f"{options.dataset}: {counts}, {groups} classes", file=sys.stderr)
    untested = [name for name, count in zip(split.classes, split.test_class_counts, strict=True) if not count]
    if untested:
        print(f"no test image has class {', '.join(untested)}: its average precision counts as 0", file=sys.stderr)
    _report_construction(settings.get("subset", {}), source, split.train_ids)


def _report_construction(settings: dict, source, published: list[str]) -> None:
    """Where a published list is used, say how far the paper's construction would have given it."""
    from ltmlc.data.split import compare_with_published

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
    from ltmlc.config import load_dataset
    from ltmlc.data.pack import build_pack
    from ltmlc.data.sources import open_source
    from ltmlc.data.split import load_split

    source = open_source(load_dataset(options.dataset), options.data_root)
    build_pack(
        source, load_split(options.split), options.out, max_side=options.max_side or None, workers=options.workers
    )


def pretrain(options: argparse.Namespace) -> None:
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
    weights = pretrain_backbone(source, settings["model"], settings["augmentation"], seed=options.seed)
    write_atomically(options.out, weights)


def train(options: argparse.Namespace) -> int:
    from ltmlc.config import load_config
    from ltmlc.fingerprint import run_fingerprint

    config = load_config(options.config) if not (options.settings and options.data and options.out) else {}
    settings = _from_json("--settings", options.settings) if options.settings else config["training"]
    spec = _from_json("--spec", options.spec) if options.spec else _planned_spec(options)
    data = options.data or Path(config["results"], "data", options.dataset)
    out = options.out or Path(config["results"], "runs", options.dataset, options.run, f"seed{options.seed}")

    from ltmlc.attempt import attempt_run

    result = {"spec": spec, "dataset": options.dataset, "run": options.run, "seed": options.seed}
    result["code"] = options.code or run_fingerprint(spec)

    def work() -> int:
        from ltmlc.training.run import train_on_leased_device

        return train_on_leased_device(
            **result,
            data=data,
            out=out,
            settings={**settings, "threads": options.threads or settings["threads"]},
            command=shlex.join(["python", "-m", "ltmlc", *sys.argv[1:]]),
            started=STARTED,
        )

    return attempt_run(work, out, split=data / "split.json", **result)


def predict(options: argparse.Namespace) -> None:
    from ltmlc.files import write_atomically
    from ltmlc.training.predict import predict_images

    predictions = predict_images(options.run_dir, images=options.images, pack=options.pack, device=options.device)
    write_atomically(options.out, predictions.csv())


NEEDED = {"--spec": ("loss", "sampler", "recipe", "model"), "--settings": ("device", "gpu_share", "threads")}
"""Keys of what the rules pass to a training as JSON."""


def _from_json(option: str, text: str) -> dict:
    """What the rules pass on; by hand, leave both out and give --config."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{option} is not readable JSON: {error}") from None
    missing = [key for key in NEEDED[option] if not isinstance(value, dict) or key not in value]
    if missing:
        raise InputError(f"{option} lacks {', '.join(missing)}: leave it out to take it from the configuration")
    return value


def _planned_spec(options: argparse.Namespace) -> dict:
    from ltmlc.grid import load_grid
    from ltmlc.tuning import load_sweep

    runs = load_grid(options.config).runs
    if options.dataset not in runs:
        raise InputError(f"data set {options.dataset!r} is not in the configuration; it has: {', '.join(runs)}")
    if options.run not in runs[options.dataset]:
        candidates = load_sweep(options.config).grid.runs[options.dataset] if "_lr-" in options.run else {}
        if options.run in candidates:
            return candidates[options.run]
        raise InputError(f"no run {options.run!r} on {options.dataset}; it has: {', '.join(runs[options.dataset])}")
    return runs[options.dataset][options.run]


def _load(options: argparse.Namespace) -> tuple:
    """The grid, the results so far, and the splits that exist (of an archive: what it keeps of them)."""
    from ltmlc.evidence.archive import read_splits
    from ltmlc.evidence.results import load_results
    from ltmlc.grid import load_grid

    grid = load_grid(options.config)
    folder = options.results or Path(grid.config["results"])
    if options.results and not (folder / "runs").is_dir():
        raise InputError(f"--results: there is no folder {folder / 'runs'}; name a folder that holds runs/DATASET/RUN")
    results = load_results(grid, folder)
    for message in results.messages:
        print(f"ltmlc {options.verb}: {message}", file=sys.stderr)
    return grid, results, read_splits(folder, grid.datasets)


def tabulate(options: argparse.Namespace) -> None:
    from ltmlc.evidence.tables import tabulate as table_texts
    from ltmlc.files import write_atomically

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["results"], "tables")
    for name in options.table or grid.tables:
        for suffix, text in table_texts(grid, results, name, splits=splits).items():
            write_atomically(out / f"{name}.{suffix}", text)
        write_sums(out / f"{name}.sha256", [out / f"{name}.{suffix}" for suffix in ("csv", "md", "tex")])


def compare(options: argparse.Namespace) -> None:
    from ltmlc.evidence.compare import compare as compare_results
    from ltmlc.evidence.diff_report import write_diff
    from ltmlc.evidence.reference import read_reference
    from ltmlc.files import write_atomically

    grid, results, _ = _load(options)
    out = options.out or Path(grid.config["results"])
    against = grid.config["reference"]
    reference = None if against == "published" else read_reference(against)
    files = write_diff(compare_results(grid, results, reference=reference, against=against), out)
    write_atomically(out / "runs.csv", results.csv())
    write_sums(out / "diff.sha256", [*files, out / "runs.csv"])


def bootstrap(options: argparse.Namespace) -> None:
    from ltmlc.evidence.pairs import measure_methods, measure_run, pairs_csv, pairs_markdown
    from ltmlc.files import write_atomically

    if options.resamples < 2:
        raise InputError(f"--resamples is {options.resamples}; give 2 or more, 1000 for an interval worth printing")
    if options.against and not options.run:
        raise InputError("--against needs a run to compare: give its id after the data set")
    grid, results, splits = _load(options)
    split = _split_of(grid, options.dataset, splits)
    if options.run:
        lines, messages = measure_run(results, split, options.run, against=options.against, resamples=options.resamples)
    else:
        lines, messages = measure_methods(grid, results, split, resamples=options.resamples)
    for message in messages:
        print(f"ltmlc {options.verb}: {message}", file=sys.stderr)
    print(pairs_markdown(lines), end="")
    if options.out:
        write_atomically(options.out, pairs_csv(lines))


def claims(options: argparse.Namespace) -> int:
    from ltmlc.evidence.claims import exit_code, judge_claims
    from ltmlc.evidence.claims_facts import read_thresholds
    from ltmlc.evidence.claims_file import load_claims
    from ltmlc.evidence.claims_report import write_claims

    grid, results, splits = _load(options)
    curves = read_thresholds(Path(grid.config["figures"], "fig3.csv"))
    verdicts = judge_claims(grid, results, load_claims(), splits=splits, curves=curves)
    out = options.out or Path(grid.config["results"])
    write_sums(out / "claims.sha256", write_claims(verdicts, out, grid=grid))
    return exit_code(verdicts) if options.check else 0


def audit(options: argparse.Namespace) -> None:
    from ltmlc.config import load_config
    from ltmlc.evidence.audit import audit as audit_grid
    from ltmlc.evidence.audit import paper_grid
    from ltmlc.evidence.audit_report import write_audit
    from ltmlc.evidence.claims_file import load_claims

    out = options.out or Path(load_config(options.config)["results"])
    write_sums(out / "audit.sha256", write_audit(audit_grid(paper_grid(), load_claims()), out))


def plan(options: argparse.Namespace) -> None:
    from ltmlc.evidence.audit import paper_grid
    from ltmlc.evidence.claims_file import load_claims
    from ltmlc.evidence.plan import make_plan, plan_text
    from ltmlc.evidence.plan_claims import claim_outlooks, outlook_text
    from ltmlc.evidence.reference import read_reference

    grid, results, splits = _load(options)
    paths = _references(grid, options.measured)
    earlier = {key: seeds for path in reversed(paths) for key, seeds in read_reference(path).items()}
    print(plan_text(make_plan(grid, results, splits=splits, elsewhere=_costs(paths))))
    print(outlook_text(claim_outlooks(grid, results, load_claims(), paper_grid(), reference=earlier)), end="")


def _references(grid, measured: list[Path] | None = None) -> list[Path]:
    """Files of earlier runs, those asked for first; what lies in config/reference counts without being asked for."""
    configured = [Path(grid.config["reference"])] if grid.config["reference"] != "published" else []
    found = [*(measured or ()), *filter(Path.exists, configured), *sorted(Path("config/reference").glob("*.csv"))]
    return list(dict.fromkeys(found))


def _costs(paths: list[Path]) -> list:
    from ltmlc.evidence.costs import read_costs

    return [cost for path in paths for cost in read_costs(path)]


def status(options: argparse.Namespace) -> None:
    from ltmlc.evidence.plan import make_plan
    from ltmlc.evidence.status import make_status, status_text

    grid, results, splits = _load(options)
    print(
        status_text(
            make_status(results, plan=make_plan(grid, results, splits=splits, elsewhere=_costs(_references(grid))))
        ),
        end="",
    )


def figures(options: argparse.Namespace) -> None:
    from ltmlc.evidence.figures import write_figure3, write_figure4

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["figures"])
    chosen = options.figure or ["fig3", "fig4", "data", "methods"]
    if "fig3" in chosen:
        write_figure3(out)
    if "fig4" in chosen:
        write_figure4(grid, results, out)
    if "data" in chosen:
        for name in [options.dataset] if options.dataset else grid.datasets:
            _data_figures(grid, name, splits, out)
    if "methods" in chosen:
        for name in [options.dataset] if options.dataset else grid.datasets:
            _method_figures(grid, results, name, splits, out)


def _method_figures(grid, results, name: str, splits: dict, out: Path) -> None:
    from ltmlc.data.pack import open_pack
    from ltmlc.evidence.method_figures import write_method_figures

    split = _split_of(grid, name, splits)
    folder = Path(grid.config["results"], "data", name, "pack")
    try:
        pack = open_pack(folder, split_sha256=split.sha256, verify=False)
    except InputError as error:  # everything but the photographs can be drawn without
        pack = None
        print(f"ltmlc figures: {error}", file=sys.stderr)
    _, messages = write_method_figures(grid, results, split, pack, out)
    for message in messages:
        print(f"ltmlc figures: {message}", file=sys.stderr)


def _split_of(grid, name: str, splits: dict):
    if name not in splits:
        raise InputError(
            f"data set {name!r} has no split under {grid.config['results']}/data yet; the workflow makes it, as does "
            "`ltmlc subset`"
        )
    return splits[name]


def _data_figures(grid, name: str, splits: dict, out: Path) -> None:
    from ltmlc.data.pack import open_pack
    from ltmlc.data.sheets import write_sheets
    from ltmlc.evidence.data_figures import write_data_figures

    split, settings = _split_of(grid, name, splits), grid.datasets[name]
    pack = open_pack(Path(grid.config["results"], "data", name, "pack"), split_sha256=split.sha256, verify=False)
    write_data_figures(split, settings, out)
    write_sheets(
        pack,
        split.classes,
        dataset=name,
        image_size=settings["model"]["image_size"],
        settings=settings["augmentation"],
        directory=out,
    )


def summary(options: argparse.Namespace) -> None:
    from ltmlc.evidence.summary import write_summary

    grid, results, splits = _load(options)
    write_summary(grid, results, options.out or Path(grid.config["results"], "REPRODUCTION.md"), splits=splits)


def export(options: argparse.Namespace) -> None:
    from ltmlc.evidence.crate import write_crate
    from ltmlc.evidence.crate_files import portable_roots
    from ltmlc.evidence.export import class_table, run_table, write_tidy

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["results"], "export")
    tidy = write_tidy(run_table(grid, results, portable_roots(grid, ".")), out, "runs")
    tidy += write_tidy(class_table(results, splits), out, "ap_per_class")
    write_crate(grid, results, tidy, out / "ro-crate.zip", predictions=not options.without_predictions)


def reference(options: argparse.Namespace) -> None:
    from ltmlc.evidence.archive import write_archive
    from ltmlc.evidence.reference import reference_csv
    from ltmlc.files import write_atomically

    _, results, splits = _load(options)
    if options.out.suffix == ".csv":
        write_atomically(options.out, reference_csv(results))
    else:
        written = write_archive(results, splits, options.out)
        print(f"{len(written)} files under {options.out}", file=sys.stderr)


def report(options: argparse.Namespace) -> None:
    from ltmlc.evidence.gather import gather
    from ltmlc.evidence.report import write_report

    grid, results, splits = _load(options)
    out = options.out or Path(grid.config["results"])
    write_sums(out / "report.sha256", write_report(gather(grid, results, splits=splits), out))
