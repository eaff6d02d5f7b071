"""What can be the name of a class, and which names somebody probably meant otherwise."""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping

from ltmlc.data.sources.faults import Faults
from ltmlc.errors import CONTROL, UNPRINTABLE, few

FORBIDDEN = re.compile(rf'[\[\]{{}}"{CONTROL}]')
"""What no name in a CSV has: it shows a list, an object or an open quotation mark that was not read as one."""

LONGEST_NAME = 200
"""Characters of a name."""

NOTHING = {
    "nan",
    "none",
    "null",
    "na",
    "n a",
    "nil",
    "nothing",
    "no finding",
    "no findings",
    "no label",
    "no labels",
    "no class",
    "no object",
    "unlabeled",
    "unlabelled",
    "not labeled",
    "not labelled",
    "empty",
    "",
    "<na>",
}
"""Names, as :func:`plain_form` gives them, that probably stand for no label."""

YAML_WORDS = ("null", "none", "nan", "yes", "no", "true", "false", "on", "off", "y", "n")
"""Words that YAML reads as something else than text, or nearly so."""

OTHER_SIGNS = (";", "|", ",", "/", "+", "&")
"""What may part labels where something else was said to."""


LOOK_ALIKE = str.maketrans("аеорсухіјѕ", "aeopcyxijs")
"""Cyrillic letters that nobody can tell from Latin ones: typed on another keyboard, or put there to deceive."""


def plain_form(name: str) -> str:
    """The name without what people write in two ways: case, spacing, hyphens, accents as one sign or two, letters."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(LOOK_ALIKE)
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(re.sub(r"[\s_/.?-]+", " ", text).split())


def check_names(
    places: Mapping[str, str], counts: Mapping[str, int], *, known: Collection[str], faults: Faults
) -> None:
    """Collect what cannot be a name, and ask where a name was probably meant otherwise.

    Args:
        places: each name -> the place where it stands first.
        counts: each name -> how many images have it.
        known: names that the user has listed as classes: of these nothing is asked.
    """
    for name, where in places.items():
        if (reason := fault_of(name)) is not None:
            faults.add(f"{where}: {name[:60]!r} {reason}", mend="write the name as people read it")
        elif name not in known and plain_form(name) in NOTHING:
            faults.add(
                f"{where}: {name!r} seems to stand for no label",
                mend=f"if so, leave the cell empty or say source.none: {yaml_text(name)}; if it is a class, list all "
                "classes in source.classes",
            )
        elif name not in known and (sign := _parts_are_names(name, places)) is not None:
            faults.add(
                f"{where}: {name!r} is one name, but its parts are names, too",
                mend=f"part labels by one sign everywhere, or say what does, such as source.separator: {sign!r}; if "
                "it is a class, list all classes in source.classes",
            )
    _ask_for_spellings(places, counts, known, faults)


def fault_of(name: str) -> str | None:
    """Why a text cannot be the name of a class, or None."""
    if not name.strip():
        return "is empty"
    if UNPRINTABLE.search(name):
        return "has a control character or a line end"
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters; {LONGEST_NAME} at most"
    return None


def fault_of_path(text: str) -> str | None:
    """Why a text cannot be the path of an image here, or None."""
    if text.strip().casefold() in ("", "nan", "none", "null"):
        return "is empty"
    if re.search(f"[{CONTROL}]", text):
        return "is no path: it has a control character or a line end (is a quotation mark open before it?)"
    if re.match(r"[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*://", text):
        return "is a path of Windows or an address"
    return None


def yaml_text(name: str) -> str:
    """A name as YAML takes it: in quotation marks where it would be read as something else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9 ]*", name) and name.lower() not in YAML_WORDS
    return name if plain else json.dumps(name, ensure_ascii=False)


def _parts_are_names(name: str, names: Collection[str]) -> str | None:
    """The sign at which a name falls into names."""
    for sign in OTHER_SIGNS:
        parts = [part.strip() for part in name.split(sign)]
        if len(parts) > 1 and all(part in names for part in parts):
            return sign
    return None


def _ask_for_spellings(
    places: Mapping[str, str], counts: Mapping[str, int], known: Collection[str], faults: Faults
) -> None:
    together: dict[str, list[str]] = {}
    for name in places:
        together.setdefault(plain_form(name), []).append(name)
    groups = [names for names in together.values() if len(names) > 1 and not set(names) <= set(known)]
    if not groups:
        return
    wanted = {name: max(names, key=counts.__getitem__) for names in groups for name in names}
    rename = {name: target for name, target in wanted.items() if name != target}
    shown = dict(list(rename.items())[:20])
    faults.add(
        few([_spelled(names, places, counts) for names in groups], 12, between="; "),
        mend="these differ in case, spacing or accents alone, or in letters that look alike; write each in one way, "
        f"or say source.rename: {json.dumps(shown, ensure_ascii=False)}; if they are different classes, list all in "
        "source.classes",
    )


def _spelled(names: list[str], places: Mapping[str, str], counts: Mapping[str, int]) -> str:
    return " and ".join(f"{name!r} ({counts[name]} images, first {places[name]})" for name in names)
