"""Write the rule graph of docs/workflow.md, as Snakemake plans the paper and the demo from nothing.

python docs/rulegraph.py
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "workflow.md"
BLOCK = re.compile(r"```mermaid\n.*?```", flags=re.S)
CONFIGURATIONS = ("config.yaml", "config/demo.yaml")  # the paper downloads, the demo makes its own starting weights


def rule_graph() -> str:
    """A Mermaid block; an arrow goes from a rule to those that read what it made.

    Arrows that others imply are left out, and rules that then have the same neighbours share a box: nobody can follow
    all the arrows by eye.
    """
    rules = nx.DiGraph(edge for file in CONFIGURATIONS for edge in _edges(ROOT / file))
    rules = nx.transitive_reduction(rules)
    boxes: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for rule in sorted(rules):
        boxes.setdefault((frozenset(rules.pred[rule]), frozenset(rules.succ[rule])), []).append(rule)
    first = {members[0]: members for members in boxes.values()}
    several = [f'{name}["{"<br>".join(members)}"]' for name, members in first.items() if len(members) > 1]
    arrows = [f"{a} --> {b}" for a, b in sorted(rules.subgraph(first).edges)]
    return "\n".join(["```mermaid", "flowchart TD", *(f"    {line}" for line in [*several, *arrows]), "```"])


def _edges(configfile: Path) -> set[tuple[str, str]]:
    """(rule, rule that needs it) pairs. In a folder of its own, where nothing is finished."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--configfile", str(configfile), "--rulegraph", "mermaid-js"]
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]", text, flags=re.M))
    return {(names[a], names[b]) for a, b in re.findall(r"^\s*(id\d+) --> (id\d+)", text, flags=re.M)}


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda _: rule_graph(), page), encoding="utf-8")


if __name__ == "__main__":
    main()
