# Needs: a data set's split and pack. Makes: {results}/runs/{dataset}/{run}/seed{seed}/metrics.json and predictions.npz.
# A checkpoint (last.pt) lies beside them, undeclared, so that it survives a failed job and the next attempt continues.


rule pretrain:
    # Of each seed its own: what these weights vary by, from seed to seed or processor to processor, is part of the noise.
    input:
        unpack(inputs(weights_stage(RESULTS))),
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
        made_of=made_of(weights_stage(RESULTS)),
    shell:
        "python -m ltmlc pretrain {wildcards.dataset} --seed {wildcards.seed} --out {output:q}"
        " --made-of {params.made_of:q} 2> {log:q}"


rule features:
    # For data sets whose backbone is fixed (model.cached_views): computed once, then each training is that of a head.
    input:
        unpack(features_inputs(RESULTS)),
    output:
        "<base>/data/{dataset}/features.npz",
    log:
        "<base>/data/{dataset}/features.log",
    benchmark:
        "<base>/data/{dataset}/features.benchmark.tsv"
    pathvars:
        base=RESULTS,
    conda:
        "../../envs/train.yaml"
    threads: ALL_CORES
    resources:
        gpu=0 if CONFIG["training"]["device"] == "cpu" else 1,
        mem_mb=attempt_times(8000),
        runtime=attempt_times(60),
    params:
        made_of=made_of(features_stage(RESULTS)),
        config=untracked(canonical_json({"model": CONFIG["model"]})),
        device=untracked(CONFIG["training"]["device"]),
        data=folder_of_output,
    shell:
        "python -m ltmlc features {wildcards.dataset} --config {params.config:q} --data {params.data:q}"
        " --device {params.device:q} --threads {threads} --made-of {params.made_of:q} 2> {log:q}"


rule train:
    input:
        unpack(run_inputs(RESULTS, run_spec)),
    output:
        metrics="<base>/runs/{dataset}/{run}/seed{seed}/metrics.json",
        predictions="<base>/runs/{dataset}/{run}/seed{seed}/predictions.npz",
    log:
        "<base>/runs/{dataset}/{run}/seed{seed}/train.log",
    benchmark:
        "<base>/runs/{dataset}/{run}/seed{seed}/benchmark.tsv"
    pathvars:
        base=RESULTS,
    conda:
        "../../envs/train.yaml"
    threads: CONFIG["training"]["threads"]
    resources:
        gpu=0 if CONFIG["training"]["device"] == "cpu" else 1,
        mem_mb=attempt_times(8000),
        runtime=attempt_times(60),
    params:
        # What a run is: its specification, its data, the code it uses. A change of any trains it again; nothing else does.
        made_of=made_of(run_stage(RESULTS, run_spec)),
        spec=untracked(lambda wildcards: canonical_json(run_spec(wildcards))),
        code=untracked(lambda wildcards: run_fingerprint(run_spec(wildcards))),
        data=f"{RESULTS}/data/{{dataset}}",
        out=folder_of_output,
    shell:
        "python -m ltmlc train {wildcards.dataset} {wildcards.run:q} --seed {wildcards.seed} --spec {params.spec:q}"
        " --threads {threads} --data {params.data:q} --out {params.out:q}"
        " --code {params.code} --made-of {params.made_of:q} 2>> {log:q}"
