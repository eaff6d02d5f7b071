"""Text that says nothing about the machine it was written on: no absolute path, no host name."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from ltmlc.evidence.results.archive import without_folders


def portable(text: str, roots: Mapping[str, str | Path]) -> str:
    """``text`` with known folders under their public names, other absolute paths cut to their last part, and this
    machine's name as ``host``.

    Args:
        roots: public name (``results``, or empty for the project itself) -> where it lies here; longer paths first win.
    """
    known = {str(Path(root).resolve()): name for name, root in roots.items()}
    for root, name in sorted(known.items(), key=lambda pair: -len(pair[0])):
        if root != "/":
            text = text.replace(f"{root}/", f"{name}/" if name else "").replace(root, name or ".")
    text = without_folders(text)
    return re.sub(rf"\b{re.escape(host)}\b", "host", text) if len(host := socket.gethostname()) > 2 else text
