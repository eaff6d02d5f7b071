"""What Snakemake plans from a fresh clone, without running anything."""

import re
from pathlib import Path

import pytest
import yaml

from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow" / "rules"
TEXT = "".join(file.read_text() for file in sorted(RULES.glob("*.smk")))
BLOCKS = dict(re.findall(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", TEXT, flags=re.M | re.S))
# Those that are another one but for what they say: all is inherited, except that they stay where Snakemake runs.
INHERITED = {
    name: (base, body)
    for base, name, body in re.findall(r"^use rule (\w+) as (\w+) with:\n(.*?)(?=^\S|\Z)", TEXT, flags=re.M | re.S)
}


@pytest.fixture(scope="module")
def paper(project):
    return project.plan()


def test_the_paper_is_92_trainings_and_what_is_made_of_them(paper):
    assert paper.jobs["train"] == 92
    assert {dataset for dataset, _, _ in paper.trainings} == {"voc-lt", "coco-lt"}
    expected = {"subset": 2, "pack": 2, "tabulate": 7, "compare": 1, "figure_gradients": 1, "figure_sweep": 1}
    expected |= {"figure_data": 2, "figure_methods": 2, "figure_curves": 7, "figure_totals": 2, "bootstrap": 2}
    expected |= {"label_metrics": 1, "plan": 1, "summary": 1, "all": 1}
    assert {rule: paper.jobs[rule] for rule in expected} == expected
    assert "pretrain" not in paper.jobs


def test_the_demo_is_92_trainings_from_weights_of_its_own(project):
    plan = project.plan("--configfile", "config/demo.yaml")
    assert plan.jobs["train"] == 92
    assert {dataset for dataset, _, _ in plan.trainings} == {"digits20-lt", "digits80-lt"}
    assert plan.jobs["pretrain"] == 2
    assert "results/demo/" in plan.text
    assert not re.search(r"results/(?!demo)", plan.text)
    two = project.plan("--configfile", "config/demo.yaml", "--config", "tables=[table2]", "seeds=[0, 1]")
    assert two.jobs["pretrain"] == 4, "what the starting weights vary by must be in the spread between seeds"


def test_make_photographs_is_46_trainings_all_tables_and_figure_4_without_a_download(project):
    """With the targets that the Makefile names."""
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"\$\(SNAKEMAKE\) (.* config/photographs\.yaml)$", makefile, flags=re.M)
    plan = project.plan(*targets.split())
    assert plan.jobs["train"] == 46
    assert {(dataset, seed) for dataset, _, seed in plan.trainings} == {("voc07-lt-pooled", "0")}
    assert "download" not in plan.jobs and "pretrain" not in plan.jobs
    once = ("subset", "pack", "features", "compare", "claims", "label_metrics", "figure_sweep")
    assert {rule: plan.jobs[rule] for rule in once} == dict.fromkeys(once, 1)
    assert set(re.findall(r"/(table\d)\.md", plan.text)) == {f"table{number}" for number in range(1, 7)}
    assert not re.search(r"results/(?!photographs)", plan.text)


def test_the_workflow_runs_without_the_front_door(project):
    plan = project.plan(
        "--snakefile", "workflow/Snakefile", "--configfile", "config.yaml", "--config", "tables=[table2]"
    )
    assert len(plan.trainings) == 8


def test_every_seed_is_a_training_of_its_own(project):
    plan = project.plan("--config", "tables=[table2]", "seeds=[0,1,2]", "datasets=[voc-lt]", "--", "tables")
    assert plan.jobs["train"] == 3 * 4
    assert {seed for _, _, seed in plan.trainings} == {"0", "1", "2"}


def test_figures_need_only_the_sweep_and_lsep(project):
    plan = project.plan("figures")
    assert plan.jobs["train"] == 2 * (20 + 1)
    assert plan.jobs["figure_sweep"] == 1 and plan.jobs["figure_methods"] == 2
    assert "tabulate" not in plan.jobs


def test_the_bootstrap_waits_for_every_run_of_its_data_set(project):
    """All of them say together how far seeds spread: with fewer its intervals would depend on what comes first."""
    plan = project.plan("--config", "tables=[table1]", "--", "results/bootstrap_voc-lt.md")
    runs = load_grid({"datasets": ["voc-lt"], "tables": ["table1"]}, ROOT).runs["voc-lt"]
    assert plan.trainings == [("voc-lt", run, "0") for run in sorted(runs)] and plan.jobs["bootstrap"] == 1


def test_curves_need_every_run_of_the_tables(project):
    plan = project.plan("--config", "tables=[table2]", "--", "curves")
    assert plan.jobs["figure_curves"] == 1 and plan.jobs["train"] == 2 * 4
    assert "tabulate" not in plan.jobs


def test_the_methods_are_drawn_only_where_the_tables_run_two_of_them(project):
    plan = project.plan("--config", "tables=[table6]", "--", "figures")
    assert plan.jobs["figure_methods"] == 0
    plan = project.plan("--config", "tables=[table1]", "datasets=[voc-lt]", "--", "figures")  # LSEP and DR
    assert plan.jobs["figure_methods"] == 1 and plan.jobs["train"] == 2


def test_the_export_is_made_of_everything_and_only_when_asked_for(project, paper):
    plan = project.plan("export")
    assert plan.jobs["export"] == 1 and plan.jobs["train"] == 92 and plan.jobs["summary"] == 1
    assert "export" not in paper.jobs


def test_plan_and_partial_train_nothing(project):
    assert project.plan("plan", "partial").jobs == {"plan": 1, "partial": 1}


def test_each_gpu_carries_as_many_trainings_as_share_it(project):
    done = project.snakemake("-p", "--resources", "gpu=2", "--config", "training={gpu_share: 3}", "--", "plan")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Provided resources: .*gpu.*\b6\b", done.stdout + done.stderr)


@pytest.mark.parametrize("rule", BLOCKS)
def test_every_rule_has_log_environment_resources_and_benchmark(rule):
    wanted = {"log", "conda", "resources"} | ({"benchmark"} - {"benchmark" if rule == "partial" else ""})
    directives = set(re.findall(r"^    (\w+):", BLOCKS[rule], flags=re.M))
    assert wanted <= directives
    assert {"runtime", "mem_mb"} <= set(re.findall(r"^        (\w+)=", BLOCKS[rule], flags=re.M))


@pytest.mark.parametrize("rule", INHERITED)
def test_a_rule_that_inherits_has_its_own_log_and_benchmark(rule):
    """Also beside its base: two rules with one log would write over each other's."""
    base, body = INHERITED[rule]
    assert base in BLOCKS or base in INHERITED
    directives = set(re.findall(r"^    (\w+):", body, flags=re.M))
    assert "pathvars" in directives or {"output", "log", "benchmark"} <= directives


def test_no_part_of_a_path_that_rules_share_holds_a_wildcard():
    """Snakemake checks the constraints of wildcards before it puts these parts in: there any text would match."""
    parts = re.findall(r"^    pathvars:\n        (\w+)=(.*),$", TEXT, flags=re.M)
    assert len(parts) > 10
    assert [part for part in parts if "{{" in part[1]] == []
    stems = [value for name, value in parts if name == "stem"]
    assert len(stems) == len(set(stems)), "two rules with one log would write over each other's"


def test_the_environments_and_the_captions_of_the_rules_exist():
    references = re.findall(r'(?:conda:\s+|caption=)"([^"]+)"', TEXT)
    assert len(references) > 10
    assert [reference for reference in references if not (RULES / reference).is_file()] == []


def test_no_rule_retries_by_itself():
    """A rule's own `retries` would also count within a cluster's job, inside its time limit; the profiles have them."""
    assert not re.search(r"^    retries:", TEXT, flags=re.M)


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_every_profile_retries_and_goes_on(profile):
    settings = yaml.safe_load((RULES.parents[1] / "profiles" / profile / "profile.yaml").read_text())
    assert settings["retries"] == 2 and settings["keep-going"] and settings["rerun-incomplete"]
    assert ("gpu" in settings.get("resources", {})) == (profile == "default"), "a cluster's GPUs are its own matter"


def test_what_needs_the_network_or_takes_seconds_is_no_cluster_job():
    every = {**BLOCKS, **{name: body for name, (_, body) in INHERITED.items()}}
    submitted = {name for name, body in every.items() if "    localrule: True\n" not in body}
    trained = {"subset", "pack", "pretrain", "features", "train", "figure_gradients", "figure_data"}
    assert submitted == trained | {"pack_held_out", "features_held_out", "train_held_out"}
