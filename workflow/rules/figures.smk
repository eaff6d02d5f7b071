# Needs: the losses (Fig. 3), the sweep's metrics (Fig. 4), every table's metrics (curves, totals), the data, the predictions of the compared methods. Makes: {figures}/*.pdf and *.png.
from ltmlc.evidence.figures.gradients import LOSSES_DRAWN


use rule compare as figure_gradients with:
    input:
        [],
    output:
        pdf="<stem>.pdf",
        thresholds="<stem>.csv",
        png=report("<stem>.png", caption="../report/fig3.rst", category="Figures"),
    pathvars:
        stem=f"{PICTURES}/fig3",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        verb=untracked(["figures", "fig3"]),
        definition=DEFINITIONS.of_data(),
        code=run_fingerprint({"loss": [{"name": name} for name in LOSSES_DRAWN]}),


use rule tabulate as figure_sweep with:
    output:
        pdf=f"{PICTURES}/{{table}}.pdf",
        png=report(f"{PICTURES}/{{table}}.png", caption="../report/fig4.rst", category="Figures"),
    log:
        f"{PICTURES}/{{table}}.log",
    benchmark:
        f"{PICTURES}/{{table}}.benchmark.tsv"
    wildcard_constraints:
        table="|".join(SWEEPS) or "none",
    localrule: True
    params:
        verb=untracked(lambda wildcards: ["figures", wildcards.table]),


use rule tabulate as figure_curves with:
    output:
        pdf=f"{PICTURES}/curves_{{table}}.pdf",
        png=report(f"{PICTURES}/curves_{{table}}.png", caption="../report/curves.rst", category="Figures"),
    log:
        f"{PICTURES}/curves_{{table}}.log",
    benchmark:
        f"{PICTURES}/curves_{{table}}.benchmark.tsv"
    localrule: True
    params:
        verb=untracked(lambda wildcards: ["figures", "curves", "--table", wildcards.table]),


use rule compare as figure_totals with:
    input:
        metrics=metrics_of_tables,
    output:
        pdf=f"{PICTURES}/totals_{{dataset}}.pdf",
        png=report(f"{PICTURES}/totals_{{dataset}}.png", caption="../report/totals.rst", category="Figures"),
    log:
        f"{PICTURES}/totals_{{dataset}}.log",
    benchmark:
        f"{PICTURES}/totals_{{dataset}}.benchmark.tsv"
    localrule: True
    params:
        verb=untracked(lambda wildcards: ["figures", "totals", "--dataset", wildcards.dataset]),


use rule compare as figure_data with:
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
        verb=untracked(lambda wildcards: ["figures", "data", "--dataset", wildcards.dataset]),
        definition=DEFINITIONS.of_data(),


use rule compare as figure_methods with:
    # The compared methods: what they say of absent classes, class by class, precision and recall, calibration. The photographs of `changes` stay out of Snakemake's report.
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
                figure=["absent", "ap", "gain"],
            ),
            caption="../report/methods.rst",
            category="Figures",
        ),
        precision=report(
            f"{PICTURES}/precision-recall_{{dataset}}.png",
            caption="../report/precision-recall.rst",
            category="Figures",
        ),
        calibration=report(
            f"{PICTURES}/calibration_{{dataset}}.png",
            caption="../report/calibration.rst",
            category="Figures",
        ),
        csv=expand(
            f"{PICTURES}/{{table}}_{{{{dataset}}}}.csv",
            table=["absent", "ap", "precision-recall", "calibration"],
        ),
    log:
        f"{PICTURES}/methods_{{dataset}}.log",
    benchmark:
        f"{PICTURES}/methods_{{dataset}}.benchmark.tsv"
    wildcard_constraints:
        dataset="|".join(COMPARED) or "none",
    localrule: True
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        verb=untracked(lambda wildcards: ["figures", "methods", "--dataset", wildcards.dataset]),
        definition=lambda wildcards: DEFINITIONS.of_methods(wildcards.dataset),
