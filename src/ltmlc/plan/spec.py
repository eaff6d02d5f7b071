"""One run's canonical specification and its readable, injective id.

A row of a table names only what it changes. Here the defaults are filled in and the data set's own values looked up,
so that equal runs get equal specifications whichever table names them. A label is never identity.
"""

from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.datasets import check_augmentation
from ltmlc.plan.network import HEADS, check_fit, complete_model
from ltmlc.plan.reading.schema import check, defaults
from ltmlc.plan.terms import as_text, canonical, choose, loss_term, term_id

AT_DR_RATE = {"lsep", "c_lsep", "zlpr", "c_zlpr", "circle", "dr", "pgc", "gc"}
"""Losses that the paper trains by DR's recipe, which is the default: a sum with one of them needs no other."""


def build_spec(
    run: dict[str, Any], *, dataset: dict[str, Any], recipes: dict[str, dict], config: dict[str, Any], where: str
) -> dict[str, Any]:
    """The canonical specification of a row's ``run`` on one data set.

    Args:
        run: as written in the table file: loss (list of terms), and optionally sampler, recipe, lr, epochs, batch_size,
            model.
        dataset: the data set's configuration.
        recipes: ``config/recipes.yaml``.
        config: the checked configuration (its ``model`` and ``training.precision`` apply to every run).
        where: file and row, for error messages.
    """
    run = {**run_defaults(), **run}
    constants = dataset.get("constants", {})
    return {
        "loss": [loss_term(_look_up(term, constants, where), where) for term in run["loss"]],
        "sampler": _sampler(run["sampler"], dataset, where),
        "batch_size": canonical(run["batch_size"]),
        "recipe": _row_recipe(run, dataset, recipes, where),
        "model": network_of(dataset, config, **run["model"]),
        "augmentation": dataset["augmentation"],
        "precision": config["training"]["precision"],
    }


def checked_spec(spec: Any, where: str) -> dict[str, Any]:
    """A specification that nobody has checked, complete: what its parts do not say is as planning would have it.

    Raises InputError for what planning would refuse.
    """
    check(spec, schema="spec", where=where, whole="the specification")
    check_augmentation(spec["augmentation"], spec["model"], where=where)
    sampler, recipe = dict(spec["sampler"]), {**recipe_defaults(), **spec["recipe"]}
    model = complete_model(spec["model"])
    _check_recipe(recipe, f"{where}: recipe")
    try:
        check_fit(model)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return {
        **spec,
        "loss": [loss_term(term, where) for term in spec["loss"]],
        "sampler": _sampler(name := sampler.pop("name"), {"samplers": {name: sampler}}, where),
        "recipe": recipe,
        "model": model,
    }


def run_defaults() -> dict[str, Any]:
    """Of a row's ``run``: sampler, recipe, batch size."""
    return defaults("table", "$defs", "run")


def sampler_defaults() -> dict[str, dict[str, Any]]:
    """Sampler -> what it has to be told."""
    return {"uniform": {}, **defaults("dataset", "properties", "samplers")}


def recipe_defaults() -> dict[str, Any]:
    """Of optimiser and schedule, what a recipe need not say."""
    return defaults("recipes", "$defs", "recipe")


def network_of(dataset: dict[str, Any], config: dict[str, Any], **own: Any) -> dict[str, Any]:
    """The network of the runs on a data set, but for what a row says for itself: ``own``."""
    return complete_model({**dataset["model"], **config["model"], **own})


def check_rate(run: dict[str, Any], where: str) -> None:
    """Raise InputError for a row that says no rate, of a loss that DR's own may not suit."""
    names = [term["name"] for term in run["loss"]]
    if "recipe" not in run and "lr" not in run and not AT_DR_RATE.intersection(names):
        raise InputError(
            f"{where}: {' + '.join(names)} has no recipe and no lr, and DR's rate suits DR (ASL: 20 mAP at it, 50 at "
            "its own); write recipe (dr, or db as Table 1 does for BCE-like losses) or lr; `ltmlc tune` compares rates"
        )


def change_recipe(recipe: dict[str, Any], *, lr: float | None = None, epochs: int | None = None) -> dict[str, Any]:
    """A specification's recipe with another rate or length, renamed after what differs: ``dr`` becomes ``dr_lr-0.003``.

    With fewer ``epochs``, the steps that would come later do not occur: the run is the beginning of the longer one.
    """
    given = {key: canonical(value) for key, value in (("lr", lr), ("epochs", epochs)) if value is not None}
    changed = {key: value for key, value in given.items() if value != recipe[key]}
    if "epochs" in changed:
        changed["steps"] = [step for step in recipe["steps"] if step < changed["epochs"]]
    name = "_".join([recipe["name"], *(f"{key}-{as_text(changed[key])}" for key in ("lr", "epochs") if key in changed)])
    return {**recipe, **changed, "name": name}


def run_id(spec: dict[str, Any]) -> str:
    """A readable name: the losses, then what differs from the default sampler, recipe, batch size and head."""
    model, usual = spec["model"], {**run_defaults(), **defaults("model")}
    named = {
        "batch_size": ("bs", spec["batch_size"]),
        "sampler": ("sampler", spec["sampler"]["name"]),
        "recipe": ("recipe", spec["recipe"]["name"]),
        "head": ("head", model["head"]),
        # Where the word vectors lie is a matter of the data set and the machine, not of the method.
        **{key: (key, model[key]) for key in HEADS[model["head"]] if not key.startswith("word_vector")},
    }
    parts = [f"{name}-{as_text(value)}" for key, (name, value) in named.items() if value != usual[key]]
    return "_".join(["+".join(term_id(term) for term in spec["loss"]), *parts])


def _look_up(value: Any, constants: dict[str, Any], where: str) -> Any:
    """Replace ``{dataset: key}`` by the data set's constant of that name, at any depth."""
    if isinstance(value, list):
        return [_look_up(item, constants, where) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"dataset"}:
        if not isinstance(value["dataset"], str) or value["dataset"] not in constants:
            raise InputError(
                f"{where}: {{dataset: {value['dataset']}}} is not among the data set's constants "
                f"({', '.join(sorted(constants)) or 'none'}); add it to its file in config/datasets"
            )
        return constants[value["dataset"]]
    return {key: _look_up(item, constants, where) for key, item in value.items()}


def _sampler(name: str, dataset: dict[str, Any], where: str) -> dict[str, Any]:
    samplers = sampler_defaults()
    choose(name, samplers, f"{where}: unknown sampler")
    own = dataset.get("samplers", {}).get(name, {})
    if others := sorted(own.keys() - samplers[name].keys()):
        raise InputError(f"{where}: sampler {name} has no {' and no '.join(others)}; remove it")
    return {"name": name, **samplers[name], **own}


def _row_recipe(run: dict[str, Any], dataset: dict[str, Any], recipes: dict[str, dict], where: str) -> dict[str, Any]:
    """The recipe that a row names, with the row's own rate and length on top."""
    own = {key: run[key] for key in ("lr", "epochs") if key in run}
    recipe = change_recipe(
        _recipe(run["recipe"], dataset, recipes, where), **_look_up(own, dataset.get("constants", {}), where)
    )
    _check_recipe(recipe, where)
    return recipe


def _recipe(name: str, dataset: dict[str, Any], recipes: dict[str, dict], where: str) -> dict[str, Any]:
    choose(name, recipes, f"{where}: unknown recipe")
    recipe = {**recipe_defaults(), **recipes[name], **dataset.get("recipes", {}).get(name, {})}
    recipe.pop("choices", None)
    missing = [key for key in ("lr", "epochs", "steps") if key not in recipe]
    if missing:
        raise InputError(f"{where}: recipe {name} has no {', '.join(missing)}; give them in config/recipes.yaml")
    looked_up = _look_up(recipe, dataset.get("constants", {}), f"{where}: recipe {name}")
    filled = {key: canonical(value) for key, value in looked_up.items()}
    _check_recipe(filled, f"{where}: recipe {name}")
    return {"name": name, **filled}


def _check_recipe(recipe: dict[str, Any], where: str) -> None:
    """What a data set's constants, any numbers, may have brought in."""
    epochs = recipe["epochs"]
    if not isinstance(epochs, int) or epochs < 1:
        raise InputError(f"{where}: epochs is {epochs}; it must be a whole number above 0")
    outside = [step for step in recipe["steps"] if step >= epochs]
    if outside:
        raise InputError(
            f"{where}: steps has {outside[0]}, but the run has only {epochs} epochs; give steps below that"
        )
    if recipe["lr"] <= 0:
        raise InputError(f"{where}: lr is {recipe['lr']}; it must be above 0")
