"""Texts of others (labels, titles, class names, errors, notes) through the program's own verbs into every language that
it writes: nothing of them is a command, a tag, a link, a formula or a line of its own.
"""

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from evidence import synthetic
from markdown_it import MarkdownIt

from ltmlc.cli import main
from ltmlc.data.sources.source import Pool
from ltmlc.data.split import Split, save_split
from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[2]
PRINTABLE = (
    r"=cmd|' /C calc'!A0 \input{/etc/passwd} \write18{id} <script>alert(1)</script> <img src=x onerror=alert(1)> "
    r"[link](javascript:alert(1)) ![picture](http://e.x/p.png) <http://e.x> ^^5cinput | "
    r"`code` $x$ % & # _em_ ~ {{ 7*7 }}"
)
LINES = f"{PRINTABLE}\n# heading\n\n- item\n\\input{{second}}\n=third"  # a configuration takes no other controls
HOSTILE = f"{LINES} \x1b[2J\x1b]0;title\x07\r- item\u2028=fourth \u202e"
TABLES = {"table2": 4, "table3": 6, "fig4": 2}  # and so many of their rows
CLAIMS = """
claims:
  - {id: one, section: SECTION, statement: STATEMENT, kind: greater, amount: {voc-lt: 5, coco-lt: 7},
     better: {table: table2, row: AFTER}, worse: {table: table2, row: BEFORE}}
  - {id: two, section: SECTION, statement: STATEMENT, kind: best_at,
     at: {table: table2, row: BEFORE}, among: {table: table2}}
  - {id: three, section: SECTION, statement: STATEMENT, kind: probability,
     about: [voc-lt], of: OF, given: OF, value: 0.9}
"""


def poisoned(
    value, *, keys=("title", "caption", "label", "note", "value", "origin", "step", "changes", "panel"), key=""
):
    """A table's content with every text of its own ended by LINES and begun by a sign that is a formula's."""
    if isinstance(value, dict):
        return {name: each if name == "run" else poisoned(each, key=name) for name, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each, key=key) for each in value]
    own = key in keys and value not in ("own", "cited", "retrained")
    return f"={value} {LINES}" if own and isinstance(value, str) else value


def in_split(content: dict) -> dict:
    """Rows that ``split_step`` names, by their poisoned labels."""
    if "split_step" in content:
        content["split_step"]["rows"] = [f"={label} {LINES}" for label in content["split_step"]["rows"]]
    return content


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A project whose every text is hostile, and what each verb said; everything that it wrote lies in ``out``."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, rows in TABLES.items():
        content = yaml.safe_load((ROOT / "config" / "tables" / f"{name}.yaml").read_text())
        content["rows"] = content["rows"][:rows]
        dump(folder / "config" / "tables" / f"{name}.yaml", in_split(poisoned(content)))
    dump(folder / "config/datasets/hostile.yaml", {"extends": "digits20-lt", "title": LINES})
    before, after = (f"={label} {LINES}" for label in ("LSEP", "LSEP + CW"))
    claims = yaml.safe_load(CLAIMS)
    texts = {"SECTION": LINES, "STATEMENT": LINES, "BEFORE": before, "AFTER": after, "OF": f"{PRINTABLE} 0"}
    dump(folder / "config/claims.yaml", replaced(claims, texts))
    config = {"datasets": ["hostile"], "tables": list(TABLES), "seeds": [0, 1], "results": "out"}
    dump(folder / "config.yaml", config | {"methods": [before, after], "reference": "out/reference.csv"})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(folder / "out")
        said = {verb: call(patch, verb.split()) for verb in VERBS}
    return folder / "out", said


VERBS = {  # and what each writes under ``out``, checksums apart
    "reference --out out/reference.csv": ["reference.csv"],  # with which the others compare
    "tabulate": [f"tables/{table}.{kind}" for table in TABLES for kind in ("csv", "md", "tex")],
    "compare": ["diff.csv", "diff.md", "rank_agreement.csv", "runs.csv"],
    "claims": ["claims.csv", "claims.md"],
    "audit": ["audit.csv", "audit.md"],
    "report": ["REPRODUCTION.md", "checklist.md", "numbers.tex", "report.html"],
    "export": ["export/ap_per_class.csv", "export/ro-crate.zip", "export/runs.csv"],
    "status": [],
    "plan": [],
    "plan --out out/plan.md": ["plan.md"],
    "bootstrap hostile --out out/bootstrap.csv": ["bootstrap.csv"],
}
NUMBERS_ALONE = {"rank_agreement.csv", "bootstrap.csv", "export/ro-crate.zip"}  # the crate is read by ``texts``


def dump(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))


def replaced(value, texts: dict):
    if isinstance(value, dict):
        return {key: replaced(each, texts) for key, each in value.items()}
    return [replaced(each, texts) for each in value] if isinstance(value, list) else texts.get(value, value)


def call(patch, arguments) -> str:
    streams = io.StringIO(), io.StringIO()
    patch.setattr("sys.stdout", streams[0])
    patch.setattr("sys.stderr", streams[1])
    code = main(arguments)
    said = streams[0].getvalue() + streams[1].getvalue()
    assert code == (1 if arguments == ["status"] else 0) and "Traceback" not in said, said  # 1: some have failed
    return said


def fill(results: Path) -> None:
    """Runs of two seeds, some failed; their environment and errors are another's texts, too."""
    labels = np.random.default_rng(0).integers(0, 2, (40, 20)).astype(np.uint8)
    labels[0] = labels[20] = 1
    pools = [
        Pool([f"{part}{i}" for i in range(20)], half) for part, half in zip("ab", np.split(labels, 2), strict=True)
    ]
    names = [f"{PRINTABLE} {k}" for k in range(20)]
    split = Split.of("hostile", names, *pools, {"head": 12, "medium": 9})
    save_split(split, results / "data" / "hostile" / "split.json")
    grid, random = load_grid("config.yaml"), np.random.default_rng(1)
    for place, (run, spec) in enumerate(grid.runs["hostile"].items()):
        for seed in grid.seeds:
            score = random.random()
            values = None if place % 7 == 3 else [100 * score] * 4
            others = {"environment": dict.fromkeys(("device", "torch", "python", "git_commit", "cpu"), LINES)}
            others |= {"command": LINES, "spec": spec, "classes": names, "split_sha256": split.sha256}
            others |= {"error": LINES} if values is None else {"ap_per_class": [score] * 20}
            file = synthetic.write(results, "hostile", run, seed, values, **others)
            (file.parent / "train.log").write_text(f"{HOSTILE}\n")
            if place == 4:  # ended without a result: its log says why
                file.unlink()
                continue
            np.savez(
                file.with_name("predictions.npz"),
                logits=random.standard_normal((20, 20)).astype(np.float32),
                labels=split.test_matrix,
                ids=np.array(split.test_ids),
            )
            write_sums(file.with_name(RUN_SUMS), [file, file.with_name("predictions.npz")])


def texts(folder: Path, suffix: str) -> dict[str, str]:
    """What was written of this kind, in the crate too: name -> text."""
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob(f"*{suffix}")}
    with zipfile.ZipFile(folder / "export" / "ro-crate.zip") as crate:
        found |= {f"crate {name}": crate.read(name).decode() for name in crate.namelist() if name.endswith(suffix)}
    return found


def test_every_verb_said_something_and_wrote_the_texts_into_its_files(written):
    folder, said = written
    assert "14 finished, 0 running, 2 failed, 0 missing, 2 stopped" in said["status"], "the results are not read"
    for verb, files in VERBS.items():
        assert said[verb], verb
        assert [name for name in files if not (folder / name).is_file()] == [], verb
    names = {name for files in VERBS.values() for name in files} - NUMBERS_ALONE
    assert [name for name in sorted(names) if "input" not in (folder / name).read_text()] == []


def test_terminal(written):
    """One control character steers it; a line of its own looks like the program's."""
    for verb, text in written[1].items():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", text), verb
        assert not re.search(r"(?m)^(# heading|- item|\\input)", text), verb


def test_latex(written):
    for name, text in texts(written[0], ".tex").items():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", text), name
        code = re.sub(r"(?m)(?<!\\)((?:\\\\)*)%.*$", r"\1", text)
        assert not re.search(r"\\(input|write)|\^\^|(?<!\\)\$x|(?<!\\)#|(?m:^- item)", code), name


def test_markdown(written):
    """As CommonMark with tables reads it, raw HTML allowed: every element is one of the page's own."""
    for name, text in texts(written[0], ".md").items():
        page = Elements(MarkdownIt("commonmark").enable("table").render(text))
        assert not page.tags & {"script", "img onerror", "code onerror"}, name
        assert not [link for link in page.links if re.search(r"javascript|e\.x", link)], name
        assert "heading" not in page.headings and "item" not in page.items, name
        assert "\x1b" not in text, name
        widths = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
        blocks = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if re.match(r"\| ?:?-", line)]
        assert set(widths) <= set(blocks), f"{name}: a bar of the text divides a cell"


def test_html(written):
    for name, text in texts(written[0], ".html").items():
        page = Elements(text)
        assert not re.search(r"alert\(1\)|/etc/passwd", "".join(page.scripts)), name
        assert "img onerror" not in page.tags, name
        assert not [link for link in page.links if re.search(r"javascript:|e\.x", link)], name


def test_csv(written):
    for name, text in texts(written[0], ".csv").items():
        lines = list(csv.reader(io.StringIO(text)))
        assert {len(line) for line in lines} == {len(lines[0])}, name
        for cell in (cell for line in lines for cell in line):
            assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", cell), (name, cell)
            assert not re.match(r"\s*[=@]|\s*[+-](?![\d.]+$|[\d.]+e[+-]?\d+$|inf$)", cell), (name, cell)


def test_json(written):
    for name, text in texts(written[0], ".json").items():
        json.loads(text), name


class Elements(HTMLParser):
    """Tags (an event's with its name), links, and the texts of headings, items and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links, self.headings, self.items, self.scripts = set(), [], [], [], []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = "data" if ("type", "application/json") in attributes else tag
        self.tags |= {tag, *(f"{tag} {name}" for name, _ in attributes if name.startswith("on"))}
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        places = {"h1": self.headings, "h2": self.headings, "li": self.items, "script": self.scripts}
        places.get(self.inside, []).append(data.strip() if self.inside != "script" else data)
