# Front door: `snakemake --cores 8 --use-conda` here reproduces what config.yaml asks for.
# The rules are in workflow/; other workflows can import them as a module in the same way.


configfile: "config.yaml"


module paper:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from paper
