# Needs: the configuration. Makes: the grid of runs, the names of all targets, and input functions. No rules here.
from functools import cache
from pathlib import Path

from ltmlc.data.split import load_split
from ltmlc.errors import InputError
from ltmlc.plan.methods import method_runs
from ltmlc.disk.files import canonical_json
from ltmlc.plan.fingerprint import (
    data_fingerprint,
    features_fingerprint,
    holdout_fingerprint,
    pretrain_fingerprint,
    run_fingerprint,
)
from ltmlc.plan.grid import load_grid
from ltmlc.workflow.hooks import tell_what_happens
from ltmlc.workflow.jobs import leave_signals_to_jobs, set_environment, shell_prefix
from ltmlc.plan.lookup import own_or_shipped
from ltmlc.workflow.recovery import put_in_order
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger


def checked_split(dataset):
    """The checksum of a data set's split, verified; None where there is none yet."""
    path = Path(f"{GRID.config['results']}/data/{dataset}/split.json")
    return checksum_of_split(path, path.stat().st_mtime_ns) if path.exists() else None


@cache
def checksum_of_split(path, modified):
    return load_split(path).sha256


try:
    GRID = load_grid(config)
    # An edited split stops the workflow here, before it touches a result.
    for dataset in GRID.datasets:
        checked_split(dataset)
except InputError as error:
    raise WorkflowError(str(error)) from None

# What a killed or disturbed run left is put in order before anything is planned. The jobs' own Snakemakes leave that alone.
if workflow.is_main_process:
    ALIVE, messages = put_in_order(GRID, arguments=sys.argv[1:])
    for message in messages:
        logger.warning(message)
    tell_what_happens(workflow, GRID.config)

CONFIG = GRID.config
RESULTS, PICTURES = CONFIG["results"], CONFIG["figures"]
# How the workflow ends is no job's matter.
CONFIG_TEXT = canonical_json({key: part for key, part in CONFIG.items() if key != "strict"})
set_environment(CONFIG["training"], CONFIG["data"]["root"])
leave_signals_to_jobs()
shell.prefix(shell_prefix())

# `--resources gpu=N` counts this machine's GPUs; each carries as many trainings at once as training.gpu_share says.
GPUS = workflow.global_resources.get("gpu")
if getattr(GPUS, "value", None) and workflow.is_main_process:
    workflow.register_resource("gpu", GPUS.value * CONFIG["training"]["gpu_share"])

SWEEPS = [name for name, table in GRID.tables.items() if table.kind == "figure"]
DATA_FIGURES = ["images", "augmentation", "classes", "cooccurrence", "cardinality"]
# LSEP, C-LSEP and DR beside each other, for the data sets on which the tables run them.
METHOD_FIGURES = ["absent", "changes", "ap", "gain"]
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
        )
    ),
    *expand(f"{RESULTS}/bootstrap_{{dataset}}.{{kind}}", dataset=COMPARED, kind=["csv", "md"]),
]


wildcard_constraints:
    dataset="|".join(GRID.datasets),
    run="[^/]+",
    seed=r"\d+",
    table="|".join(GRID.tables),


def metrics_of(pairs):
    """The metrics files of (data set, run id) pairs, for every seed."""
    return [f"{RESULTS}/runs/{d}/{r}/seed{s}/metrics.json" for d, r in dict.fromkeys(pairs) for s in GRID.seeds]


ALL_METRICS = metrics_of((dataset, run) for dataset, runs in GRID.runs.items() for run in runs)


def metrics_of_table(wildcards):
    # Beneath Table 2 its class-wise step is split by Table 3's runs, where they are asked for.
    tables = [wildcards.table, *(["table3"] if wildcards.table == "table2" and "table3" in GRID.tables else [])]
    return metrics_of(pair for name in tables for row in GRID.tables[name].rows for pair in row.run.items())


def metrics_of_methods(wildcards):
    return metrics_of((wildcards.dataset, run) for run in method_runs(GRID, wildcards.dataset).values())


def predictions_of_methods(wildcards):
    return [path.replace("metrics.json", "predictions.npz") for path in metrics_of_methods(wildcards)]


def dataset_settings(wildcards):
    """What defines a split: a change of it makes a new one, and then every training on it."""
    settings = GRID.datasets[wildcards.dataset]
    return canonical_json({key: settings.get(key) for key in ("source", "subset", "thresholds")})


def split_sha256(wildcards):
    return checked_split(wildcards.dataset) or "not made yet"


def data_code(wildcards):
    return data_fingerprint(GRID.datasets[wildcards.dataset]["source"]["kind"])


def run_spec(wildcards):
    """A row's run, or one at a rate that the sweep has chosen (tune.smk)."""
    runs = GRID.runs[wildcards.dataset]
    return runs[wildcards.run] if wildcards.run in runs else candidate_spec(wildcards)


def starting_weights(wildcards):
    """The weights file that `ltmlc pretrain` makes, for the data sets that start from one."""
    pretrained = GRID.datasets[wildcards.dataset]["model"].get("weights") == "pretrained"
    return [f"{RESULTS}/data/{wildcards.dataset}/backbone-seed{wildcards.seed}.pt"] if pretrained else []


def cached_features(wildcards):
    """What a fixed backbone has made of the images, for the data sets whose heads alone are trained."""
    fixed = GRID.datasets[wildcards.dataset]["model"].get("cached_views")
    return [f"{RESULTS}/data/{wildcards.dataset}/features.npz"] if fixed else []


def inputs_settings(wildcards):
    """Of a data set, what its network makes of an image before the head."""
    return canonical_json({key: GRID.datasets[wildcards.dataset][key] for key in ("model", "augmentation")})


def downloaded(part, spec_of=run_spec):
    """An input function: the marker that this part of a data set's downloads is there, for sets that have any."""

    def marker(wildcards):
        settings = GRID.datasets[wildcards.dataset]
        model = {**settings["model"], **CONFIG["model"]}
        head = spec_of(wildcards)["model"]["head"] if part == "word_vectors" else None
        needed = {"data": True, "weights": model.get("weights") == "imagenet", "word_vectors": head == "graph"}
        path = f"{RESULTS}/data/{wildcards.dataset}/.downloaded-{part}"
        return [path] if settings.get("downloads") and needed[part] else []

    return marker


def attempt_times(first):
    return lambda wildcards, attempt: first * attempt
