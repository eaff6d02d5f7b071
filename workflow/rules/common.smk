# Needs: the configuration. Makes: the grid of runs, the names of all targets, and what must be made again. No rules here.
import gc
from functools import cache
from pathlib import Path

from ltmlc.data.split import load_split
from ltmlc.errors import InputError
from ltmlc.plan.methods import method_runs
from ltmlc.disk.files import canonical_json
from ltmlc.plan.fingerprint import run_fingerprint
from ltmlc.plan.grid import load_grid
from ltmlc.plan.sweep import load_sweep, planned_spec
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.definitions import Definitions
from ltmlc.workflow.hooks import tell_what_happens
from ltmlc.workflow.kept import keep
from ltmlc.workflow.jobs import leave_signals_to_jobs, set_environment, shell_prefix
from ltmlc.workflow.record import UNKNOWN
from ltmlc.workflow.recovery import begin, is_due, put_in_order
from ltmlc.workflow.stages import Stages
from ltmlc.workflow.words import in_words
from snakemake.logging import logger

# What is imported stays: looking through it for garbage, again and again, took a sixth of the planning.
gc.freeze()

with in_words():
    GRID = load_grid(config)
    # An edited split stops the workflow here, before it touches a result.
    for dataset in GRID.datasets:
        if Path(f"{GRID.config['results']}/data/{dataset}/split.json").exists():
            load_split(f"{GRID.config['results']}/data/{dataset}/split.json")


def say(messages):
    for message in messages:
        logger.warning(message)


# The jobs' own Snakemakes tell nothing, and leave alone what a killed or disturbed run left.
ALIVE = None
if workflow.is_main_process:
    ALIVE, messages = begin()
    say(messages)
    tell_what_happens(workflow, GRID.config)

CONFIG = GRID.config
RESULTS, PICTURES = CONFIG["results"], CONFIG["figures"]
# How the workflow ends is no job's matter.
CONFIG_TEXT = canonical_json({key: part for key, part in CONFIG.items() if key != "strict"})
set_environment(CONFIG["training"], CONFIG["data"]["root"])
leave_signals_to_jobs()
shell.prefix(shell_prefix())

CONTENTS = Contents(Path(".snakemake/ltmlc-contents.json"))
STAGES, DEFINITIONS = Stages(GRID, CONTENTS), Definitions(GRID, CONTENTS)

# `--resources gpu=N` counts this machine's GPUs; each carries as many trainings at once as training.gpu_share says.
GPUS = workflow.global_resources.get("gpu")
if getattr(GPUS, "value", None) and workflow.is_main_process:
    workflow.register_resource("gpu", GPUS.value * CONFIG["training"]["gpu_share"])

SWEEPS = [name for name, table in GRID.tables.items() if table.kind == "figure"]
DATA_FIGURES = ["images", "augmentation", "classes", "cooccurrence", "cardinality"]
# The compared methods beside each other, for the data sets on which the tables run at least two.
METHOD_FIGURES = ["absent", "changes", "ap", "gain", "precision-recall", "calibration"]
COMPARED = [dataset for dataset in GRID.datasets if len(method_runs(GRID, dataset)) > 1]
TABLES = expand(f"{RESULTS}/tables/{{table}}.{{kind}}", table=GRID.tables, kind=["csv", "md", "tex"])
FIGURES = expand(
    f"{PICTURES}/{{figure}}.{{kind}}",
    figure=[
        "fig3",
        *SWEEPS,
        *(f"{figure}_{dataset}" for figure in DATA_FIGURES for dataset in GRID.datasets),
        *(f"{figure}_{dataset}" for figure in METHOD_FIGURES for dataset in COMPARED),
    ],
    kind=["pdf", "png"],
)
TOTALS = expand(f"{PICTURES}/totals_{{dataset}}.{{kind}}", dataset=GRID.datasets, kind=["pdf", "png"])
CURVES = expand(f"{PICTURES}/curves_{{table}}.{{kind}}", table=GRID.tables, kind=["pdf", "png"])
REPORTS = [
    *(
        f"{RESULTS}/{name}"
        for name in (
            "diff.csv",
            "diff.md",
            "runs.csv",
            "rank_agreement.csv",
            "claims.csv",
            "claims.md",
            "audit.csv",
            "audit.md",
            "plan.md",
            "REPRODUCTION.md",
            "report.html",
            "numbers.tex",
            "checklist.md",
            "tables/label_metrics.csv",
            "tables/label_metrics.md",
        )
    ),
    *expand(f"{RESULTS}/bootstrap_{{dataset}}.{{kind}}", dataset=COMPARED, kind=["csv", "md"]),
]


wildcard_constraints:
    dataset="|".join(GRID.datasets),
    run="[^/]+",
    seed=r"0|[1-9][0-9]{0,9}",  # `seed00` would be seed 0 once more
    table="|".join(GRID.tables),


def metrics_of(pairs):
    """The metrics files of (data set, run id) pairs, for every seed."""
    return [f"{RESULTS}/runs/{d}/{r}/seed{s}/metrics.json" for d, r in dict.fromkeys(pairs) for s in GRID.seeds]


ALL_METRICS = metrics_of((dataset, run) for dataset, runs in GRID.runs.items() for run in runs)


def metrics_of_table(wildcards):
    # A step of a table may be split beneath it by another table's runs, where they are asked for.
    split = GRID.tables[wildcards.table].split
    tables = [wildcards.table, *([split.table] if split and split.table in GRID.tables else [])]
    return metrics_of(pair for name in tables for row in GRID.tables[name].rows for pair in row.run.items())


def metrics_of_tables(wildcards):
    """Of a data set, the runs of all tables that are no figure."""
    tables = [table for table in GRID.tables.values() if table.kind == "table"]
    return metrics_of((wildcards.dataset, row.run[wildcards.dataset]) for table in tables for row in table.rows)


def metrics_of_dataset(wildcards):
    return metrics_of((wildcards.dataset, run) for run in GRID.runs[wildcards.dataset])


def metrics_of_methods(wildcards):
    return metrics_of((wildcards.dataset, run) for run in method_runs(GRID, wildcards.dataset).values())


def predictions_of(metrics):
    return [path.replace("metrics.json", "predictions.npz") for path in metrics]


def predictions_of_methods(wildcards):
    return predictions_of(metrics_of_methods(wildcards))


@in_words()
def run_spec(wildcards):
    """A row's run, or one at a rate that the sweep has chosen (tune.smk)."""
    return planned_spec(GRID, wildcards.dataset, wildcards.run, load_candidates)


def attempt_times(first):
    return lambda wildcards, attempt: first * attempt


def untracked(value):
    """A parameter whose change alone is no reason to do a job again: Snakemake takes what may come from inputs as theirs."""
    return lambda wildcards, input: value(wildcards) if callable(value) else value


# What must be made again is decided here, by content, and handed to Snakemake in two ways that agree:
# a job that is due has its outputs forced, and ordinary inputs; one that is not has inputs that are `ancient`.
# So a job behind one that is due is never passed over in silence (Snakemake looks at nothing behind a job that is due, and starts
# what lies there only through inputs that are not `ancient`), and dates never train anything again.


def inputs(stage_of, **paths_of):
    """An input function: the paths that each of ``paths_of`` gives, for a job whose stage ``stage_of`` gives."""

    @in_words()
    def named_inputs(wildcards):
        damaged = in_order()
        stage = stage_of(wildcards)
        named = {name: paths(wildcards) for name, paths in paths_of.items()}
        if stage.changed or is_due(stage.file, damaged):
            make_again(stage)
            if UNKNOWN in stage.made_of.values():  # labels, photographs or word vectors are not where they were
                workflow.dag.forcefiles.update(
                    path for name, paths in named.items() if name.startswith("downloaded") for path in paths
                )
            return named
        return {name: [ancient(path) for path in paths] for name, paths in named.items()}

    return named_inputs


def only_plans():
    """A dry run, or `--summary`, `--dag` and their like, which have nothing that executes."""
    return workflow.dryrun or workflow.executor_plugin is None


def make_again(stage):
    """A run also where nothing asks for it now: a table must not keep a number with nothing behind it."""
    is_run = stage.file.name == "metrics.json"
    tell_why(stage.changed, "trainings" if is_run else stage.file)
    if is_run or stage.file.exists():
        workflow.dag.forcefiles.add(stage.file.as_posix())
    if is_run and stage.file.exists() and not only_plans() and workflow.is_main_process:
        keep(stage.file.parent)


@cache
def tell_why(changed, what):
    if changed not in ((), ("not there",)):  # of what is damaged alone, `in_order` tells
        say([f"{what}: made again, as this has changed: {', '.join(changed)}"])


def grids_on_disk():
    """The tables' runs; where a sweep was begun, also what it trains (tune.smk)."""
    if not (ALIVE and Path(HELD_OUT).is_dir()):
        return [GRID]
    try:
        return load_candidates().grids(GRID)
    except InputError:  # its tables need not fit every configuration
        return [GRID]


@cache
@in_words()
def in_order():
    """The damaged results, to be made again. Asked first when Snakemake plans, as then it knows whether it only plans."""
    damaged = {}
    for grid in grids_on_disk():
        found, messages = put_in_order(grid, ALIVE, asked=GRID, dry=only_plans())
        damaged |= found
        say(messages)
    workflow.dag.forcefiles.update(path.as_posix() for path in damaged)
    return damaged


def made_of(stage_of):
    """What a job's output is recorded to be made of, known in full when what comes before it is done."""
    return untracked(lambda wildcards: canonical_json(stage_of(wildcards).made_of))


def folder_of_output(wildcards, output):
    return Path(output[0]).parent


# Of this machine; on a cluster, where Snakemake does not know, what a job asks for.
ALL_CORES = workflow.resource_settings.cores or 4
SPLIT_AND_PACK = ("split.json", "pack/index.json", "pack/images.bin")


def split_stage(base):
    return lambda wildcards: STAGES.split(base, wildcards.dataset)


def pack_stage(base):
    return lambda wildcards: STAGES.pack(base, wildcards.dataset)


def features_stage(base):
    return lambda wildcards: STAGES.features(base, wildcards.dataset)


def weights_stage(base):
    return lambda wildcards: STAGES.weights(base, wildcards.dataset, wildcards.seed)


def run_stage(base, spec_of):
    return lambda wildcards: STAGES.run(base, wildcards.dataset, wildcards.run, wildcards.seed, spec_of(wildcards))


def in_data(base, *names):
    """An input function: files of a data set's folder."""
    return lambda wildcards: [f"{base}/data/{wildcards.dataset}/{name}" for name in names]


def starting_weights(base, spec_of):
    """The weights file that `ltmlc pretrain` makes, for the runs that start from one."""

    def weights(wildcards):
        pretrained = spec_of(wildcards)["model"]["weights"] == "pretrained"
        return in_data(base, f"backbone-seed{wildcards.seed}.pt")(wildcards) if pretrained else []

    return weights


def cached_features(base, spec_of):
    """What a fixed backbone has made of the images, for the runs whose heads alone are trained."""
    return lambda wildcards: (
        in_data(base, "features.npz")(wildcards) if spec_of(wildcards)["model"].get("cached_views") else []
    )


def pack_inputs(base):
    return inputs(pack_stage(base), downloaded=downloaded("data"), split=in_data(base, "split.json"))


def features_inputs(base):
    return inputs(features_stage(base), downloaded=downloaded("weights"), data=in_data(base, *SPLIT_AND_PACK))


def run_inputs(base, spec_of):
    return inputs(
        run_stage(base, spec_of),
        weights=starting_weights(base, spec_of),
        features=cached_features(base, spec_of),
        downloaded_weights=downloaded("weights", spec_of),
        downloaded_vectors=downloaded("word_vectors", spec_of),
        data=in_data(base, *SPLIT_AND_PACK),
    )


def downloaded(part, spec_of=None):
    """An input function: the marker that this part of a data set's downloads is there, for sets that have any."""

    def marker(wildcards):
        settings = GRID.datasets[wildcards.dataset]
        model = spec_of(wildcards)["model"] if spec_of else {**settings["model"], **CONFIG["model"]}
        needed = {
            "data": True,
            "weights": model.get("weights") == "imagenet",
            "word_vectors": model.get("head") == "graph",
        }
        return in_data(RESULTS, f".downloaded-{part}")(wildcards) if settings.get("downloads") and needed[part] else []

    return marker
