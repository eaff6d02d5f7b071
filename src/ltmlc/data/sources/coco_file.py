"""One annotation file in COCO's format: its categories, its images, and which image has which category."""

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltmlc.data.sources.coco_boxes import Boxes
from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import fault_of, fault_of_path, plain_form
from ltmlc.data.sources.source import Pool, no_labels, plain_path
from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError

LARGEST_ANNOTATIONS = 2_000_000_000
"""Of one file; that of COCO's train2017 has 465 MB."""

Id = int | str


@dataclass(frozen=True)
class CocoLabels:
    """What one file says. ``notes`` tells what was left out of it, with number and reason."""

    classes: list[str]
    category_ids: dict[str, Id]
    pool: Pool
    notes: list[str]


def read_labels(path: Path, *, images: str | None = None, classes: list[str] | None = None) -> CocoLabels:
    """Class names and labels of one annotation file, images in file order.

    As published (DB coco.py:71-95), crowd regions count; boxes with area <= 0, or width or height < 1, do not. Where no
    annotation has a box, each is a label of its whole image.

    Args:
        images: folder of the photographs; an image's id is then ``images/file_name``, else the file's own id.
        classes: names of the categories to keep, in this order; without it all, by category id.

    Raises:
        InputError: no regular file, no JSON of this format, or records that cannot be used: all of them in one message.
    """
    content = _open(path)
    faults = Faults(str(path))
    categories = _categories(content["categories"], set(classes or ()), faults)
    rows, ids = _images(content["images"], images, faults)
    chosen = [name for name in categories.values() if name is not None] if classes is None else classes
    unknown = sorted(set(chosen) - set(categories.values()))
    if unknown:
        valid = ", ".join(name for name in categories.values() if name)
        raise InputError(f"source.classes: {', '.join(unknown)} is no category of {path}; valid: {valid}")
    column = {name: index for index, name in enumerate(chosen)}
    labels = no_labels(len(ids), len(chosen))
    boxes = Boxes(content["annotations"], faults)
    for position, annotation in enumerate(content["annotations"]):
        if not isinstance(annotation, dict):
            faults.add(
                f"annotation at place {position}: {annotation!r:.60}", mend="write it as {image_id, category_id}"
            )
            continue
        name = f"annotation {annotation.get('id', f'at place {position}')!r:.40}"
        image = _referred(annotation, "image_id", rows, name, faults)
        category = _referred(annotation, "category_id", categories, name, faults)
        if image is not None and category is not None and boxes.count(annotation, f"{name} of image {image!r:.40}"):
            index = column.get(categories[category])
            if index is not None:
                labels[rows[image], index] = 1
    boxes.refuse_shares()
    faults.refuse()
    known = {name: number for number, name in categories.items() if name is not None}
    return CocoLabels(list(chosen), known, Pool(ids, labels), [f"{path}: {note}" for note in boxes.notes()])


def _open(path: Path) -> dict[str, list[Any]]:
    text = read_text(path, limit=LARGEST_ANNOTATIONS)
    try:
        with _without_collector():
            content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not a COCO annotation file: it is no JSON ({error}); name the right file"
        ) from None
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a COCO annotation file: it is no object with images, annotations, categories")
    wrong = [key for key in ("images", "annotations", "categories") if not isinstance(content.get(key), list)]
    if wrong:
        raise InputError(
            f"{path} is not a COCO annotation file: it has no list {', '.join(map(repr, wrong))}; name the right file"
        )
    return content


def _categories(entries: list[Any], listed: set[str], faults: Faults) -> dict[Id, str | None]:
    """Category id -> name, in order of ids; the name is None where it cannot be used."""
    found: dict[Id, str | None] = {}
    ids_of: dict[str, list[str]] = {}
    for position, entry in enumerate(entries):
        number = _id(entry.get("id")) if isinstance(entry, dict) else None
        if number is None:
            faults.add(f"category at place {position}: {entry!r:.80}", mend="write each as {id: 1, name: cat}")
            continue
        name = entry.get("name")
        reason = "is no text" if not isinstance(name, str) else fault_of(name)
        if reason:
            faults.add(f"category {number!r}: its name {name!r:.60} {reason}", mend="give each category a name")
        elif number in found:
            faults.add(
                f"category id {number!r} is given twice ({found[number]}, {name})", mend="give each an id of its own"
            )
        else:
            same = plain_form(name) if name not in listed else name
            ids_of.setdefault(same, []).append(f"{number!r} ({name})")
        found.setdefault(number, None if reason else name)
    for same in ids_of.values():
        if len(same) > 1:
            faults.add(
                f"categories {' and '.join(same)} have one name",
                mend="give them one id, or names that differ in more than case and spacing",
            )
    return dict(sorted(found.items(), key=lambda item: (isinstance(item[0], str), item[0])))


def _images(entries: list[Any], folder: str | None, faults: Faults) -> tuple[dict[Id, int], list[str]]:
    """Image id -> row, and the ids that this program uses."""
    rows: dict[Id, int] = {}
    ids: list[str] = []
    seen: dict[str, Id] = {}
    for position, entry in enumerate(entries):
        number = _id(entry.get("id")) if isinstance(entry, dict) else None
        if number is None:
            shown = entry.get("id") if isinstance(entry, dict) else entry
            faults.add(
                f"image at place {position}: its id is {shown!r:.60}", mend="give each image a whole number or text"
            )
            continue
        name = entry.get("file_name")
        if number in rows:
            faults.add(f"image id {number!r} is given twice", mend="give each image an id of its own")
        rows.setdefault(number, len(ids))
        if folder is None:
            ids.append(str(number))
            continue
        reason = "is no text" if not isinstance(name, str) else fault_of_path(name)
        if reason:
            faults.add(
                f"image {number!r}: file_name {name!r:.80} {reason}", mend="write a path below the folder images"
            )
            name = ""
        file = Path(folder, plain_path(name)).as_posix()
        if file in seen and not reason and seen[file] != number:
            faults.add(f"images {seen[file]!r} and {number!r} are one file, {name}", mend="give each file one image")
        seen.setdefault(file, number)
        ids.append(file)
    return rows, ids


def _referred(annotation: Mapping[str, Any], key: str, known: Mapping[Id, Any], name: str, faults: Faults) -> Id | None:
    """The id that an annotation names, if the file has it."""
    given = annotation.get(key)
    number = _id(given)
    if number is not None and number in known:
        return number
    what = "image" if key == "image_id" else "category"
    if key not in annotation:
        faults.add(f"{name} has no {key}", mend=f"write the id of its {what}")
        return None
    other = int(number) if isinstance(number, str) and number.isdecimal() else str(number)
    kind = "" if other not in known else f", but {other!r} is: one is text and one a number"
    faults.add(
        f"{name} is of {what} {given!r:.40}, which the file does not have{kind}",
        mend=f"write the id of its {what} as {what} ids are written there",
    )
    return None


def _id(value: Any) -> Id | None:
    """An id as it is compared: text, or a whole number of at most 64 bits, also one written as 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value and len(value) <= 1000:
        return value
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


@contextmanager
def _without_collector() -> Iterator[None]:
    """Reading COCO's 450 MB makes millions of objects and no cycle of them: looking for one took half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
