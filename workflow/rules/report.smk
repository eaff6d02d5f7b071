# Needs: tables, figures, diff, metrics. Makes: plan.md (what will be trained, at what price), claims, audit, and what came out:
# report.html, REPRODUCTION.md, numbers.tex, checklist.md.


use rule tabulate as plan with:
    input:
        [],
    output:
        f"{RESULTS}/plan.md",
    log:
        f"{RESULTS}/plan.log",
    benchmark:
        f"{RESULTS}/plan.benchmark.tsv"
    localrule: True
    params:
        verb=untracked("plan"),
        out=lambda wildcards, output: output[0],
        definition=DEFINITIONS.of_all(),


use rule tabulate as claims with:
    input:
        metrics=ALL_METRICS,
        thresholds=f"{PICTURES}/fig3.csv",
    output:
        csv=f"{RESULTS}/claims.csv",
        md=report(f"{RESULTS}/claims.md", caption="../report/claims.rst", category="Comparison"),
    log:
        f"{RESULTS}/claims.log",
    benchmark:
        f"{RESULTS}/claims.benchmark.tsv"
    localrule: True
    params:
        verb=untracked("claims"),
        definition=DEFINITIONS.of_all(),


use rule tabulate as audit with:
    # The published numbers against themselves: needs no training.
    input:
        [],
    output:
        csv=f"{RESULTS}/audit.csv",
        md=report(f"{RESULTS}/audit.md", caption="../report/audit.rst", category="Comparison"),
    log:
        f"{RESULTS}/audit.log",
    benchmark:
        f"{RESULTS}/audit.benchmark.tsv"
    localrule: True
    params:
        verb=untracked("audit"),
        definition=DEFINITIONS.of_all(),


use rule tabulate as summary with:
    # Four files from one reading of the results: they cannot disagree.
    input:
        TABLES,
        FIGURES,
        CURVES,
        TOTALS,
        diff=f"{RESULTS}/diff.csv",
        claims=f"{RESULTS}/claims.csv",
        audit=f"{RESULTS}/audit.csv",
        metrics=ALL_METRICS,
    output:
        html=report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Summary"),
        md=report(
            f"{RESULTS}/REPRODUCTION.md",
            caption="../report/summary.rst",
            category="Summary",
        ),
        tex=report(f"{RESULTS}/numbers.tex", caption="../report/numbers.rst", category="Summary"),
        checklist=report(
            f"{RESULTS}/checklist.md",
            caption="../report/checklist.rst",
            category="Summary",
        ),
    log:
        f"{RESULTS}/summary.log",
    benchmark:
        f"{RESULTS}/summary.benchmark.tsv"
    localrule: True
    params:
        verb=untracked("report"),
        definition=DEFINITIONS.of_all(),


rule partial:
    # Tables, figure 4, curves, diff and the report from what is finished so far, beside the real ones; always runs, needs nothing.
    log:
        f"{RESULTS}/partial.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        sweeps=SWEEPS,
        config=untracked(CONFIG_TEXT),
        out=f"{RESULTS}/partial",
    shell:
        "python -m ltmlc tabulate --config {params.config:q} --out {params.out:q}/tables 2> {log:q}"
        " && python -m ltmlc compare --config {params.config:q} --out {params.out:q} 2>> {log:q}"
        " && for sweep in {params.sweeps:q}; do python -m ltmlc figures $sweep --config {params.config:q} --out {params.out:q} 2>> {log:q}; done"
        " && python -m ltmlc figures curves --config {params.config:q} --out {params.out:q} 2>> {log:q}"
        " && python -m ltmlc report --config {params.config:q} --out {params.out:q} 2>> {log:q}"
        " && cat {params.out:q}/tables/*.md"
