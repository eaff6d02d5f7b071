"""docs/specifications.md: the paper's sentences under every reading that it leaves open, one table and one figure.

`python docs/specifications.py` writes both anew from config/reference alone; a test holds the page to it. A
specification is a set of runs: sums or means, the recipe's rates or chosen ones, a data set; each is judged by
`ltmlc claims` itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from page_parts.marked import page_with
from tuning import tuned

from ltmlc.evidence.claims.file import Claim, load_claims
from ltmlc.evidence.claims.judge import judge_claims
from ltmlc.evidence.claims.verdict import Verdict
from ltmlc.evidence.figures.style import BLACK, COLOURS, MARKERS, save, style
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.results.results import Results, RunResult, load_results
from ltmlc.plan.grid import Grid, Row, load_grid
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.spec import run_id

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "specifications.md"
PICTURE = ROOT / "docs" / "pictures" / "specifications"
REFERENCE = ROOT / "config" / "reference"
PAPER = ["table1", "table2", "table3", "table4", "table5", "table6", "fig4"]
KINDS = {
    "4.3": "Table 2: the parts one by one",
    "4.3, Table 3": "Table 3: class-wise, gamma",
    "4.3, Table 4": "Table 4: which gradient",
    "4.3, Table 6": "Table 6: batch size",
    "Fig. 4 a, b": "Fig. 4 a, b: gamma1",
    "Fig. 4 c, d": "Fig. 4 c, d: gamma2",
}
OTHER_AXIS = {"lsep": "c_lsep", "c_lsep": "lsep"}
OPEN_AXIS = {  # what is said of gamma with one loss, and can be asked of the other
    "lsep-rises-with-gamma": "The same of C-LSEP: it improves with gamma.",
    "gain-of-gamma1": "The same of LSEP: raising its gamma from 1 to 5 gains.",
}
RANGE = 16.0  # points that the figure shows to either side


@dataclass(frozen=True)
class Specification:
    """One column: the paper's tables on one data set, and which run stands for which row's (``runs``: run of the
    paper's row -> the one that is taken).
    """

    name: str
    grid: Grid
    runs: Mapping[str, str]
    results: Results

    def judge(self, claims: Sequence[Claim], *, axis: Mapping[str, str] | None = None) -> dict[str, Verdict]:
        """Verdict by claim, where its rows have all been trained; samples and classes are exchanged by ``axis``."""
        taken = {run: self.runs.get(run if axis is None else axis.get(run, "")) for run in self.grid.runs[self.dataset]}
        tables = {
            name: replace(
                table,
                rows=tuple(replace(row, run={self.dataset: _run(row, self.dataset, taken)}) for row in table.rows),
            )
            for name, table in self.grid.tables.items()
        }
        found = judge_claims(replace(self.grid, tables=tables), self.results, claims)
        return {verdict.claim: verdict for verdict in found if verdict.verdict != "missing"}

    @property
    def dataset(self) -> str:
        (dataset,) = self.grid.datasets
        return dataset

    @property
    def other_axis(self) -> dict[str, str]:
        """Run of LSEP or C-LSEP -> that of the other one, alike in everything else."""
        return {
            run: run_id({**spec, "loss": [{**term, "name": OTHER_AXIS[term["name"]]} for term in spec["loss"]]})
            for run, spec in self.grid.runs[self.dataset].items()
            if all(term["name"] in OTHER_AXIS for term in spec["loss"])
        }


def _run(row: Row, dataset: str, taken: Mapping[str, str | None]) -> str:
    return taken[row.run[dataset]] or "nobody has trained this"


def as_they_are(grid: Grid) -> dict[str, str]:
    return {run: run for runs in grid.runs.values() for run in runs}


def counterparts(grid: Grid, table: str) -> dict[str, str]:
    """Run of a row of the paper -> that of ``table`` which differs in the weights of its terms or in its rate."""
    (dataset,) = grid.datasets
    specs = grid.runs[dataset]

    def plain(spec: Mapping[str, Any]) -> str:
        terms = [{**term, "weight": 1} for term in spec["loss"]]
        return run_id({**spec, "loss": terms, "recipe": specs["lsep"]["recipe"]})

    return {plain(specs[row.run[dataset]]): row.run[dataset] for row in grid.tables[table].rows}


def of_numbers(numbers: Mapping[tuple[str, str], Mapping[int, Mapping[str, float]]]) -> Results:
    """Percent by (data set, run), seed and column, as finished runs."""
    runs = {
        (*names, seed): RunResult(*names, seed, "finished", Path(), percent=dict(percent))
        for names, seeds in numbers.items()
        for seed, percent in seeds.items()
    }
    return Results(runs, tuple(sorted({seed for _, _, seed in runs})))


def evidence(config: Mapping[str, Any], *more: str) -> Grid:
    return load_grid({**config, "tables": [*PAPER, *more]}, ROOT)


@cache
def specifications() -> tuple[Specification, ...]:
    frozen = evidence(read_yaml(ROOT / "config" / "voc07-frozen-evidence.yaml"), "sums", "chosen-rates")
    short = evidence(read_yaml(ROOT / "config" / "voc07-short-evidence.yaml"))
    few, many = (evidence({"datasets": [name]}) for name in ("digits20-lt", "digits80-lt"))
    demo = of_numbers(read_reference(REFERENCE / "demo.csv"))
    pairs, at_chosen_rates = tuned("digits")
    chosen = {pair.cells[0].run: pair.cells[1].run for pair in pairs}

    def kept(grid: Grid, folder: str) -> Results:
        return load_results(grid, REFERENCE / folder)

    own = as_they_are(frozen)
    return (
        Specification("photographs, means", frozen, own, kept(frozen, "voc07-lt-frozen")),
        Specification(
            "photographs, sums", frozen, counterparts(frozen, "sums"), kept(frozen, "voc07-lt-frozen-choices")
        ),
        Specification(
            "photographs, chosen rates",
            frozen,
            counterparts(frozen, "chosen-rates"),
            kept(frozen, "voc07-lt-frozen-tuned"),
        ),
        Specification("photographs, 96 px", short, as_they_are(short), kept(short, "voc07-lt-96px-short")),
        Specification("20 digits", few, as_they_are(few), demo),
        Specification("20 digits, chosen rates", few, chosen, at_chosen_rates),
        Specification("80 digits", many, as_they_are(many), demo),
    )


class Line(NamedTuple):
    """A sentence and its verdict in every specification; None where its rows have not been trained."""

    kind: str
    claim: str
    statement: str
    verdicts: tuple[Verdict | None, ...]

    @property
    def name(self) -> str:
        return f"{self.claim} (other axis)" if self.statement == OPEN_AXIS.get(self.claim) else self.claim

    def count(self, what: Callable[[Verdict], bool]) -> str:
        judged = [verdict for verdict in self.verdicts if verdict]
        return f"{sum(map(what, judged))} of {len(judged)}"

    def count_verdict(self, name: str) -> str:
        return self.count(lambda verdict: verdict.verdict == name)


@cache
def lines() -> tuple[Line, ...]:
    """By kind; a sentence on the other axis follows the sentence itself."""
    everything = [claim for claim in load_claims(root=ROOT) if claim.parts]
    claims = [claim for claim in everything if claim.section in KINDS]
    stated = [each.judge(everything) for each in specifications()]
    about_gamma = [claim for claim in claims if claim.id in OPEN_AXIS]
    turned = [each.judge(about_gamma, axis=each.other_axis) for each in specifications()]
    found = []
    for claim in sorted(claims, key=lambda claim: list(KINDS).index(claim.section)):
        kind = KINDS[claim.section]
        found.append(Line(kind, claim.id, claim.statement, tuple(each.get(claim.id) for each in stated)))
        if claim.id in OPEN_AXIS:
            found.append(Line(kind, claim.id, f"{OPEN_AXIS[claim.id]}", tuple(each.get(claim.id) for each in turned)))
    return tuple(line for line in found if any(line.verdicts))


def as_stated(verdict: Verdict) -> bool:
    return verdict.as_stated == verdict.parts


def cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    mark = {"holds": " ✓", "reversed": " ✗"}.get(verdict.verdict, "" if as_stated(verdict) else " ·")
    return f"{verdict.difference:+.2f}{mark}"


def table() -> str:
    header = ["sentence", "as stated", "shown", "reversed", *(each.name for each in specifications())]
    sections = []
    for kind in dict.fromkeys(line.kind for line in lines()):
        rows = [
            [
                line.statement,
                line.count(as_stated),
                *map(line.count_verdict, ("holds", "reversed")),
                *map(cell, line.verdicts),
            ]
            for line in lines()
            if line.kind == kind
        ]
        sections.append(f"### {kind}\n\n{markdown_table(header, rows).strip()}")
    return "\n\n".join(sections)


def draw() -> Figure:
    """Every sentence a line, every specification a point: the weakest comparison and its 95 % interval."""
    figure = Figure(figsize=(7.2, 0.27 * len(lines()) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    step = 0.8 / len(specifications())
    for column, each in enumerate(specifications()):
        style_of = {"color": COLOURS[column], "marker": MARKERS[column], "linestyle": "none", "markersize": 3.5}
        axes.plot([], [], label=each.name, **style_of)
        for place, verdict in enumerate(line.verdicts[column] for line in lines()):
            if verdict is None:
                continue
            y = place + (column - (len(specifications()) - 1) / 2) * step
            if verdict.low is not None:
                axes.plot([verdict.low, verdict.high], [y, y], color=COLOURS[column], linewidth=0.7)
            axes.plot(verdict.difference, y, **style_of, fillstyle="full" if as_stated(verdict) else "none")
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.set(xlim=(-RANGE, RANGE), ylim=(len(lines()) - 0.5, -0.5), xlabel="mAP points, positive as the paper says")
    axes.set_yticks(range(len(lines())), [f"{line.name}  {line.count(as_stated)}" for line in lines()], fontsize=7)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=4, fontsize=7)
    return figure


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE, "specifications", table()), encoding="utf-8")
    with style():
        pdf, _ = save(draw(), PICTURE)
    pdf.unlink()
