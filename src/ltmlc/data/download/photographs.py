"""The photographs of COCO one by one, only those that are needed, several at a time."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltmlc.data.download.fetch import Expected, Patience, fetch
from ltmlc.data.download.items import Todo
from ltmlc.data.selection import read_ids
from ltmlc.data.sources.coco import annotation_files, photograph_files
from ltmlc.data.sources.coco_file import LARGEST_ANNOTATIONS
from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.disk.progress import Progress
from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError


@dataclass(frozen=True)
class Photographs:
    """The photographs of one image set that a data set uses: the selected ones in training, all in testing.

    No hash of a single photograph is published. It must decode to the last row and have the size that the annotations
    say.

    Args:
        folder: the data root.
        image_set: ``train2017`` or ``val2017``.
        urls: with ``{set}`` and ``{id}``, the twelve digits of an image.
        count, size: how many there are, and their bytes, for the announcement.
    """

    title: str
    folder: Path
    image_set: str
    urls: Sequence[str]
    count: int
    size: int
    dataset: str
    config: dict[str, Any]

    def todo(self) -> Todo | None:
        ids = self._ids()
        missing = self.count if ids is None else len(self._missing(ids))
        return Todo(self.size * missing // self.count) if missing else None

    def get(self, *, jobs: int, progress: bool, patience: Patience) -> None:
        """Those that are there stay, also when one fails."""
        ids = self._ids()
        annotations = annotation_file(self.folder, self.image_set)
        if ids is None or annotations is None:
            raise InputError(
                f"{self.title} needs the annotations of {self.image_set} and the list of ids under {self.folder}; list "
                "their downloads before it"
            )
        sizes, missing = image_sizes(annotations), self._missing(ids)
        unknown = [number for number in missing if number not in sizes]
        if unknown:
            raise InputError(f"{annotations} has no image {unknown[0]}; it and the list do not belong together")
        done = len(ids) - len(missing)
        with (
            Progress(self.title, len(ids), unit="photograph", shown=progress) as shown,
            ThreadPoolExecutor(jobs) as pool,
        ):
            waiting = [pool.submit(self._fetch, number, sizes[number], patience) for number in missing]
            try:
                for count, future in enumerate(as_completed(waiting), start=done + 1):
                    future.result()
                    shown.at(count)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _ids(self) -> list[int] | None:
        """None while the files that say it are not there."""
        subset, source = self.config.get("subset") or {}, self.config["source"]
        sets = {part: source[part]["set"] for part in ("train", "test") if "set" in source[part]}
        training = sets.get("train") == self.image_set
        if training and "ids" in subset:
            path = self.folder / subset["ids"]
            return _numbers(read_ids(path, sha256=subset.get("sha256"))) if path.exists() else None
        annotations = {part: annotation_file(self.folder, name) for part, name in sets.items()}
        if training and subset and all(annotations.values()):
            opened = open_source(self.config, self.folder)
            return _numbers(make_split(self.dataset, opened, self.config, root=self.folder).train_ids)
        path = annotations["train" if training else "test"]
        return None if path is None or (training and subset) else list(image_sizes(path))

    def _missing(self, ids: Sequence[int]) -> list[int]:
        places = {number: photograph_files(self.folder, self.image_set, number) for number in ids}
        return [number for number, paths in places.items() if not any(path.exists() for path in paths)]

    def _fetch(self, number: int, size: tuple[int, int], patience: Patience) -> None:
        fetch(
            [url.replace("{set}", self.image_set).replace("{id}", f"{number:012d}") for url in self.urls],
            self.folder / "coco" / self.image_set / f"{number:012d}.jpg",
            expected=Expected(),
            check=_checker(size),
            patience=patience,
        )


def _numbers(ids: Sequence[str]) -> list[int]:
    return [int(image_id) for image_id in ids]


def _checker(size: tuple[int, int]) -> Callable[[Path], str | None]:
    def complaint(path: Path) -> str | None:
        try:
            height, width, _ = read_rgb(path).shape
        except InputError as error:
            return str(error).partition(";")[0]
        if sorted((height, width)) != sorted(size):  # sorted: an EXIF orientation may turn it
            return f"it is {width} x {height} pixels, but {size[1]} x {size[0]} in the annotations"
        return None

    return complaint


def annotation_file(root: Path, image_set: str) -> Path | None:
    """The annotations of ``train2017`` or ``val2017``, if they are there."""
    return next((file for file in annotation_files(root, image_set) if file.exists()), None)


def image_sizes(annotations: Path) -> dict[int, tuple[int, int]]:
    """Image id -> (height, width) in pixels, in file order."""
    try:
        images = json.loads(read_text(annotations, limit=LARGEST_ANNOTATIONS))["images"]
        return {int(image["id"]): (image["height"], image["width"]) for image in images}  # an id becomes a file's name
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"{annotations} is not a COCO annotation file: it has no list `images` in which each has a whole "
            "number as id, a height and a width; delete it and run again"
        ) from None
