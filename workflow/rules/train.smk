# Needs: a data set's split and pack. Makes: {results}/runs/{dataset}/{run}/seed{seed}/metrics.json and predictions.npz.
# A checkpoint (last.pt) lies beside them, undeclared, so that it survives a failed job and the next attempt continues.


rule pretrain:
    # Of each seed its own: what these weights vary by, from seed to seed or processor to processor, is part of the noise.
    output:
        f"{RESULTS}/data/{{dataset}}/backbone-seed{{seed}}.pt",
    log:
        f"{RESULTS}/data/{{dataset}}/pretrain-seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/data/{{dataset}}/pretrain-seed{{seed}}.benchmark.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=attempt_times(2000),
        runtime=attempt_times(10),
    params:
        settings=dataset_settings,
        model=lambda wildcards: canonical_json(GRID.datasets[wildcards.dataset]["model"]),
        code=pretrain_fingerprint(),
    shell:
        "python -m ltmlc pretrain {wildcards.dataset} --seed {wildcards.seed} --out {output:q} 2> {log:q}"


rule features:
    # For data sets whose backbone is fixed (model.cached_views): computed once, then each training is that of a head.
    input:
        downloaded_weights=ancient(downloaded("weights")),
        split=f"{RESULTS}/data/{{dataset}}/split.json",
        index=f"{RESULTS}/data/{{dataset}}/pack/index.json",
        images=ancient(f"{RESULTS}/data/{{dataset}}/pack/images.bin"),
    output:
        f"{RESULTS}/data/{{dataset}}/features.npz",
    log:
        f"{RESULTS}/data/{{dataset}}/features.log",
    benchmark:
        f"{RESULTS}/data/{{dataset}}/features.benchmark.tsv"
    conda:
        "../../envs/train.yaml"
    threads: workflow._cores or 4
    resources:
        gpu=0 if CONFIG["training"]["device"] == "cpu" else 1,
        mem_mb=attempt_times(8000),
        runtime=attempt_times(60),
    params:
        settings=inputs_settings,
        config=canonical_json({"model": CONFIG["model"]}),
        device=CONFIG["training"]["device"],
        split_sha256=split_sha256,
        code=features_fingerprint(),
    shell:
        "python -m ltmlc features {wildcards.dataset} --config {params.config:q} --data $(dirname {input.split:q})"
        " --device {params.device:q} --threads {threads} 2> {log:q}"


rule train:
    input:
        weights=starting_weights,
        features=cached_features,
        downloaded_weights=ancient(downloaded("weights")),
        downloaded_vectors=ancient(downloaded("word_vectors")),
        split=f"{RESULTS}/data/{{dataset}}/split.json",
        index=f"{RESULTS}/data/{{dataset}}/pack/index.json",
        images=ancient(f"{RESULTS}/data/{{dataset}}/pack/images.bin"),
    output:
        metrics=f"{RESULTS}/runs/{{dataset}}/{{run}}/seed{{seed}}/metrics.json",
        predictions=f"{RESULTS}/runs/{{dataset}}/{{run}}/seed{{seed}}/predictions.npz",
    log:
        f"{RESULTS}/runs/{{dataset}}/{{run}}/seed{{seed}}/train.log",
    benchmark:
        f"{RESULTS}/runs/{{dataset}}/{{run}}/seed{{seed}}/benchmark.tsv"
    conda:
        "../../envs/train.yaml"
    threads: CONFIG["training"]["threads"]
    resources:
        gpu=0 if CONFIG["training"]["device"] == "cpu" else 1,
        mem_mb=attempt_times(8000),
        runtime=attempt_times(60),
    params:
        # What a run is: its specification, its data, the code it uses. A change of any trains it again; nothing else does.
        spec=lambda wildcards: canonical_json(run_spec(wildcards)),
        split_sha256=split_sha256,
        code=lambda wildcards: run_fingerprint(run_spec(wildcards)),
    shell:
        "python -m ltmlc train {wildcards.dataset} {wildcards.run:q} --seed {wildcards.seed} --spec {params.spec:q}"
        " --threads {threads} --data $(dirname {input.split:q}) --out $(dirname {output.metrics:q})"
        " --code {params.code} 2>> {log:q}"
