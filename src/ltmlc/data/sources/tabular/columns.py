"""Which columns of a table are probably those that were not found under their name."""

from collections.abc import Mapping, Sequence

from ltmlc.data.sources.names import NOTHING, plain_form, yaml_text

_WORDS = {
    "path": ("path", "file", "image", "img", "name"),
    "labels": ("label", "finding", "class", "tag", "categor"),
    "split": ("split", "fold", "set", "part", "phase"),
}


def _likely(key: str, columns: Sequence[str]) -> str | None:
    """The column that a missing one is probably called."""
    fitting = [name for name in columns if plain_form(name) not in NOTHING]
    return next((name for word in _WORDS[key] for name in fitting if word in name.casefold()), None)


def describe_missing(missing: list[str], columns: list[str], *, called: Mapping[str, str]) -> str:
    """Which columns there are in place of those that are missing, and what to say then."""
    asked = [*missing, "labels"] if called["labels"] not in columns else missing
    likely = {key: name for key in asked if (name := _likely(key, columns)) is not None}
    mends = []
    if likely:
        shown = ", ".join(f"{key}: {yaml_text(name)}" for key, name in likely.items())
        mends.append(f"say which it is, such as source.columns: {{{shown}}}")
    if "path" in missing and "path" not in likely:
        mends.append("say which holds the images' paths, with source.columns: {path: NAME}")
    if "split" in missing:
        mends.append(
            "where no column says what is tested on, add one (split: train or test), or give two files, "
            "source.train and source.test, or name lists of paths: source.lists: {train: FILE, test: FILE}"
        )
    names = ", ".join(called[key] for key in missing)
    return f"{names}; its columns are {', '.join(filter(None, columns))}; {'; '.join(mends)}"
