"""Text that says nothing about the machine it was written on: no absolute path; in what a run said, no host name."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from ltmlc.evidence.results.archive import without_folders

_NAME_ENDS = r"(?![\w+@~-]|\.\w)"
"""Behind a folder's name: the folder beside it, whose name goes on, is another one."""


def portable(text: str, roots: Mapping[str, str | Path]) -> str:
    """``text`` with known folders under their public names, and other absolute paths cut to their last part.

    Args:
        roots: public name (``results``, or empty for the project itself) -> where it lies here; longer paths first win.
    """
    known = {str(Path(root).resolve()): name for name, root in roots.items()}
    for root, name in sorted(known.items(), key=lambda pair: -len(pair[0])):
        if root != "/":
            text = text.replace(f"{root}/", f"{name}/" if name else "")
            text = re.sub(re.escape(root) + _NAME_ENDS, lambda _, name=name: name or ".", text)
    return without_folders(text)


def nameless(text: str) -> str:
    """What a run said, its command or its error, with this machine's name as ``host``.

    Not for other texts: a machine may be called head, test or data, and these are words of the results.
    """
    return re.sub(rf"\b{re.escape(host)}\b", "host", text) if len(host := socket.gethostname()) > 2 else text
