"""Where the files of a configuration are: under a root first (where one works), then in this project itself.

So a folder of one's own needs only the files that it adds or replaces.
"""

from pathlib import Path

PROJECT = Path(__file__).parents[3]


def own_or_shipped(path: str | Path, root: str | Path = ".") -> Path:
    """``path``, such as ``config/claims.yaml``, under ``root`` if it is there, else this project's own."""
    own, shipped = Path(root) / path, PROJECT / path
    return shipped if shipped.exists() and not own.exists() else own


def files_of(kind: str, root: str | Path = ".") -> dict[str, Path]:
    """Name -> file of ``config/{kind}/*.yaml``: those under ``root``, and this project's own of other names."""
    folders = [PROJECT / "config" / kind, Path(root) / "config" / kind]
    files = {file.stem: file for folder in folders for file in folder.glob("*.yaml")}
    return dict(sorted(files.items()))
