"""For MkDocs: files of the repository become pages, links to others become the names of these files, diagrams
become pictures, and formulas MathML, which browsers show without a script.
"""

import re
from html import unescape
from json import loads
from pathlib import Path
from posixpath import normpath, relpath

from flowchart import flowchart
from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {  # page -> the file of the repository that it is
    "start.md": "README.md",
    "configuration.md": "config/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "notebook.md": "docs/notebooks/explore.ipynb",
}
PAGE_OF = {source: page for page, source in PAGES.items()}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
BAR = re.compile(r"(`[^`\n]*)\\\|([^`\n]*`)")  # in code, where GitHub wants `\|` in a table and shows the bar
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?<=<code>)[^<\s]{32,}(?=</code>)")
PART = re.compile(r"(?<=[/_:])(?=[^/_:])")
FORMULA = re.compile(r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>', re.DOTALL)


def on_files(files, config):
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_cells(text) if source.endswith(".ipynb") else text))
    return files


def _cells(notebook: str) -> str:
    """The text and the code of a notebook, as Markdown."""
    fence = {"code": ("```python\n", "\n```"), "markdown": ("", "")}
    cells = [(fence[cell["cell_type"]], "".join(cell["source"])) for cell in loads(notebook)["cells"]]
    return "\n\n".join(f"{before}{source}{after}" for (before, after), source in cells)


def on_page_markdown(markdown, page, config, files):
    """Links as they work in the repository, made to work among the pages. One that leads nowhere is left to MkDocs."""
    here = page.file.src_uri
    folder = Path(PAGES.get(here, f"docs/{here}")).parent.as_posix()

    def among_pages(match):
        picture, text, target, anchor = match[1], match[2], normpath(f"{folder}/{match[3]}"), match[4] or ""
        if target in PAGE_OF or target.startswith("docs/"):
            to = PAGE_OF.get(target, target.removeprefix("docs/"))
            return f"{picture}[{text}]({relpath(to, Path(here).parent.as_posix())}{anchor})"
        return text if (ROOT / target).exists() else match[0]

    for pattern, to in ((DIAGRAM, lambda block: flowchart(block[1])), (BAR, r"\1|\2"), (LINK, among_pages)):
        markdown = pattern.sub(to, markdown)
    return markdown


def on_page_content(html, page, config, files):
    """Formulas set, and long names made to break at their parts where a page is too narrow for them."""
    html = NAME.sub(lambda name: PART.sub("<wbr>", name[0]), html)
    return FORMULA.sub(_formula, html)


def _formula(formula):
    """In a paragraph as it stands, else on a line of its own, which is pushed along where it is wider than the page."""
    if formula[1] == "span":
        return convert(unescape(formula[2]))
    return f'<div class="formula">{convert(unescape(formula[2]), display="block")}</div>'
