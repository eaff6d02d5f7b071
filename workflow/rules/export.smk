# Needs: everything that `all` makes. Makes: {results}/export: all runs as Parquet and CSV, and one RO-Crate for a repository.
# Not part of `all`: ask for it by name, `snakemake --cores 1 export`.


rule export:
    input:
        TABLES,
        FIGURES,
        REPORTS,
        metrics=ALL_METRICS,
    output:
        expand(
            f"{RESULTS}/export/{{table}}.{{kind}}",
            table=["runs", "ap_per_class"],
            kind=["parquet", "csv"],
        ),
        crate=f"{RESULTS}/export/ro-crate.zip",
    log:
        f"{RESULTS}/export.log",
    benchmark:
        f"{RESULTS}/export.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        config=untracked(CONFIG_TEXT),
        out=folder_of_output,
        definition=DEFINITIONS.of_all(),
    shell:
        "python -m ltmlc export --config {params.config:q} --out {params.out:q} 2> {log:q}"
