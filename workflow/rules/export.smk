# Needs: everything that `all` makes. Makes: {results}/export: all runs as Parquet and CSV, and one RO-Crate for a repository.
# Not part of `all`: ask for it by name, `snakemake --cores 1 export`.


use rule compare as export with:
    input:
        TABLES,
        FIGURES,
        CURVES,
        TOTALS,
        REPORTS,
        metrics=ALL_METRICS,
    output:
        expand(
            f"{RESULTS}/export/{{table}}.{{kind}}",
            table=["runs", "ap_per_class"],
            kind=["parquet", "csv"],
        ),
        crate=f"{RESULTS}/export/ro-crate.zip",
    pathvars:
        stem=f"{RESULTS}/export",
    localrule: True
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        verb=untracked("export"),
