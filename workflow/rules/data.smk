# Needs: the data root (photographs and annotations), or nothing for the embedded digits.
# Makes: {results}/data/{dataset}/split.json (who is in which set) and pack/ (every image decoded once).


rule subset:
    output:
        f"{RESULTS}/data/{{dataset}}/split.json",
    log:
        f"{RESULTS}/data/{{dataset}}/subset.log",
    benchmark:
        f"{RESULTS}/data/{{dataset}}/subset.benchmark.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=attempt_times(4000),
        runtime=attempt_times(20),
    params:
        settings=dataset_settings,
        code=data_fingerprint(),
        root=CONFIG["data"]["root"],
    shell:
        "python -m ltmlc subset {wildcards.dataset} --data-root {params.root:q} --out {output:q} 2> {log:q}"


rule pack:
    input:
        split=f"{RESULTS}/data/{{dataset}}/split.json",
    output:
        index=f"{RESULTS}/data/{{dataset}}/pack/index.json",
        images=f"{RESULTS}/data/{{dataset}}/pack/images.bin",
    log:
        f"{RESULTS}/data/{{dataset}}/pack.log",
    benchmark:
        f"{RESULTS}/data/{{dataset}}/pack.benchmark.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 2
    resources:
        mem_mb=attempt_times(4000),
        runtime=attempt_times(60),
    params:
        settings=dataset_settings,
        code=data_fingerprint(),
        root=CONFIG["data"]["root"],
        max_side=CONFIG["data"]["max_side"] or 0,
    shell:
        "python -m ltmlc pack {wildcards.dataset} --split {input.split:q} --data-root {params.root:q}"
        " --max-side {params.max_side} --workers {threads} --out $(dirname {output.index:q}) 2> {log:q}"
