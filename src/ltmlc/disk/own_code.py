"""Code of one's own that a configuration names as ``module:function``: where it lies, and how it is imported.

Of the working folder only the module (or package) that is named can be imported, and what it imports of itself: nothing
else there is ever code. Finding it runs nothing.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from ltmlc.errors import InputError


def is_own(name: str) -> bool:
    """Whether a loss's name says where its code is."""
    return ":" in name


def source_of(module: str) -> Path | None:
    """The file of a module: below the working folder, or else installed. Packages are looked into, not imported."""
    top, *rest = module.split(".")
    if not all(part.isidentifier() for part in (top, *rest)):
        return None
    spec = _in_folder(top) or PathFinder.find_spec(top)
    places = [Path(spec.origin)] if spec and spec.origin and not rest else []
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        place = Path(folder, *rest)
        places += [place.with_suffix(".py") if rest else place / "__init__.py", place / "__init__.py"]
    return next((place for place in places if place.suffix == ".py" and place.is_file()), None)


def file_of_own(name: str) -> tuple[Path, str, str]:
    """(file, module, function) of ``module:function``.

    Raises:
        InputError: it is no such name, or there is no such module.
    """
    module, _, function = name.partition(":")
    path = source_of(module)
    if path is None or not function.isidentifier():
        raise InputError(
            f"{name!r}: there is no module {module} with source in this folder or installed; write module:function, "
            f"where this folder has {module.replace('.', '/') or 'module'}.py"
        )
    if module.split(".")[0] in sys.stdlib_module_names and _in_folder(module.split(".")[0]):
        raise InputError(f"{name!r}: {module.split('.')[0]} is a module of Python itself; give your file another name")
    return path, module, function


def import_losses(names: Iterable[str]) -> None:
    """Import those of one's own among losses, so that ``ltmlc.losses.build_loss`` finds them. This runs their files."""
    for name in filter(is_own, names):
        _, module, function = file_of_own(name)
        if not callable(getattr(import_own(module), function, None)):
            raise InputError(f"{name}: {module} has no function {function} once it is imported")


def import_own(module: str) -> ModuleType:
    """Import a module that :func:`file_of_own` finds. This runs its code.

    Raises:
        InputError: it fails, or another module of its name was imported before.
    """
    if not any(isinstance(finder, _Folder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Folder())
    _allowed.add(module.split(".")[0])
    path = source_of(module)
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path}: fails when it is imported: {type(error).__name__}: {error}; mend it there") from None
    if path is None or not path.samefile(getattr(found, "__file__", None) or "."):
        raise InputError(f"{path}: another module is called {module}; give your file another name")
    return found


_allowed: set[str] = set()
"""What configurations have named."""


class _Folder:
    """Finds the named modules, and no others, in the working folder."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return _in_folder(name) if path is None and name in _allowed else None


def _in_folder(top: str) -> ModuleSpec | None:
    found = PathFinder.find_spec(top, [str(Path.cwd())])
    return found if found and (found.origin or found.submodule_search_locations) else None
