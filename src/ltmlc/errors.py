"""The one exception for mistakes a user can mend; the command line prints it as one line and exits with 2."""


class InputError(ValueError):
    """Bad input. The message names the file and key, says what is valid, and what to do."""


class PassingError(InputError):
    """What was asked for is right; something else was in its way, and the same command may succeed. Exit code 75."""
