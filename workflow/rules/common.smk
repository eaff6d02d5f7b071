# Needs: the configuration. Makes: the grid of runs, the names of all targets, and input functions. No rules here.
import json
import os
import sys
from pathlib import Path

SOURCE = Path(workflow.current_basedir).resolve().parents[1] / "src"
if str(SOURCE) not in sys.path:
    sys.path.insert(0, str(SOURCE))

from ltmlc.data.split import load_split
from ltmlc.errors import InputError
from ltmlc.files import canonical_json
from ltmlc.fingerprint import data_fingerprint, pretrain_fingerprint, run_fingerprint
from ltmlc.grid import load_grid
from snakemake.exceptions import WorkflowError

# Jobs find the package in the source tree, and this Python unless they have an environment of their own, also where
# nobody activated one. (On a cluster the job parses this file again.)
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))

try:
    GRID = load_grid(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

CONFIG = GRID.config
RESULTS, PICTURES = CONFIG["results"], CONFIG["figures"]
SETTINGS = canonical_json(CONFIG["training"])  # how to train, not what: no part of a run's identity
CONFIG_TEXT = canonical_json(CONFIG)

SWEEPS = [name for name, table in GRID.tables.items() if table.kind == "figure"]
DATA_FIGURES = ["images", "augmentation", "classes", "cooccurrence", "cardinality"]
TABLES = expand(f"{RESULTS}/tables/{{table}}.{{kind}}", table=GRID.tables, kind=["csv", "md", "tex"])
FIGURES = expand(
    f"{PICTURES}/{{figure}}.{{kind}}",
    figure=["fig3", *SWEEPS, *(f"{figure}_{dataset}" for figure in DATA_FIGURES for dataset in GRID.datasets)],
    kind=["pdf", "png"],
)
REPORTS = [f"{RESULTS}/{name}" for name in ("diff.csv", "diff.md", "runs.csv", "plan.md", "REPRODUCTION.md")]


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
    return metrics_of(pair for row in GRID.tables[wildcards.table].rows for pair in row.run.items())


def dataset_settings(wildcards):
    """What defines a split: a change of it makes a new one, and then every training on it."""
    settings = GRID.datasets[wildcards.dataset]
    return canonical_json({key: settings.get(key) for key in ("source", "subset", "thresholds")})


def split_sha256(wildcards):
    """The split's checksum, verified while planning, so that an edited file stops the workflow before it touches a result."""
    path = Path(f"{RESULTS}/data/{wildcards.dataset}/split.json")
    try:
        return load_split(path).sha256 if path.exists() else "not made yet"
    except InputError as error:
        raise WorkflowError(str(error)) from None


def attempt_times(first):
    return lambda wildcards, attempt: first * attempt
