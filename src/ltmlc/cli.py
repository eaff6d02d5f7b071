"""The command line: one verb a step. Each verb imports only what it needs, so that planning never waits for torch."""

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from functools import partial

from ltmlc import __doc__ as purpose
from ltmlc import __version__
from ltmlc.disk.trouble import mendable
from ltmlc.errors import InputError, PassingError

try:
    from ltmlc.commands import data, evidence, losses, overview, pages, start, training, tune
except ModuleNotFoundError as missing:  # `pip install --no-deps`, as for the losses alone
    raise SystemExit(
        f"ltmlc: error: {missing.name} is not installed. ltmlc.losses needs torch and numpy alone, the command line "
        "all of requirements.lock (`make setup`), or of `pip install 'ltmlc[workflow]'`"
    ) from None

PASSING = 75
"""Exit code where the same command may succeed (EX_TEMPFAIL of sysexits.h), as of a training that was told to stop."""


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; exit code 2 with one line on stderr for bad input."""
    # Before torch is there: a thread that waits gives its core away instead of spinning on it (docs/performance.md).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    parser = build_parser()
    options, options.rest = parser.parse_known_args(arguments)
    if options.rest and not getattr(options, "hands_on", False):
        parser.error(f"unrecognized arguments: {' '.join(options.rest)}")
    try:
        return options.action(options) or 0
    except PassingError as error:
        _refuse(options.verb, str(error), how="stopped")
        return PASSING
    except InputError as error:
        return _refuse(options.verb, str(error))
    except RecursionError:  # of the readers of JSON; each names the file where it can
        return _refuse(options.verb, "a file that was read is nested too deeply to be one of this project's")
    except BrokenPipeError:  # `ltmlc plan | head`
        sys.stderr.close()
        return 0
    except OSError as error:
        if (sentence := mendable(error)) is None:
            raise
        return _refuse(options.verb, sentence)


def _refuse(verb: str, sentence: str, how: str = "error") -> int:
    line = f"ltmlc {verb}: {how}: {' '.join(sentence.splitlines())}"  # ltmlc.disk.logs knows an error by it
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # the log is on the full disk too; the rules leave stdout to the terminal
        sys.stderr = None  # else Python tries again at exit
        print(line, flush=True)
    return 2


GROUPS = {
    "to begin": start,
    "data": data,
    "training": training,
    "a loss of your own": losses,
    "choices on held-out images": tune,
    "before and while it runs": overview,
    "evidence from finished runs": evidence,
    "what is read and kept": pages,
}
"""The steps of the way, in their order -> the module with their verbs."""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ltmlc", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"ltmlc {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listed = [purpose]
    for title, module in GROUPS.items():
        texts: dict[str, str] = {}
        module.add_verbs(partial(_verb, verbs, texts))
        listed += ["", f"{title}:", *(_entry(name, text) for name, text in texts.items())]
    parser.description = "\n".join([*listed, "", "`ltmlc VERB --help` explains a verb's options."])
    return parser


def _entry(name: str, text: str) -> str:
    """A verb's line of --help, wrapped."""
    width = max(shutil.get_terminal_size().columns - 2, 40)
    return textwrap.fill(text, width, initial_indent=f"  {name:<12} ", subsequent_indent=" " * 15)


def _verb(
    verbs: argparse._SubParsersAction, texts: dict[str, str], name: str, action: Callable, text: str
) -> argparse.ArgumentParser:
    texts[name] = text
    verb = verbs.add_parser(name, description=text[0].upper() + text[1:] + ".")
    verb.set_defaults(action=action)
    return verb
