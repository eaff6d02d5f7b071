"""Scripts of the repository that lie in no package, as modules."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


@cache
def load_script(path: str) -> ModuleType:
    """``path`` below the repository, as docs/specifications.py; once for all tests, with what it keeps in memory."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
