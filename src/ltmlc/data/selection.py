"""Which images of a pool are trained on: a published list, the long-tailed construction, or all."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltmlc.data.longtail import longtail_subset
from ltmlc.data.sources.source import LONGEST_LIST, OWN, Pool, first_existing, plain_path
from ltmlc.disk.files import sha256_file, sha256_text
from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError


def read_ids(path: Path, *, sha256: str | None = None) -> list[str]:
    """A published id list, one id a line, verified against ``sha256`` if given."""
    first_existing([path], what="list of training images (subset.ids)", mend=f"download it; {OWN}")
    text = read_text(path, limit=LONGEST_LIST)
    if sha256 is not None and (found := sha256_file(path)) != sha256:
        raise InputError(
            f"{path} has sha256 {found}, but subset.sha256 is {sha256}; delete the file and download it again, or, if "
            "the list is your own, say subset.sha256: null"
        )
    # One's own may have spaces inside, also those of other scripts, which strip() and splitlines() would take for ends.
    ids = [line.strip(" \t\r") for line in text.split("\n") if line.strip(" \t\r")]
    twice = repeated(ids)
    if twice or not ids:
        raise InputError(
            f"{path} lists {', '.join(twice[:12])} twice ({len(twice)} in all); list each image once"
            if twice
            else f"{path} lists no image; write one id a line, or leave subset.ids out"
        )
    return ids


def compare_with_published(
    pool: Pool, published: Sequence[str], *, alpha: float, maximum: int, minimum: int = 1, seed: int | random.Random = 0
) -> dict[str, Any]:
    """How far the construction agrees with a published list: sizes, shared images, equality in order."""
    rows = longtail_subset(pool.labels, alpha, maximum, minimum, seed)
    built = [pool.ids[row] for row in rows]
    return {
        "constructed": len(built),
        "published": len(published),
        "shared": len(set(built) & set(published)),
        "equal": built == list(published),
    }


def select_rows(pool: Pool, subset: dict[str, Any] | None, root: Path) -> list[int]:
    """Rows of the pool that are trained on, in order: those of a list, of the construction, or all."""
    if not subset:
        return list(range(len(pool.ids)))
    sha256 = subset.get("sha256")
    if "ids" in subset:
        ids = read_ids(root / subset["ids"], sha256=sha256)
        return _listed_rows(pool, ids, root / subset["ids"])
    parameters = {key: subset[key] for key in ("alpha", "maximum", "minimum", "seed") if key in subset}
    rows = longtail_subset(pool.labels, **parameters)
    if sha256 is not None and sha256_text("".join(f"{pool.ids[row]}\n" for row in rows)) != sha256:
        raise InputError(
            f"the construction selected {len(rows)} images, but not the list with subset.sha256 {sha256}: the "
            "annotations are not the original ones, or Python is not CPython; for your own, say subset.sha256: null"
        )
    return rows


def _listed_rows(pool: Pool, ids: Sequence[str], path: Path) -> list[int]:
    """Rows of the pool that a list names; ``./a.jpg`` is ``a.jpg``, and ``\\`` is ``/``, as where labels are read."""
    row_of = {image_id: row for row, image_id in enumerate(pool.ids)}
    plain = [image_id if image_id in row_of else plain_path(image_id) for image_id in ids]
    absent = [given for given, image_id in zip(ids, plain, strict=True) if image_id not in row_of]
    if absent:
        raise InputError(
            f"{len(absent)} of the {len(ids)} images that {path} lists have no labels in the annotations (first: "
            f"{', '.join(absent[:12])}); list ids as they are there, such as {next(iter(pool.ids), 'none')}"
        )
    twice = repeated(plain)
    if twice:
        raise InputError(f"{path} lists {', '.join(twice[:12])} twice, in two spellings; list each image once")
    return [row_of[image_id] for image_id in plain]


def repeated(ids: Sequence[str]) -> list[str]:
    """Ids that are there more than once."""
    return [image_id for image_id, count in Counter(ids).items() if count > 1]
