"""Who works in a directory: locks of the operating system, which end with their process however it dies.

Where a file system has no locks, nothing is locked and nothing is cleaned up. Snakemakes that only watch share a lock,
which is ``fcntl``'s own: filelock's ``FileLock`` is exclusive alone, and its ``ReadWriteLock``, a database, refuses to
turn a shared hold into an exclusive one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

SNAKEMAKE_LOCK = "ltmlc.lock"


@contextmanager
def only_process(directory: Path, *, waiting: Callable[[], None]) -> Iterator[bool]:
    """Hold a directory, made if absent, for what must not be done twice at once. Gives whether another process had to
    be waited for; ``waiting`` is called before.
    """
    from filelock import FileLock, Timeout  # of trainings alone: planning does without

    lock = FileLock(directory / ".lock")
    waited = False
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        waited = True
        lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield waited
    finally:
        lock.release()


def is_held(directory: Path) -> bool:
    """Whether a process holds a directory by :func:`only_process`; False where that cannot be known."""
    if fcntl is None:
        return False
    try:
        with (directory / ".lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # ends with the file
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def watch(directory: Path) -> tuple[IO | None, bool]:
    """Tell later Snakemakes that this one lives, and find out whether it is the only one.

    Returns:
        What to keep as long as this process works here (None without locks), and whether no other one works here.
    """
    if fcntl is None:
        return None, False
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / SNAKEMAKE_LOCK).open("a")
    except OSError:
        return None, False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file, False
    except OSError:
        file.close()
        return None, False
    return file, True


def alone(file: IO) -> bool:
    """Whether nobody else watches this directory now; if so, others wait until it is shared."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        fcntl.flock(file, fcntl.LOCK_SH)  # the attempt may have given up what was held
        return False
    return True


def share(file: IO) -> None:
    """Let others in, after what only one may do."""
    fcntl.flock(file, fcntl.LOCK_SH)


def clear_stale_locks(directory: Path) -> list[str]:
    """Remove the locks of a Snakemake that was killed; only for the one that works here alone. Says so."""
    stale = sorted((directory / "locks").glob("*.lock"))
    for lock in stale:
        lock.unlink(missing_ok=True)
    said = f"{directory / 'locks'}: removed the lock of a Snakemake that was killed; going on from there"
    return [said] if stale else []
