"""Pages of which a part is made from committed numbers: it stands between two comments."""

from pathlib import Path


def page_with(page: Path, name: str, text: str) -> str:
    """``page`` with ``text`` between its markers, which are comments with this name."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(start)
    return f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}"
