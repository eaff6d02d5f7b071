# Needs: common.smk. Makes: what the sweep's rules ask for: its candidates, and after it is decided the runs that were chosen. No rules here.
HELD_OUT = f"{RESULTS}/tune"
TUNED_DATASETS = list(GRID.datasets)


@cache
def load_candidates():
    """Planned only when asked for: its tables need not fit every configuration."""
    return load_sweep(CONFIG)


sweep = in_words()(load_candidates)


def held_out_metrics(wildcards):
    """Every candidate of a data set, for every seed of the sweep."""
    runs = sweep().grid.runs[wildcards.dataset]
    return [f"{HELD_OUT}/runs/{wildcards.dataset}/{r}/seed{s}/metrics.json" for r in runs for s in sweep().grid.seeds]


@in_words()
def candidate_spec(wildcards):
    return load_candidates().grid.spec(wildcards.dataset, wildcards.run)


def tuned_metrics(wildcards):
    """Known once the sweep has been decided: each method at the recipe's rate and at the chosen one."""
    from ltmlc.evidence.tuning.sweep_csv import read_chosen  # pandas: half a second that nothing else here needs

    chosen = {d: read_chosen(checkpoints.tune_dataset.get(dataset=d).output.csv) for d in TUNED_DATASETS}
    return metrics_of((dataset, run) for dataset, pairs in chosen.items() for pair in pairs.items() for run in pair)
