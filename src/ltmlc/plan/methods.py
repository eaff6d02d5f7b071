"""The methods that figures and ``bootstrap`` set beside each other: the paper's three, or rows of the user's choice."""

from collections.abc import Iterator

from ltmlc.errors import InputError
from ltmlc.plan.rows import Grid
from ltmlc.plan.terms import loss_term


def method_runs(grid: Grid, dataset: str) -> dict[str, str]:
    """Method -> run id, in the order of comparison: the rows of the configuration's key ``methods``, or without it
    LSEP, C-LSEP and DR, those that the grid has.

    Raises:
        InputError: ``methods`` names a row that no table has, or that is several runs.
    """
    if rows := grid.config.get("methods"):
        return {name: run_of(grid, dataset, name, where="methods") for name in rows}
    return _papers(grid, dataset)


def run_of(grid: Grid, dataset: str, name: str, *, where: str) -> str:
    """The run that a name stands for: a run's id, a row's label, or ``table: label`` where two tables have that label.

    Raises:
        InputError: no row or run of that name, or several; ``where`` says what asked.
    """
    if name in grid.runs[dataset]:
        return name
    found = {run for names, run in _rows(grid, dataset) if name in names}
    if len(found) == 1:
        return found.pop()
    tables = [f"'{names[1]}'" for names, _ in _rows(grid, dataset) if name in names]
    if found:
        raise InputError(f"{where}: {name!r} is {len(found)} runs on {dataset}: {' and '.join(tables)}; say which")
    labels = dict.fromkeys(names[0] for names, _ in _rows(grid, dataset))
    raise InputError(
        f"{where}: no row {name!r} in the configuration's tables and no run of that id on {dataset}; "
        f"`ltmlc plan` lists the runs, the rows are: {', '.join(labels)}"
    )


def _rows(grid: Grid, dataset: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Both names of every row, and its run."""
    for table in grid.tables.values():
        for row in table.rows:
            yield (row.label, f"{table.name}: {row.label}"), row.run[dataset]


def _papers(grid: Grid, dataset: str) -> dict[str, str]:
    """As Table 2 runs them: LSEP, C-LSEP with gamma 5, DR with gamma1 5 and the data set's own gamma2; everything else
    (sampler, recipe, batch size, head) at the paper's protocol. Found by what is run, not by a label.
    """
    gamma2 = grid.datasets[dataset].get("constants", {}).get("gamma2")
    terms = {"LSEP": {"name": "lsep", "gamma": 1}, "C-LSEP": {"name": "c_lsep", "gamma": 5}}
    if gamma2 is not None:
        terms["DR"] = {"name": "dr", "gamma1": 5, "gamma2": gamma2}
    wanted = {method: [loss_term(term, method)] for method, term in terms.items()}  # with all that it may have besides
    found = {}
    for method, loss in wanted.items():
        for run, spec in grid.runs[dataset].items():
            protocol = (spec["sampler"]["name"], spec["recipe"]["name"], spec["batch_size"], spec["model"]["head"])
            if spec["loss"] == loss and protocol == ("class_aware", "dr", 32, "linear"):
                found[method] = run
    return found
