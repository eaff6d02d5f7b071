"""What others wrote (labels, titles, errors) is text in every language it is written into, and nothing else."""

import csv
import html
import io

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_code, markdown_escape
from ltmlc.evidence.markup import epoch_now, latex_comment, latex_escape, markdown_page, markdown_table, named_seeds
from ltmlc.evidence.results.frame import frame_csv

HOSTILE = (
    "a\n\\input{/etc/passwd}\r$x$ \x1b[2J <script>alert(1)</script> ![p](http://e.x/p.png) `c` | % & # _ ~ ^ α √ 中"
)


def test_latex_has_no_command_of_the_text():
    text = latex_escape(HOSTILE)
    assert text.isascii() and "\n" not in text and "\r" not in text and "\x1b" not in text
    assert r"{\textbackslash}input\{/etc/passwd\}" in text
    assert all(sign in text for sign in (r"\$x\$", r"\%", r"\&", r"\#", r"\_", r"{\textasciitilde}"))


@pytest.mark.parametrize(("sign", "command"), [("α", r"\alpha"), ("√", r"\sqrt"), ("γ", r"$\gamma$"), ("±", r"$\pm$")])
def test_signs_of_mathematics_are_commands_of_latex(sign, command):
    assert command in latex_escape(sign)


@pytest.mark.parametrize(("text", "escaped"), [("[2cm] x", "{[}2cm] x"), (" * x", " {*} x"), ("a [b] *", "a [b] *")])
def test_no_text_is_an_argument_of_the_line_end_before_it(text, escaped):
    assert latex_escape(text) == escaped


def test_a_comment_of_latex_ends_where_it_should():
    assert latex_comment("a\n\\input{x}\rb\u2028c").splitlines() == ["% a \\input{x} b c"]


def test_markdown_has_no_tag_link_picture_or_line_of_the_text():
    text = markdown_escape(HOSTILE)
    assert "<" not in text and "\n" not in text and "\x1b" not in text
    assert r"!\[p\](" in text and "&lt;script&gt;" in text and r"\`c\`" in text


@pytest.mark.parametrize("text", ["# a", "###### a", "- a", "+ a", "---", "===", "1. a", "23) a", "  # a", "_a_", "#"])
def test_no_text_begins_a_heading_an_item_or_a_rule(text):
    page = MarkdownIt("commonmark").render(f"{markdown_escape(text)}\n\n{markdown_escape(text)}\n")
    assert page == f"<p>{text.strip()}</p>\n" * 2


@pytest.mark.parametrize("text", ["-1.50", "+0.25", "+CW", "#3", "1.5", "dr_gamma1-5", "– 3"])
def test_numbers_and_names_stay_as_they_are(text):
    assert markdown_escape(text) == text


@pytest.mark.parametrize("text", ["a", "a`b", "``a`<script>", "`"])
def test_code_of_markdown_does_not_end_before_its_end(text):
    assert MarkdownIt("commonmark").render(markdown_code(text)) == f"<p><code>{html.escape(text)}</code></p>\n"


def test_a_cell_of_a_table_stays_one_cell_whatever_it_holds():
    table = markdown_table(["a", "b"], [[HOSTILE, "x"]])
    assert len(table.splitlines()) == 3 and "<script" not in table and r"\|" in table


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\t=1+1", "\n=1"])
def test_no_cell_of_a_csv_is_a_formula(cell):
    for text in (csv_text(["a"], [[cell]]), frame_csv(pd.DataFrame({"a": [cell, "-1.5"]}))):
        first = list(csv.reader(io.StringIO(text)))[1][0]
        assert first.lstrip()[0] == "'" and "\n" not in first
    assert csv_text(["a", "b", "c"], [["-1.5", -2, "+0.25"]]) == "a,b,c\n-1.5,-2,+0.25\n", "numbers stay numbers"


def test_one_seed_is_singular():
    assert named_seeds([7]) == "seed 7" and named_seeds((0, 1)) == "seeds 0, 1"


def test_sections_of_a_page_are_a_blank_line_apart_and_empty_ones_left_out():
    assert markdown_page(["# a\n", "", "\nb\n"]) == "# a\n\nb\n"


def test_epochs_are_counted_from_one_and_end_with_the_last():
    assert [epoch_now(done, 30) for done in (0, 3, 30)] == ["epoch 1 of 30", "epoch 4 of 30", "epoch 30 of 30"]
