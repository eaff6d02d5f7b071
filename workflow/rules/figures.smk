# Needs: the losses (Fig. 3), the sweep's metrics (Fig. 4), the data, the predictions of LSEP, C-LSEP and DR. Makes: {figures}/*.pdf and *.png.


rule figure_gradients:
    output:
        pdf=f"{PICTURES}/fig3.pdf",
        thresholds=f"{PICTURES}/fig3.csv",
        png=report(f"{PICTURES}/fig3.png", caption="../report/fig3.rst", category="Figures"),
    log:
        f"{PICTURES}/fig3.log",
    benchmark:
        f"{PICTURES}/fig3.benchmark.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        config=untracked(CONFIG_TEXT),
        out=folder_of_output,
        definition=DEFINITIONS.of_data(),
        code=run_fingerprint({"loss": [{"name": "c_lsep"}, {"name": "dr"}]}),
    shell:
        "python -m ltmlc figures fig3 --config {params.config:q} --out {params.out:q} 2> {log:q}"


rule figure_sweep:
    input:
        metrics=metrics_of_table,
    output:
        pdf=f"{PICTURES}/{{table}}.pdf",
        png=report(
            f"{PICTURES}/{{table}}.png",
            caption="../report/fig4.rst",
            category="Figures",
        ),
    log:
        f"{PICTURES}/{{table}}.log",
    benchmark:
        f"{PICTURES}/{{table}}.benchmark.tsv"
    wildcard_constraints:
        table="|".join(SWEEPS) or "none",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=untracked(CONFIG_TEXT),
        out=folder_of_output,
        definition=lambda wildcards: DEFINITIONS.of_table(wildcards.table),
    shell:
        "python -m ltmlc figures {wildcards.table} --config {params.config:q} --out {params.out:q} 2> {log:q}"


rule figure_data:
    input:
        split=f"{RESULTS}/data/{{dataset}}/split.json",
        index=f"{RESULTS}/data/{{dataset}}/pack/index.json",
    output:
        expand(
            f"{PICTURES}/{{figure}}_{{{{dataset}}}}.{{kind}}",
            figure=DATA_FIGURES,
            kind=["pdf", "png"],
        ),
    log:
        f"{PICTURES}/data_{{dataset}}.log",
    benchmark:
        f"{PICTURES}/data_{{dataset}}.benchmark.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        config=untracked(CONFIG_TEXT),
        definition=DEFINITIONS.of_data(),
        out=folder_of_output,
    shell:
        "python -m ltmlc figures data --dataset {wildcards.dataset} --config {params.config:q} --out {params.out:q} 2> {log:q}"


rule figure_methods:
    # LSEP, C-LSEP and DR: what they say of absent classes, and class by class. The photographs of `changes` stay out of Snakemake's report.
    input:
        metrics=metrics_of_methods,
        predictions=predictions_of_methods,
        split=f"{RESULTS}/data/{{dataset}}/split.json",
        index=f"{RESULTS}/data/{{dataset}}/pack/index.json",
    output:
        pdf=expand(f"{PICTURES}/{{figure}}_{{{{dataset}}}}.pdf", figure=METHOD_FIGURES),
        photographs=f"{PICTURES}/changes_{{dataset}}.png",
        png=report(
            expand(
                f"{PICTURES}/{{figure}}_{{{{dataset}}}}.png",
                figure=[figure for figure in METHOD_FIGURES if figure != "changes"],
            ),
            caption="../report/methods.rst",
            category="Figures",
        ),
        csv=expand(f"{PICTURES}/{{table}}_{{{{dataset}}}}.csv", table=["absent", "ap"]),
    log:
        f"{PICTURES}/methods_{{dataset}}.log",
    benchmark:
        f"{PICTURES}/methods_{{dataset}}.benchmark.tsv"
    wildcard_constraints:
        dataset="|".join(COMPARED) or "none",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        config=untracked(CONFIG_TEXT),
        definition=DEFINITIONS.of_data(),
        out=folder_of_output,
    shell:
        "python -m ltmlc figures methods --dataset {wildcards.dataset} --config {params.config:q} --out {params.out:q} 2> {log:q}"
