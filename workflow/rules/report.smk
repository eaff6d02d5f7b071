# Needs: tables, figures, diff, metrics. Makes: plan.md (what will be trained, at what price), claims, audit, and what came out:
# report.html, REPRODUCTION.md, numbers.tex, checklist.md.


use rule compare as plan with:
    input:
        [],
    output:
        "<stem>.md",
    pathvars:
        stem=f"{RESULTS}/plan",
    localrule: True
    params:
        verb=untracked("plan"),
        definition=DEFINITIONS.of_plan(),
        out=lambda wildcards, output: output[0],


use rule compare as claims with:
    input:
        metrics=ALL_METRICS,
        thresholds=f"{PICTURES}/fig3.csv",
    output:
        csv="<stem>.csv",
        md=report("<stem>.md", caption="../report/claims.rst", category="Comparison"),
    pathvars:
        stem=f"{RESULTS}/claims",
    localrule: True
    params:
        verb=untracked("claims"),


use rule compare as audit with:
    # The published numbers against themselves: needs no training.
    input:
        [],
    output:
        csv="<stem>.csv",
        md=report("<stem>.md", caption="../report/audit.rst", category="Comparison"),
    pathvars:
        stem=f"{RESULTS}/audit",
    localrule: True
    params:
        verb=untracked("audit"),


use rule compare as summary with:
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
        md=report(f"{RESULTS}/REPRODUCTION.md", caption="../report/summary.rst", category="Summary"),
        tex=report(f"{RESULTS}/numbers.tex", caption="../report/numbers.rst", category="Summary"),
        checklist=report(f"{RESULTS}/checklist.md", caption="../report/checklist.rst", category="Summary"),
    pathvars:
        stem=f"{RESULTS}/summary",
    localrule: True
    params:
        verb=untracked("report"),


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
