"""``python -m ltmlc``: the same as the command ``ltmlc``, which imports nothing from the folder it is called in."""

import os
import sys

if not sys.flags.safe_path and sys.path[0] == os.getcwd():  # noqa: PTH109 (as Python put it there)
    del sys.path[0]

from ltmlc.cli import main

sys.exit(main())
