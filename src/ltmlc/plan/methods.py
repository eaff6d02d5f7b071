"""The three methods that the paper's argument is about: LSEP, C-LSEP and DR, found among a grid's runs."""

from ltmlc.plan.grid import Grid
from ltmlc.plan.terms import loss_term

METHODS = ("LSEP", "C-LSEP", "DR")


def method_runs(grid: Grid, dataset: str) -> dict[str, str]:
    """Method -> run id, for those that the grid has, as Table 2 runs them: LSEP, C-LSEP with gamma 5, DR with gamma1 5
    and the data set's own gamma2; everything else (sampler, recipe, batch size, head) at the paper's protocol.

    Found by what is run, not by a label: any table may name them.
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
