import errno
import inspect

import pytest
from snakemake.exceptions import WorkflowError

from ltmlc.errors import InputError
from ltmlc.workflow.words import in_words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("seeds: an entry is listed twice"), "seeds: an entry is listed twice"),
        (
            OSError(errno.EROFS, "Read-only file system", "results/finished"),
            "results/finished: the file system is read",
        ),
    ],
)
def test_what_a_user_can_mend_is_snakemakes_error_in_one_sentence(error, said):
    @in_words()
    def inputs(wildcards):
        raise error

    with pytest.raises(WorkflowError) as told:
        inputs("of a rule")
    assert str(told.value).startswith(said)
    assert list(inspect.signature(inputs).parameters) == ["wildcards"], "by its names Snakemake calls it"


def test_what_nobody_can_mend_is_left_as_it_is():
    with pytest.raises(OSError, match="Broken pipe"), in_words():
        raise OSError(errno.EPIPE, "Broken pipe")
