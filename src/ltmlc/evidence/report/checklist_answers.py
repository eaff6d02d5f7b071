"""The answers of the checklist: each a pair (answer, what it rests on), from what is on file and nothing else."""

from collections import Counter
from collections.abc import Iterable

from ltmlc.errors import counted_noun
from ltmlc.evidence.claims.file import asked_of
from ltmlc.evidence.markup import hours
from ltmlc.evidence.report.facts import ENVIRONMENT, MACHINE, costs, environment, environment_values, open_choices
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.uncertainty.level import ERROR_RATE
from ltmlc.evidence.uncertainty.noise import LEVEL
from ltmlc.plan.lookup import WEIGHTS, own_or_shipped

Answer = tuple[str, str]
"""yes | partly | no | not applicable | not known; and what that rests on."""


def not_known(because: str) -> Answer:
    return "not known", because


def scope(evidence: Evidence) -> Answer:
    cells = len(evidence.diff.cells)
    tables = ", ".join(table.title for table in evidence.grid.tables.values())
    asked = asked_of(evidence.grid, evidence.claims)
    claims = f"{len(evidence.verdicts)} judgements of {len(asked)} statements" if asked else ""
    text = f"{tables}: {cells} numbers compared" + (f"; {claims} (claims.md)" if claims else "")
    return ("yes" if cells or claims else "no"), text


def methodology(evidence: Evidence) -> Answer:
    return "yes", f"re-implemented; {len(evidence.grid.runs)} data sets; {_code(evidence)}"


def outcome(evidence: Evidence) -> Answer:
    numbers = _counted(cell.verdict for cell in evidence.diff.cells)
    claims = _counted(verdict.verdict for verdict in evidence.counted)
    parts = [f"numbers: {numbers}"] * bool(numbers) + [f"statements: {claims}"] * bool(claims)
    if not evidence.results.with_status("finished"):
        return "no", "no run has finished"
    complete = len(_finished(evidence)) == len(evidence.results.runs)
    return ("yes" if evidence.diff.judged and complete else "partly"), "; ".join(parts) or "nothing to compare with"


def guessed(evidence: Evidence) -> Answer:
    choices = open_choices(evidence)
    if not choices:
        return not_known("no choices are declared in config/recipes.yaml or the tables")
    return "yes", f"{len(choices)} choices that the paper leaves open, each with its origin (REPRODUCTION.md)"


def mathematics(evidence: Evidence) -> Answer:
    losses = sorted({term["name"] for runs in evidence.grid.runs.values() for s in runs.values() for term in s["loss"]})
    page = own_or_shipped("docs/losses.md", evidence.root)
    text = f"{len(losses)} losses: {', '.join(losses)}"
    return ("yes", f"{text}; formulas in docs/losses.md") if page.exists() else ("partly", text)


def theory() -> Answer:
    return "not applicable", "no theorem is claimed; gradients of the losses are drawn from the code itself (Fig. 3)"


def dependencies(evidence: Evidence) -> Answer:
    lock = own_or_shipped("requirements.lock", evidence.root)
    if not lock.exists():
        return "no", "there is no requirements.lock"
    lines = lock.read_text(encoding="utf-8").splitlines()
    return "yes", f"{sum('==' in line for line in lines)} packages with their versions in requirements.lock"


def code(evidence: Evidence) -> Answer:
    dirty = any("dirty" in commit for commit in environment_values(_finished(evidence), "git_commit"))
    return ("partly" if dirty else "yes"), _code(evidence) + (": files differed from the commit" if dirty else "")


def evaluation() -> Answer:
    return "yes", "src/ltmlc/metrics and src/ltmlc/evidence; everything is recomputed from metrics.json files"


def models(evidence: Evidence) -> Answer:
    kept = sum((result.directory / WEIGHTS).exists() for result in _finished(evidence))
    if not kept:
        return "no", "no network was kept (configuration key training.keep_weights); predictions.npz holds the logits"
    return ("yes" if kept == len(_finished(evidence)) else "partly"), f"{kept} networks beside their results"


def commands(evidence: Evidence) -> Answer:
    known = sum(bool(result.metrics.get("command")) for result in _finished(evidence))
    return ("yes" if known else "no"), f"report.html and tables/; {known} runs record their own command (metrics.json)"


def hyper_parameters(evidence: Evidence) -> Answer:
    runs = sum(map(len, evidence.grid.runs.values()))
    text = f"all values of {runs} runs in config/ and in each metrics.json; the last epoch is evaluated, none is chosen"
    return "partly", f"{text}; how the values were selected is said where it is known (REPRODUCTION.md, open choices)"


def runs(evidence: Evidence) -> Answer:
    text = ", ".join(f"{number} {status}" for status, number in evidence.results.counts.items())
    seeds = ", ".join(map(str, evidence.results.seeds))
    return "yes", f"{len(evidence.results.runs)} asked for: {text}; seeds {seeds}; one evaluation each"


def measure() -> Answer:
    return (
        "yes",
        "average precision of each class (scikit-learn's definition), mean over all, head, medium, tail classes",
    )


def variation(evidence: Evidence) -> Answer:
    if len(evidence.results.seeds) == 1:
        return "no", "one seed: numbers without spread (configuration key seeds)"
    noise = [
        f"{evidence.titles[name]} {noise.sd:.2f} (df {noise.df:.1f})"
        for name in evidence.diff.datasets
        if (noise := evidence.diff.noise[name, "total"]).df
    ]
    if not noise:
        return "no", "no run has two finished seeds"
    return "yes", f"mean and sd over seeds; sd of one run between seeds in total mAP: {', '.join(noise)}"


def significance(evidence: Evidence) -> Answer:
    tested = len(evidence.diff.tested)
    if not tested:
        return "no", "no number could be tested against seed noise"
    test = f"level and pattern, one error of {ERROR_RATE:.0%} a column; {LEVEL:.0%} prediction intervals"
    return (
        "yes",
        f"{tested} numbers tested: {test}; statements on differences paired by seed, by rotation",
    )


def cost(evidence: Evidence) -> Answer:
    parts = [
        f"{cost.title}: {hours(cost.median_seconds)} a run (median), {hours(cost.seconds)} in all on "
        f"{', '.join(cost.devices) or 'a device not recorded'}"
        for cost in costs(evidence)
        if cost.median_seconds is not None
    ]
    answer, text = all_of(parts, evidence, "no run has finished")
    return answer, f"{text}; energy not recorded" if parts else text


def infrastructure(evidence: Evidence) -> Answer:
    found = environment(_finished(evidence), ENVIRONMENT | MACHINE)
    parts = [f"{name} {', '.join(values)}" for name, values in found.items()]
    return ("yes", "; ".join(parts)) if parts else not_known("no run has recorded its environment")


def limitations(evidence: Evidence) -> Answer:
    parts = [f"{counted_noun(len(evidence.results.seeds), 'seed')} a run"]
    missing = len(evidence.results.runs) - len(_finished(evidence))
    parts += [f"{missing} runs without a result"] * bool(missing)
    parts += ["a published number is one draw"] * evidence.published
    parts += list(evidence.diff.messages)
    grave = sum(finding.severity == "contradiction" for finding in evidence.findings)
    parts += [f"{grave} contradictions among the published numbers themselves (audit.md)"] * bool(grave)
    return "partly", "; ".join(parts) + "; others: not known"


def licences(evidence: Evidence) -> Answer:
    own = own_or_shipped("LICENSE", evidence.root).exists()
    return "partly", ("this code: LICENSE" if own else "no licence file") + "; data and weights: not on file"


def _finished(evidence: Evidence) -> list:
    return evidence.results.with_status("finished")


def _code(evidence: Evidence) -> str:
    commits = environment_values(_finished(evidence), "git_commit")
    return f"src/ltmlc, commit {', '.join(commits)}" if commits else "src/ltmlc, commit not recorded"


def all_of(parts: list[str], evidence: Evidence, none: str) -> Answer:
    if not parts:
        return "no", none
    return ("yes" if len(parts) == len(evidence.grid.datasets) else "partly"), "; ".join(parts)


def _counted(verdicts: Iterable[str]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in Counter(verdicts).items())
