"""The documentation builds into a site without a warning or a network, and the rule graph is the workflow's."""

import re
import subprocess
import sys
from fnmatch import filter as matching
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).parents[1]
PAGES = [path.relative_to(ROOT / "docs") for path in sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Loaded(HTMLParser):
    """What a browser fetches by itself to show a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.addresses.append(named.get("src") or "")
        if tag == "link" and named.get("rel") in ("stylesheet", "preconnect", "icon", "preload"):
            self.addresses.append(named.get("href") or "")


def test_every_page_is_there_and_in_the_navigation(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    for page in [*PAGES, *map(Path, ("start.md", "configuration.md", "contributing.md", "notebook.md"))]:
        target = page.with_suffix(".html").as_posix()
        assert (site / target).is_file()
        assert f'href="{target}" class="md-nav__link' in index, f"{target} is not in the navigation"


def test_a_page_fetches_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        addresses = Loaded(page.read_text(encoding="utf-8")).addresses
        assert [address for address in addresses if re.match(r"(\w+:)?//", address)] == [], page
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"url\(\s*[\"']?https?:", styles)


def test_formulas_are_set_as_formulas(site):
    page = (site / "losses.html").read_text(encoding="utf-8")
    text = re.sub(r"<(code|pre)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert text.count("<math") > 40 and text.count("<mfrac>") > 5
    assert not re.search(r"\$|\\\(|\\frac|arithmatex|<merror", text)


def test_no_page_shows_its_markup(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<p>\s*\|", text), f"{page}: rows of a table as text"
        assert not re.search(r"<t[dh]\b[^\n]*\\\|", text), f"{page}: a bar with its backslash"
        assert not re.search(r"^(flowchart|graph) ", re.sub(r"<[^>]+>", "", text), flags=re.MULTILINE), (
            f"{page}: no diagram"
        )


def test_a_link_to_a_file_that_is_a_page_leads_to_the_page(site):
    links = {page: (site / f"{page}.html").read_text(encoding="utf-8") for page in ("index", "start")}
    assert 'href="start.html">the repository' in links["index"] and 'href="notebook.html">a notebook' in links["index"]
    assert 'href="data.html">How do I use my own data?' in links["start"] and 'src="pictures/' in links["start"]


def test_the_rule_graph_is_a_picture_with_every_rule(site):
    page = (site / "workflow.html").read_text(encoding="utf-8")
    picture = re.search(r'<svg class="flowchart".*?</svg>', page, flags=re.DOTALL)[0]
    drawn = re.findall(r"<text [^>]*>(\w+)</text>", picture)
    assert len(drawn) == len(set(drawn)) and {"download", "train", "tabulate", "summary", "all"} <= set(drawn)


def test_public_functions_are_shown_with_their_arguments(site):
    page = (site / "api" / "losses.html").read_text(encoding="utf-8")
    for name in ("ltmlc.losses.build_loss", "ltmlc.losses.dr.dr", "ltmlc.losses.stats.ClassStats"):
        assert f'id="{name}"' in page
    assert "gamma1" in page


def test_the_rule_graph_is_the_workflows():
    module = load_script("docs/rulegraph.py")
    assert module.rule_graph() in (ROOT / "docs" / "workflow.md").read_text(encoding="utf-8"), (
        "python docs/rulegraph.py"
    )


def test_every_rule_has_its_place_in_the_table_of_the_workflow():
    page = (ROOT / "docs" / "workflow.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \| \[`[\w.]+`\]\(\.\./workflow/([\w./]+)\)", page, flags=re.M)
    named = {ROOT / "workflow" / file: re.findall(r"`([\w*]+)`", names) for names, file in rows}
    for path in [ROOT / "workflow" / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]:
        rules = re.findall(r"^(?:use rule \w+ as|rule|checkpoint) (\w+)", path.read_text("utf-8"), flags=re.M)
        found = [matching(rules, name) for name in named.get(path, [])]
        assert all(found) and set().union(*found) == set(rules), path.name
