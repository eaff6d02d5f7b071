# Needs: the data root (photographs and annotations; what it lacks is downloaded), or nothing for the embedded digits.
# Makes: {results}/data/{dataset}/split.json (who is in which set) and pack/ (every image decoded once).


rule download:
    # What lies under data.root already is found and left alone; then nothing is asked of the network.
    output:
        touch(f"{RESULTS}/data/{{dataset}}/.downloaded-{{part}}"),
    log:
        f"{RESULTS}/data/{{dataset}}/download-{{part}}.log",
    benchmark:
        f"{RESULTS}/data/{{dataset}}/download-{{part}}.benchmark.tsv"
    wildcard_constraints:
        part="data|weights|word_vectors",
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=attempt_times(4000),
        runtime=attempt_times(240),
    params:
        config=untracked(CONFIG_TEXT),
    shell:
        "python -m ltmlc download {wildcards.dataset} --only {wildcards.part} --config {params.config:q} 2> {log:q}"


rule subset:
    input:
        unpack(inputs(split_stage(RESULTS), downloaded=downloaded("data"))),
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
        made_of=made_of(split_stage(RESULTS)),
    shell:
        "python -m ltmlc subset {wildcards.dataset} --out {output:q} --made-of {params.made_of:q} 2> {log:q}"


rule pack:
    input:
        unpack(pack_inputs(RESULTS)),
    output:
        index="<base>/data/{dataset}/pack/index.json",
        images="<base>/data/{dataset}/pack/images.bin",
    log:
        "<base>/data/{dataset}/pack.log",
    benchmark:
        "<base>/data/{dataset}/pack.benchmark.tsv"
    pathvars:
        base=RESULTS,
    conda:
        "../../envs/data.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=attempt_times(4000),
        runtime=attempt_times(60),
    params:
        made_of=made_of(pack_stage(RESULTS)),
        max_side=untracked(CONFIG["data"]["max_side"] or 0),
        out=folder_of_output,
    shell:
        "python -m ltmlc pack {wildcards.dataset} --split {input.split:q}"
        " --max-side {params.max_side} --workers {threads} --out {params.out:q}"
        " --made-of {params.made_of:q} 2> {log:q}"
