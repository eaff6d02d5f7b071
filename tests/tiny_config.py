"""A configuration whose trainings take seconds: handwritten digits at 16 px, two epochs."""

DATASET = {
    "extends": "digits20-lt",
    "title": "Tiny",
    "source": {"inks": 1, "pool": 300, "test": 30, "canvas": 16},
    "subset": {"alpha": 6, "maximum": 40, "minimum": 2, "seed": 0},
    "thresholds": {"head": 30, "medium": 10},
    "model": {"image_size": 16, "width": 4, "weights": None, "neck_features": 16},
    "samplers": {"class_aware": {"per_class": 3, "reduce": 8}},
    "recipes": {"dr": {"epochs": 2, "steps": [1], "warmup_iterations": 2}},
}
DR, LSEP = (
    {"label": label, "origin": "own", "run": {"loss": [loss], "batch_size": 16}}
    for label, loss in (("DR", {"name": "dr", "gamma2": 7}), ("LSEP", {"name": "lsep"}))
)
CONFIG = {
    "datasets": ["tiny"],
    "tables": ["mine"],
    "tune": {"tables": ["mine"], "factors": [1, 3]},
    "training": {"device": "cpu", "precision": "float32", "threads": 1},
}


def table(*rows: dict) -> dict:
    """The file ``config/tables/mine.yaml``."""
    return {"title": "Mine", "kind": "table", "caption": "Mine.", "rows": list(rows)}
