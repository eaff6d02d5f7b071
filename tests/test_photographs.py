"""The committed evidence on real photographs: the page is what the metrics files say, and README says no more."""

import re
from pathlib import Path

import pytest

from ltmlc.cli import main

ROOT = Path(__file__).parents[1]
EVIDENCE = "config/reference/voc07-lt-96px-short"
PAGE = ROOT / "docs" / "photographs.md"
CONFIG = ["--config", "config/voc07-short-evidence.yaml", "--results", EVIDENCE]
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+\.\d+(?![\w.]*\d)")
README_SECTION = re.compile(r"<!-- photographs -->(.*?)<!-- /photographs -->", flags=re.S)


def test_the_page_is_what_the_metrics_files_say(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    out = tmp_path / "page.md"
    assert main(["page", "photographs", *CONFIG, "--out", str(out)]) == 0
    assert out.read_text().replace(str(out), "docs/photographs.md") == PAGE.read_text()


@pytest.mark.parametrize(
    ("verb", "files"),
    [
        (["tabulate", "photographs"], ["photographs.csv", "photographs.md", "photographs.sha256", "photographs.tex"]),
        (["claims"], ["claims.csv", "claims.md", "claims.sha256"]),
    ],
)
def test_tables_and_claims_are_made_from_them_and_nothing_is_written_there(verb, files, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    before = {path: path.stat().st_mtime_ns for path in Path(EVIDENCE).rglob("*")}
    assert main([*verb, *CONFIG, "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert {path: path.stat().st_mtime_ns for path in Path(EVIDENCE).rglob("*")} == before


def test_nothing_but_small_files_of_numbers_is_kept():
    files = [path for path in (ROOT / EVIDENCE).rglob("*") if path.is_file()]
    assert {path.name for path in files} <= {"metrics.json", "statistics.json", "linear_probe.json"}
    assert all(path.stat().st_size < 50_000 for path in files)
    texts = {path: path.read_text() for path in files}
    assert [path for path, text in texts.items() if re.search(r"/(home|root|work|tmp|mnt|scratch|data)/", text)] == []
    assert [
        path for path, text in texts.items() if re.search(r"\b\d{6}\b(?!\.)", text.split('"ap_per_class"')[0])
    ] == []


def test_every_number_of_the_readme_is_on_the_page():
    section = README_SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    if section is None:
        pytest.skip("README.md has no section between <!-- photographs --> and <!-- /photographs -->")
    page = PAGE.read_text(encoding="utf-8")
    shown = {number.lstrip("+-−") for number in NUMBER.findall(page)}
    numbers = {number.lstrip("+-−") for number in NUMBER.findall(section[1])}
    rounded = {f"{float(number):.1f}" for number in shown}  # README may print one decimal
    assert numbers - shown - rounded == set()
