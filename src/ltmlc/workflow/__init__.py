"""All that knows Snakemake: the jobs' environment, recovery, one attempt at a run."""
