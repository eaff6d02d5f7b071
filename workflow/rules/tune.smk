# Needs: a data set's split and the configuration's `tune`. Makes: {results}/tune/{dataset}.{csv,md}, which learning rate (or open choice) is best on
# held-out training images, from ordinary train jobs under {results}/tune; then, with `snakemake tuned`, {results}/tables/tuned.{csv,md}.


rule holdout:
    input:
        unpack(inputs(split_stage(HELD_OUT), split=in_data(RESULTS, "split.json"))),
    output:
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
    log:
        f"{HELD_OUT}/data/{{dataset}}/holdout.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/holdout.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=attempt_times(1000),
        runtime=attempt_times(10),
    params:
        made_of=made_of(split_stage(HELD_OUT)),
        share=untracked(CONFIG["tune"]["share"]),
        seed=untracked(CONFIG["tune"]["holdout_seed"]),
    shell:
        "python -m ltmlc holdout --split {input.split:q} --share {params.share} --seed {params.seed} --out {output.split:q}"
        " --made-of {params.made_of:q} 2> {log:q}"


rule holdout_weights:
    # The same starting weights as the real trainings'.
    input:
        unpack(
            inputs(
                weights_stage(HELD_OUT),
                weights=in_data(RESULTS, "backbone-seed{seed}.pt"),
            )
        ),
    output:
        f"{HELD_OUT}/data/{{dataset}}/backbone-seed{{seed}}.pt",
    log:
        f"{HELD_OUT}/data/{{dataset}}/weights-seed{{seed}}.log",
    benchmark:
        f"{HELD_OUT}/data/{{dataset}}/weights-seed{{seed}}.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        made_of=made_of(weights_stage(HELD_OUT)),
    shell:
        "cp {input:q} {output:q} 2> {log:q}"
        " && python -m ltmlc.workflow.record {output:q} {params.made_of:q} 2>> {log:q}"


use rule pack as pack_held_out with:
    # The held-out split's images alone: training images, every one.
    input:
        unpack(pack_inputs(HELD_OUT)),
    pathvars:
        base=HELD_OUT,
    params:
        made_of=made_of(pack_stage(HELD_OUT)),


use rule features as features_held_out with:
    input:
        unpack(features_inputs(HELD_OUT)),
    pathvars:
        base=HELD_OUT,
    params:
        made_of=made_of(features_stage(HELD_OUT)),


use rule train as train_held_out with:
    input:
        unpack(run_inputs(HELD_OUT, candidate_spec)),
    pathvars:
        base=HELD_OUT,
    params:
        made_of=made_of(run_stage(HELD_OUT, candidate_spec)),
        spec=untracked(lambda wildcards: canonical_json(candidate_spec(wildcards))),
        code=untracked(lambda wildcards: run_fingerprint(candidate_spec(wildcards))),
        data=f"{HELD_OUT}/data/{{dataset}}",


checkpoint tune_dataset:
    # A checkpoint: which trainings the table of tuned rates needs is known only when this is there.
    input:
        metrics=held_out_metrics,
        split=f"{HELD_OUT}/data/{{dataset}}/split.json",
    output:
        csv=f"{HELD_OUT}/{{dataset}}.csv",
        md=report(f"{HELD_OUT}/{{dataset}}.md", caption="../report/tune.rst", category="Tuning"),
    log:
        f"{HELD_OUT}/{{dataset}}.log",
    benchmark:
        f"{HELD_OUT}/{{dataset}}.benchmark.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=untracked(CONFIG_TEXT),
        definition=DEFINITIONS.of_sweep(),
    shell:
        "python -m ltmlc tune {wildcards.dataset} --no-training --config {params.config:q} 2> {log:q}"


use rule compare as tuned_table with:
    input:
        metrics=tuned_metrics,
    output:
        csv="<stem>.csv",
        md=report("<stem>.md", caption="../report/tuned.rst", category="Tuning"),
    pathvars:
        stem=f"{RESULTS}/tables/tuned",
    localrule: True
    params:
        verb=untracked("tuned"),
        definition=DEFINITIONS.of_sweep(),
