"""``python -m ltmlc``: the same as the command ``ltmlc``."""

import sys

from ltmlc.cli import main

sys.exit(main())
