"""What a user can mend, said by Snakemake in one sentence, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from snakemake.exceptions import WorkflowError

from ltmlc.disk.trouble import mendable
from ltmlc.errors import InputError


@contextmanager
def in_words() -> Iterator[None]:
    """Turn bad input, and what the disk refuses, into WorkflowError; around statements, or ``@in_words()``."""
    try:
        yield
    except InputError as error:
        raise WorkflowError(str(error)) from None
    except OSError as error:
        if (sentence := mendable(error)) is None:
            raise
        raise WorkflowError(sentence) from None
