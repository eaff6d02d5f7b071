# Needs: a data set's split and the configuration's `tune`. Makes: {results}/tune/{dataset}.{csv,md}, which learning rate (or open choice) is best on
# held-out training images, from ordinary train jobs under {results}/tune; then, with `snakemake tuned`, {results}/tables/tuned.{csv,md}.


rule holdout:
    input:
        split=f"{RESULTS}/data/{{dataset}}/split.json",
    output:
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
    log:
        f"{HELD_OUT}/data/{{dataset}}/holdout.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/holdout.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=attempt_times(1000),
        runtime=attempt_times(10),
    params:
        share=CONFIG["tune"]["share"],
        seed=CONFIG["tune"]["holdout_seed"],
        code=holdout_fingerprint(),
    shell:
        "python -m ltmlc holdout --split {input.split:q} --share {params.share} --seed {params.seed} --out {output.split:q}"
        " 2> {log:q}"


rule holdout_weights:
    # The same starting weights as the real trainings'.
    input:
        f"{RESULTS}/data/{{dataset}}/backbone-seed{{seed}}.pt",
    output:
        f"{HELD_OUT}/data/{{dataset}}/backbone-seed{{seed}}.pt",
    log:
        f"{HELD_OUT}/data/{{dataset}}/weights-seed{{seed}}.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/weights-seed{{seed}}.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "cp {input:q} {output:q} 2> {log:q}"


use rule pack as pack_held_out with:
    # The held-out split's images alone: training images, every one.
    input:
        downloaded=ancient(downloaded("data")),
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
    output:
        index=f"{HELD_OUT}/data/{{dataset}}/pack/index.json",
        images=f"{HELD_OUT}/data/{{dataset}}/pack/images.bin",
    log:
        f"{HELD_OUT}/data/{{dataset}}/pack.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/pack.benchmark.tsv"


use rule features as features_held_out with:
    input:
        downloaded_weights=ancient(downloaded("weights")),
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
        index=f"{HELD_OUT}/data/{{dataset}}/pack/index.json",
        images=ancient(f"{HELD_OUT}/data/{{dataset}}/pack/images.bin"),
    output:
        f"{HELD_OUT}/data/{{dataset}}/features.npz",
    log:
        f"{HELD_OUT}/data/{{dataset}}/features.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/features.benchmark.tsv"
    params:
        settings=inputs_settings,
        config=canonical_json({"model": CONFIG["model"]}),
        device=CONFIG["training"]["device"],
        split_sha256=held_out_sha256,
        code=features_fingerprint(),


use rule train as train_held_out with:
    input:
        weights=held_out_weights,
        features=held_out_features,
        downloaded_weights=ancient(downloaded("weights", candidate_spec)),
        downloaded_vectors=ancient(downloaded("word_vectors", candidate_spec)),
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
        index=f"{HELD_OUT}/data/{{dataset}}/pack/index.json",
        images=ancient(f"{HELD_OUT}/data/{{dataset}}/pack/images.bin"),
    output:
        metrics=f"{HELD_OUT}/runs/{{dataset}}/{{run}}/seed{{seed}}/metrics.json",
        predictions=f"{HELD_OUT}/runs/{{dataset}}/{{run}}/seed{{seed}}/predictions.npz",
    log:
        f"{HELD_OUT}/runs/{{dataset}}/{{run}}/seed{{seed}}/train.log",
    benchmark:
        f"{HELD_OUT}/runs/{{dataset}}/{{run}}/seed{{seed}}/benchmark.tsv"
    params:
        spec=lambda wildcards: canonical_json(candidate_spec(wildcards)),
        split_sha256=held_out_sha256,
        code=lambda wildcards: run_fingerprint(candidate_spec(wildcards)),


checkpoint tune_dataset:
    # A checkpoint: which trainings the table of tuned rates needs is known only when this is there.
    input:
        metrics=held_out_metrics,
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
    output:
        csv=f"{HELD_OUT}/{{dataset}}.csv",
        md=report(f"{HELD_OUT}/{{dataset}}.md", caption="../report/tune.rst", category="Tuning"),
    log:
        f"{HELD_OUT}/{{dataset}}.log",
    benchmark:
        f"{HELD_OUT}/{{dataset}}.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=CONFIG_TEXT,
    shell:
        "python -m ltmlc tune {wildcards.dataset} --no-training --config {params.config:q} 2> {log:q}"


rule tuned_table:
    input:
        metrics=tuned_metrics,
    output:
        csv=f"{RESULTS}/tables/tuned.csv",
        md=report(f"{RESULTS}/tables/tuned.md", caption="../report/tuned.rst", category="Tuning"),
    log:
        f"{RESULTS}/tables/tuned.log",
    benchmark:
        f"{RESULTS}/tables/tuned.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=CONFIG_TEXT,
    shell:
        "python -m ltmlc tuned --config {params.config:q} 2> {log:q}"
