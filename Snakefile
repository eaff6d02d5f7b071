# Front door: `snakemake --cores 8 --use-conda` here reproduces what config.yaml asks for.
# The rules are in workflow/; other workflows can import them as a module in the same way.


configfile: "config.yaml"


module paper:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from paper


onstart:
    # Before the first training, what could be known to be wrong with any of them.
    if any(job.rule.name == "train" for job in workflow.dag.needrun_jobs()):
        from ltmlc.commands.check import refuse_what_cannot_train

        refuse_what_cannot_train(config)
