"""The compared methods (``plan/methods``) side by side: six figures a data set, and the numbers behind four of them."""

from functools import partial
from pathlib import Path

from ltmlc.data.pack.pack import Pack
from ltmlc.data.split import Split
from ltmlc.disk.files import write_texts
from ltmlc.errors import InputError
from ltmlc.evidence.figures.absent import absent_csv, answer_probes, draw_absent
from ltmlc.evidence.figures.calibration import calibration, calibration_csv, draw_calibration
from ltmlc.evidence.figures.changes import draw_changes, largest_changes
from ltmlc.evidence.figures.classes import class_csv, class_scores, draw_class_ap, draw_gain
from ltmlc.evidence.figures.precision_recall import draw_precision_recall, precision_csv, precision_curves
from ltmlc.evidence.figures.probes import find_probes
from ltmlc.evidence.figures.style import draw_all, plain
from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.evidence.uncertainty.pairs import logits_of
from ltmlc.plan.grid import Grid
from ltmlc.plan.methods import method_runs


def write_method_figures(
    grid: Grid, results: Results, split: Split, pack: Pack | None, directory: str | Path
) -> tuple[list[Path], list[str]]:
    """``{absent,changes,ap,gain,precision-recall,calibration}_{dataset}.{pdf,png}``, and the numbers behind all but
    `changes` and `gain` as ``.csv``.

    What is not finished is not drawn; the files are written all the same, and say so. Without a ``pack``, as with
    ``pictures: false``, ids stand in the place of photographs.

    Returns:
        The paths, and a message for each file of predictions that cannot be used.
    """
    name, settings = split.dataset, grid.datasets[split.dataset]
    title, names = plain(grid.titles[name]), list(map(plain, split.classes))
    seeds = finished_methods(grid, results, name)
    predictions, messages = {}, []
    for method, finished in seeds.items():
        for result in finished:
            try:
                logits = logits_of(result, split)
            except InputError as error:
                messages.append(str(error))
            else:
                predictions.setdefault(method, []).append(logits)
    probes = find_probes(split, settings.get("probes", ()))
    answers = answer_probes(probes, predictions)
    changes = largest_changes(probes, predictions)
    scores = class_scores(seeds, split)
    curves, calibrated = precision_curves(predictions, split), calibration(predictions, split.test_matrix)
    shown = pack if settings.get("pictures", True) else None
    texts = {
        "absent": absent_csv(answers, split.classes),
        "ap": class_csv(scores, split),
        "precision-recall": precision_csv(curves),
        "calibration": calibration_csv(calibrated),
    }
    paths = write_texts(directory, {f"{figure}_{name}.csv": text for figure, text in texts.items()})
    drawings = {
        "absent": partial(draw_absent, answers, names),
        "changes": partial(draw_changes, changes, shown, names, split.test_ids),
        "ap": partial(draw_class_ap, scores, split),
        "gain": partial(draw_gain, scores, split),
        "precision-recall": partial(draw_precision_recall, curves),
        "calibration": partial(draw_calibration, calibrated),
    }
    named = {f"{figure}_{name}": partial(draw, title=title) for figure, draw in drawings.items()}
    return paths + draw_all(named, directory), messages


def finished_methods(grid: Grid, results: Results, dataset: str) -> dict[str, list[RunResult]]:
    """Method -> its finished seeds, copies left out; methods without one are absent."""
    done = {method: results.drawn(dataset, run) for method, run in method_runs(grid, dataset).items()}
    return {method: seeds for method, seeds in done.items() if seeds}
