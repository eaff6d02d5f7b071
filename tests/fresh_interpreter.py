import subprocess
import sys


def imported(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running ``code``."""
    code += "\nimport sys; print(' '.join(sys.modules))"
    search = f"import sys; sys.path[:] = {sys.path!r}\n"
    return set(
        subprocess.run([sys.executable, "-c", search + code], capture_output=True, text=True, check=True).stdout.split()
    )
