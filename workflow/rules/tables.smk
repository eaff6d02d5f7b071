# Needs: metrics files. Makes: {results}/tables/{table}.{csv,md,tex}, label_metrics.{csv,md} beside them, runs.csv (every run, tidy) and diff.{csv,md} (against the published numbers).


rule compare:
    # The rules that read results and write what is read are this one with another verb (params.verb), here and in the other files.
    # Each says where it writes, and log and benchmark follow. No wildcard may stand in a stem: its constraint would not hold there.
    # Snakemake passes everything on but `localrule`.
    input:
        metrics=ALL_METRICS,
    output:
        csv="<stem>.csv",
        md=report("<stem>.md", caption="../report/diff.rst", category="Comparison"),
        runs=f"{RESULTS}/runs.csv",
        agreement=f"{RESULTS}/rank_agreement.csv",
    log:
        "<stem>.log",
    benchmark:
        "<stem>.benchmark.tsv"
    pathvars:
        stem=f"{RESULTS}/diff",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        verb=untracked("compare"),
        config=untracked(CONFIG_TEXT),
        out=folder_of_output,
        definition=DEFINITIONS.of_all(),
    shell:
        "python -m ltmlc {params.verb:q} --config {params.config:q} --out {params.out:q} 2> {log:q}"


use rule compare as tabulate with:
    input:
        metrics=metrics_of_table,
    output:
        csv=f"{RESULTS}/tables/{{table}}.csv",
        md=report(f"{RESULTS}/tables/{{table}}.md", caption="../report/table.rst", category="Tables"),
        tex=f"{RESULTS}/tables/{{table}}.tex",
    log:
        f"{RESULTS}/tables/{{table}}.log",
    benchmark:
        f"{RESULTS}/tables/{{table}}.benchmark.tsv"
    localrule: True
    params:
        verb=untracked(lambda wildcards: ["tabulate", wildcards.table]),
        definition=lambda wildcards: DEFINITIONS.of_table(wildcards.table),


use rule compare as label_metrics with:
    # CP, CR, CF1, OP, OR, OF1 and macro F1 of the rows of the tables: the paper prints none, so they stand apart.
    input:
        metrics=ALL_METRICS,
        predictions=predictions_of(ALL_METRICS),
        splits=expand(f"{RESULTS}/data/{{dataset}}/split.json", dataset=GRID.datasets),
    output:
        csv="<stem>.csv",
        md=report("<stem>.md", caption="../report/label_metrics.rst", category="Tables"),
    pathvars:
        stem=f"{RESULTS}/tables/label_metrics",
    localrule: True
    params:
        verb=untracked("label-metrics"),


rule bootstrap:
    # How far other seeds and other test images would move the compared methods and the steps between them. All runs of the data set say
    # together how far seeds spread, so all are waited for.
    input:
        metrics=metrics_of_dataset,
        predictions=predictions_of_methods,
        split=f"{RESULTS}/data/{{dataset}}/split.json",
    output:
        csv=f"{RESULTS}/bootstrap_{{dataset}}.csv",
        md=f"{RESULTS}/bootstrap_{{dataset}}.md",
    log:
        f"{RESULTS}/bootstrap_{{dataset}}.log",
    benchmark:
        f"{RESULTS}/bootstrap_{{dataset}}.benchmark.tsv"
    wildcard_constraints:
        dataset="|".join(COMPARED) or "none",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=untracked(CONFIG_TEXT),
        definition=lambda wildcards: DEFINITIONS.of_methods(wildcards.dataset),
    shell:
        "python -m ltmlc bootstrap {wildcards.dataset} --config {params.config:q} --out {output.csv:q} > {output.md:q} 2> {log:q}"
