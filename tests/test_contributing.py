"""What contributors and catalogs read about the project agrees with what is there."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config" / "README.md", *(ROOT / "docs").glob("*.md")]
NAMED_FILE = re.compile(r"(?<![\w/.{}<>-])(?:[\w-]+/)+[\w-]+\.(?:py|yaml|smk)\b")
NAMED_TEST = re.compile(r"(?:`|::)(test_\w+?)(_?…|`)")
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
}
ELSEWHERE = {"mine/two_way.py", "config/tables/two_way.yaml", "model/loss.py"}
"""What `ltmlc new-loss` writes, and a file of the released code."""


def test_the_hooks_before_a_commit_are_local_and_call_locked_tools():
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    tools = {re.split(r"[<>=\[ ]", text)[0] for text in [*extras["dev"], *extras["workflow"]]}
    programs = {
        hook["entry"].split()[0].removeprefix(".venv/bin/")
        for hook in repositories[0]["hooks"]
        if hook["language"] == "system"
    }
    assert len(programs) >= 4 and programs <= tools


def test_lint_runs_the_tools_of_the_hooks():
    makefile = (ROOT / "Makefile").read_text()
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, flags=re.M)[1]
    for tool in ("ruff check", "ruff format --check", "snakefmt --check", "snakemake --lint", "bandit"):
        assert f"$(BIN)/{tool}" in lint


def test_the_catalog_is_told_what_is_offered():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage == {"software-stack-deployment": {"conda": True}, "report": True}
    assert (ROOT / "config" / "README.md").is_file() and (ROOT / "config" / "config.yaml").is_file()
    captions = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert captions.count("caption=") >= 5


def test_links_and_commands_of_the_page_for_contributors_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / link).exists(), link
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    asked = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, flags=re.M))
    assert asked and asked <= targets


def test_every_path_that_the_pages_send_a_reader_to_exists():
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:src|workflow|tests|config|profiles|envs|docs)/[\w./-]*)`", contributing)
    built = (ROOT / "docs" / "how-it-is-built.md").read_text()
    paths += [
        f"src/ltmlc/{path}"
        for path in re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py)?)`", built)
        if "/" in path or ".py" in path
    ]
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_that_a_page_names_is_there(page):
    """Or the page shows what to write into it, beneath a comment with its path."""
    text = page.read_text(encoding="utf-8")
    shown = set(re.findall(r"^# ([\w./-]+\.(?:py|yaml))", text, flags=re.M))
    wanted = set(NAMED_FILE.findall(text)) - shown - ELSEWHERE
    folders = (ROOT, ROOT / "src" / "ltmlc", page.parent)
    assert {name for name in wanted if not any((folder / name).exists() for folder in folders)} == set()
    named = NAMED_TEST.findall(text)
    assert [name for name, end in named if not any(_fits(each, name, end) for each in TESTS)] == []


def _fits(test: str, name: str, end: str) -> bool:
    return test == name if end == "`" else test.startswith(name)
