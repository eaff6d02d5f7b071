"""For MkDocs: config/README.md becomes a page, links to files that are no pages become the names of these files, and
formulas become MathML, which browsers show without a script.
"""

import re
from html import unescape
from pathlib import Path
from posixpath import normpath, relpath

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {"configuration.md": "config/README.md"}  # page -> the file of the repository that it is
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")

FORMULA = re.compile(r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>', re.DOTALL)


def on_files(files, config):
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links as they work in the repository, made to work among the pages. One that leads nowhere is left to MkDocs."""
    here = page.file.src_uri
    folder = Path(PAGES.get(here, f"docs/{here}")).parent.as_posix()

    def among_pages(match):
        text, target, anchor = match[1], normpath(f"{folder}/{match[2]}"), match[3] or ""
        page_of = {source: name for name, source in PAGES.items()}.get(target, target.removeprefix("docs/"))
        if target.startswith("docs/") or target in PAGES.values():
            return f"[{text}]({relpath(page_of, Path(here).parent.as_posix())}{anchor})"
        return text if (ROOT / target).exists() else match[0]

    return LINK.sub(among_pages, markdown)


def on_page_content(html, page, config, files):
    """In a paragraph as it stands, else on a line of its own."""
    return FORMULA.sub(
        lambda formula: convert(unescape(formula[2]), display="inline" if formula[1] == "span" else "block"), html
    )
