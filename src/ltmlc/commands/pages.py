"""The verbs that write what is read: figures, report; and what is kept: export, reference."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ltmlc.commands.options import DeclareVerb, add_config_and_results, add_out, say, say_written, write_checked
from ltmlc.commands.results import check_asked, load_all, results_folder, split_of
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError
from ltmlc.plan.lookup import data_folder
from ltmlc.plan.network import complete_model


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb(
        "figures",
        figures,
        "draw Fig. 3, Fig. 4, all totals, training curves, the figures of the data and of the compared methods",
    )
    add_config_and_results(parser)
    parser.add_argument(
        "figure",
        nargs="*",
        help="fig3, data, methods, totals, curves, or the name of a figure's table, such as fig4 (default: all)",
    )
    parser.add_argument("--dataset", help="of data, methods and totals: only this data set")
    parser.add_argument("--table", help="of curves: only this table")
    add_out(parser)

    parser = verb(
        "report", report, "write report.html (one page for a browser), REPRODUCTION.md, numbers.tex and checklist.md"
    )
    add_config_and_results(parser)
    parser.add_argument("--out", type=Path, help="the folder to write (default: {results})")

    parser = verb("export", export, "write all runs as Parquet and CSV, and everything as an RO-Crate for a repository")
    add_config_and_results(parser)
    add_out(parser)
    parser.add_argument(
        "--without-predictions", action="store_true", help="leave the test logits out of the crate, its largest part"
    )

    parser = verb(
        "reference",
        reference,
        "write the runs as a reference for later: one CSV file, or a folder of metrics files without paths and ids",
    )
    add_config_and_results(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="the CSV file to write, or (no .csv at its end) the folder"
    )


def figures(options: argparse.Namespace) -> None:
    from ltmlc.evidence.figures.curves import write_curves
    from ltmlc.evidence.figures.paper import write_figure3, write_figure4
    from ltmlc.evidence.figures.totals import write_totals

    grid, results, splits = load_all(options)
    out = options.out or Path(grid.config["figures"])
    sweeps = [name for name, table in grid.tables.items() if table.kind == "figure"]
    valid = ["fig3", *sweeps, "data", "methods", "totals", "curves"]
    if unknown := [name for name in options.figure if name not in valid]:
        raise InputError(f"there is no figure {unknown[0]!r}; this configuration has: {', '.join(valid)}")
    if options.table and options.table not in grid.tables:
        raise InputError(
            f"--table: there is no table {options.table!r}; this configuration has: {', '.join(grid.tables)}"
        )
    if options.dataset:
        check_asked(options.dataset, grid.datasets)
    chosen = options.figure or valid
    datasets = [options.dataset] if options.dataset else list(grid.datasets)
    written = write_figure3(out) if "fig3" in chosen else []
    written += write_figure4(grid, results, out, tables=[name for name in sweeps if name in chosen])
    for name in datasets if "data" in chosen else ():
        written += _data_figures(grid, name, splits, out)
    for name in datasets if "methods" in chosen else ():
        written += _method_figures(grid, results, name, splits, out)
    if "totals" in chosen:
        written += write_totals(grid, results, out, datasets=datasets)
    if "curves" in chosen:
        written += write_curves(grid, results, out, tables=[options.table] if options.table else list(grid.tables))
    say_written(options.verb, written)


def _method_figures(grid, results, name: str, splits: dict, out: Path) -> list[Path]:
    from ltmlc.evidence.figures.methods import write_method_figures

    split = _images_of(grid, name, splits)
    try:
        pack = _pack(grid, split)
    except InputError as error:  # everything but the photographs can be drawn without
        pack = None
        say("figures", [str(error)])
    written, messages = write_method_figures(grid, results, split, pack, out)
    say("figures", messages)
    return written


def _data_figures(grid, name: str, splits: dict, out: Path) -> list[Path]:
    from ltmlc.evidence.figures.data import write_data_figures
    from ltmlc.evidence.figures.sheets import write_sheets
    from ltmlc.models.from_timm import settled

    split, settings = _images_of(grid, name, splits), grid.datasets[name]
    pack = _pack(grid, split) if settings.get("pictures", True) else None
    spec = settled({"model": complete_model(settings["model"]), "augmentation": settings["augmentation"]})
    shown = {"image_size": spec["model"]["image_size"], "settings": spec["augmentation"], "directory": out}
    return [*write_data_figures(split, settings, out), *write_sheets(pack, split, **shown)]


def _images_of(grid, name: str, splits: dict):
    """The split of a data set, for figures that ask which image has which label."""
    from ltmlc.data.split import Split

    split = split_of(grid, name, splits)
    if not isinstance(split, Split):
        raise InputError(
            f"data set {name!r}: these results keep counts of its images alone, as `ltmlc reference` does, and the "
            "figures data and methods need the images' labels; name others, such as totals or curves"
        )
    return split


def _pack(grid, split):
    from ltmlc.data.pack.pack import open_pack

    folder = data_folder(grid.config["results"], split.dataset) / "pack"
    return open_pack(folder, split_sha256=split.sha256, verify=False)


def export(options: argparse.Namespace) -> None:
    from ltmlc.evidence.export.crate import write_crate
    from ltmlc.evidence.export.files import portable_roots
    from ltmlc.evidence.export.tidy import class_table, run_table, write_tidy
    from ltmlc.evidence.labels.measure import label_scores

    grid, results, splits = load_all(options)
    labels, messages = label_scores(results, splits)
    say(options.verb, messages)
    out = options.out or Path(grid.config["results"], "export")
    grid = replace(grid, config=grid.config | {"results": str(results_folder(options, grid))})  # what is gathered
    tidy = write_tidy(run_table(grid, results, portable_roots(grid, "."), labels), out, "runs")
    tidy += write_tidy(class_table(results, splits), out, "ap_per_class")
    crate = write_crate(grid, results, tidy, out / "ro-crate.zip", predictions=not options.without_predictions)
    say_written(options.verb, [*tidy, crate])


def reference(options: argparse.Namespace) -> None:
    from ltmlc.evidence.results.archive import read_probe, write_archive
    from ltmlc.evidence.results.reference import reference_csv

    grid, results, splits = load_all(options)
    if options.out.suffix.lower() == ".csv":
        write_atomically(options.out, reference_csv(results))
        say_written(options.verb, [options.out])
    else:
        folder = results_folder(options, grid)
        probes = {name: probe for name in grid.datasets if (probe := read_probe(folder, name)) is not None}
        written = write_archive(results, splits, options.out, probes=probes)
        print(f"{len(written)} files under {options.out}", file=sys.stderr)


def report(options: argparse.Namespace) -> None:
    from ltmlc.evidence.report import report_files
    from ltmlc.evidence.report.gather import Evidence

    evidence = Evidence(*load_all(options))
    out = options.out or Path(evidence.grid.config["results"])
    write_checked(options.verb, out, "report", report_files(evidence, out))
