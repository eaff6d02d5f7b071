"""Where files are: those of a configuration, and what is made from it.

A configuration's are looked for under a root first (where one works), then in this project itself. So a folder of one's
own needs only the files that it adds or replaces.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError

METRICS, PREDICTIONS = "metrics.json", "predictions.npz"
"""What a training leaves in its folder: all that is said of it, and the test logits."""

WEIGHTS, HISTORY = "weights.pt", "history.csv"
"""And the trained network where it is kept, and the loss of each iteration."""

HEARTBEAT, LOG = "running.json", "train.log"
"""What it writes there while it runs."""

HELD_OUT_MAP = "held_out_map"
"""Key of an epoch in a metrics file's history: mAP on held-out training images, from 0 to 1, where it was asked for."""

PACKAGE = Path(__file__).parents[1]


def _project() -> Path:
    """The checkout that this package lies in; of an installed wheel, the folder that holds the same files."""
    checkout = PACKAGE.parents[1]
    return checkout if (checkout / "workflow" / "Snakefile").is_file() else PACKAGE / "project"


PROJECT = _project()


def own_or_shipped(path: str | Path, root: str | Path = ".") -> Path:
    """``path``, such as ``config/claims.yaml``, under ``root`` if it is there, else this project's own."""
    own, shipped = Path(root) / path, PROJECT / path
    return shipped if shipped.exists() and not own.exists() else own


def under_root(path: str | Path, root: str | Path) -> Path:
    """``path`` under the working directory, or else under the data root, where downloads are; ``~`` is the home."""
    path = Path(path).expanduser()
    return path if path.exists() else Path(root, path)


def word_vector_file(model: Mapping[str, Any], root: str | Path) -> Path:
    """Of a network with the head ``graph``. Raises InputError where none is named."""
    if model["word_vectors"] is None:
        raise InputError(
            "model.word_vectors is null, but head graph (ML-GCN) needs word vectors of the class names: give their file"
        )
    return under_root(model["word_vectors"], root)


def files_of(kind: str, root: str | Path = ".") -> dict[str, Path]:
    """Name -> file of ``config/{kind}/*.yaml``: those under ``root``, and this project's own of other names."""
    folders = [PROJECT / "config" / kind, Path(root) / "config" / kind]
    files = {file.stem: file for folder in folders for file in folder.glob("*.yaml")}
    return dict(sorted(files.items()))


def run_folder(results: str | Path, dataset: str, run: str, seed: int | str) -> Path:
    """Where one training writes."""
    return Path(results, "runs", dataset, run, f"seed{seed}")


def data_folder(results: str | Path, dataset: str) -> Path:
    """Where the split, the pack and the starting weights of a data set lie."""
    return Path(results, "data", dataset)


def earlier_runs(reference: str) -> list[Path]:
    """Files of earlier runs: the configuration's ``reference``, and all of config/reference, here or shipped."""
    configured = own_or_shipped(reference)
    found = [configured] if reference != "published" and configured.exists() else []
    lying = {path.name: path for root in (PROJECT, Path()) for path in (root / "config" / "reference").glob("*.csv")}
    return [*found, *sorted(lying.values())]
