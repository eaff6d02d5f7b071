"""Everything one data set needs: find out what is missing, say how much it is, get it."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from ltmlc.data.download.fetch import Patience
from ltmlc.data.download.items import Item, Todo
from ltmlc.data.download.table import items_of
from ltmlc.disk.trouble import disk_errors, require_space, size_text
from ltmlc.errors import InputError

LOCK = ".download.lock"


def download_dataset(
    name: str,
    config: dict[str, Any],
    root: str | Path,
    *,
    jobs: int = 8,
    progress: bool = True,
    dry_run: bool = False,
    only: Collection[str] | None = None,
    patience: Patience | None = None,
) -> None:
    """Download what ``root`` lacks of a data set; where nothing is missing, return at once and touch nothing.

    Args:
        name: what messages call the data set.
        config: its settings; the key ``downloads`` is the table of files, ``source``, ``subset`` and ``model`` say
            which of them it uses.
        root: the data root. An existing copy under it is used in any layout that the data set's reader knows.
        jobs: photographs that are downloaded at a time, where they come one by one.
        progress: show what is going on, on stderr.
        dry_run: only print what is missing, and its size.
        only: some of ``data`` (photographs, annotations, lists), ``weights`` and ``word_vectors``; all by default.
        patience: with slow and failing servers.

    Raises:
        InputError: a file cannot be had, is another than published, or cannot be written. Files that were complete
            stay, and the next call goes on from there.
    """
    root = Path(root)
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise InputError(f"jobs is {jobs!r}; give the number of simultaneous downloads, at least 1")
    with disk_errors(root):
        missing = [(item, todo) for item in items_of(name, config, root, only) if (todo := item.todo())]
        if dry_run or (missing and progress):
            print(announcement(name, missing, root), file=sys.stdout if dry_run else sys.stderr, flush=True)
        if dry_run or not missing:
            return
        require_space(root, _peak([todo for _, todo in missing]))
        for item, _ in missing:
            item.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(item.folder / LOCK):
                if item.todo():  # else another process was faster
                    item.get(jobs=jobs, progress=progress, patience=patience or Patience())


def announcement(name: str, missing: Sequence[tuple[Item, Todo]], root: Path) -> str:
    """The list of what is missing, with sizes and their sum."""
    if not missing:
        return f"{name}: complete in {root}, nothing to download"
    total = size_text(sum(todo.size or 0 for _, todo in missing))
    width = max(len(item.title) for item, _ in missing)
    lines = [f"  {item.title:{width}}  {size_text(todo.size):>12}  {item.folder}" for item, todo in missing]
    return "\n".join([f"{name}: {total} to download", *lines])


def _peak(todos: Sequence[Todo]) -> int:
    """Bytes on disk while the largest archive and its content are both there."""
    return sum(todo.size or 0 for todo in todos) + max((todo.size or 0 for todo in todos if todo.extracted), default=0)
