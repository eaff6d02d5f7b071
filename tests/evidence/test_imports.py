import subprocess
import sys


def imported(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running ``code``."""
    code += "\nimport sys; print(' '.join(sys.modules))"
    search = f"import sys; sys.path[:] = {sys.path!r}\n"
    return set(
        subprocess.run([sys.executable, "-c", search + code], capture_output=True, text=True, check=True).stdout.split()
    )


def test_evidence_never_imports_torch():
    modules = (
        "results tables compare diff_report bootstrap pairs figures gradients data_figures method_figures plan status "
        "controls reference"
    )
    code = "\n".join(f"import ltmlc.evidence.{name}" for name in modules.split())
    assert "torch" not in imported(code)
