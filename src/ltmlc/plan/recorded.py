"""Specifications that were recorded earlier: a key that came later counts as having had its default."""

from typing import Any

from ltmlc.plan.catalogue import REQUIRED, loss_modules, loss_parameters
from ltmlc.plan.reading.schema import defaults
from ltmlc.plan.spec import recipe_defaults, run_defaults, sampler_defaults
from ltmlc.plan.terms import canonical


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification in which every key stands, to be compared with another such; one that is none as it is."""
    try:
        # What the backbone itself said, where the specification did not.
        own = spec.get("from_backbone", ())
        return {
            "batch_size": run_defaults()["batch_size"],
            "precision": defaults("config")["training"]["precision"],
            **{key: value for key, value in spec.items() if key != "from_backbone"},
            "loss": [{"weight": 1, **_loss_defaults(term["name"]), **term} for term in spec["loss"]],
            "sampler": sampler_defaults().get(spec["sampler"]["name"], {}) | spec["sampler"],
            "recipe": recipe_defaults() | spec["recipe"],
            "model": defaults("model") | spec["model"] | ({"image_size": None} if "image_size" in own else {}),
            # Absent, null, 0 and false alike switch a part of the augmentation off.
            "augmentation": {key: value for key, value in spec["augmentation"].items() if value and key not in own},
        }
    except (KeyError, TypeError, AttributeError):
        return spec


def _loss_defaults(name: str) -> dict[str, Any]:
    parameters = loss_parameters(name) if name in loss_modules() else {}
    return {key: canonical(value) for key, value in parameters.items() if value is not REQUIRED}
