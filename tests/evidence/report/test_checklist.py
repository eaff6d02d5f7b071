import re
from dataclasses import replace

import pytest
from evidence.report_pages import ROOT, small_evidence, small_grid, small_results

from ltmlc.evidence.claims.file import asked_of
from ltmlc.evidence.report.checklist import checklist_markdown, sections

ANSWERS = {"yes", "partly", "no", "not applicable", "not known"}


@pytest.fixture
def evidence(tmp_path):
    small_results(tmp_path)
    return small_evidence(tmp_path)


def answers(evidence) -> dict[str, tuple[str, str]]:
    """Question -> answer and what it rests on; a question of two checklists keeps the last."""
    return {question: answer for items in sections(evidence).values() for question, answer in items}


def test_every_question_is_answered_and_every_answer_rests_on_something(evidence):
    found = answers(evidence)
    assert len(found) >= 40
    assert all(answer in ANSWERS and because.strip() for answer, because in found.values())
    assert sum(question[0].isdigit() for question in found) == 16, "the NeurIPS checklist has sixteen"


def test_answers_from_files_come_with_their_figures(evidence):
    found = answers(evidence)
    assert found["Exact number of training and evaluation runs"] == (
        "yes",
        "12 asked for: 6 finished, 2 failed, 4 missing; seeds 0, 1; one evaluation each",
    )
    assert "6 training and 4 test images, 3 classes (1 : 1 : 1 head, medium, tail)" in str(found)
    assert "14 s a run (median), 84 s in all on cpu" in found["8. Computing resources"][1]
    assert (
        "sd of one run between seeds in total mAP: VOC-LT 0.47 (df 1.5)" in found["Central tendency and variation"][1]
    )
    assert "torch 2.14.1" in found["Computing infrastructure"][1]


def test_only_the_statements_that_are_asked_for_are_counted_and_each_once(evidence):
    asked = asked_of(evidence.grid, evidence.claims)
    assert len(asked) < len(evidence.claims)
    evidence.verdicts[:] = [replace(evidence.verdicts[0], same_as=same, verdict="holds") for same in ("", "x")]
    said = str(answers(evidence))
    assert f"2 judgements of {len(asked)} statements" in said and "statements: 1 holds" in said


def test_what_no_file_says_is_said_to_be_not_known(evidence):
    found = answers(evidence)
    for question in ("9. Code of ethics", "10. Broader impact", "16. Use of language models"):
        assert found[question][0] == "not known"
    text = checklist_markdown(evidence)
    assert f"Left to a person: {text.count('| **not known** |')} questions." in text


def test_an_edited_source_tree_is_admitted(tmp_path):
    from evidence.synthetic import write

    small_results(tmp_path)
    write(tmp_path, "voc-lt", "lsep", 0, 50.0, environment={"device": "cpu", "git_commit": "a" * 40 + "-dirty"})
    found = answers(small_evidence(tmp_path))
    assert found["Training code"] == ("partly", "src/ltmlc, commit aaaaaaaaaaaa-dirty: files differed from the commit")


def test_one_seed_is_no_variation(tmp_path):
    small_results(tmp_path)
    found = answers(small_evidence(tmp_path, asked=small_grid(seeds=(0,))))
    assert found["Central tendency and variation"][0] == "no"
    assert found["7. Statistical significance"][0] == "no"


def test_every_file_of_code_that_is_named_is_there(tmp_path):
    asked = small_grid()
    asked.datasets["voc-lt"]["source"] = {"kind": "digits"}
    text = checklist_markdown(small_evidence(tmp_path, asked=asked))
    named = set(re.findall(r"[\w./-]+/[\w.-]+\.py|src/[\w/]+", text))
    assert "src/ltmlc/data/sources/digits.py" in named and [name for name in named if not (ROOT / name).exists()] == []


def test_nothing_finished_is_answered_so(tmp_path):
    found = answers(small_evidence(tmp_path))
    assert found["Results: what could be reproduced"] == ("no", "no run has finished")
    assert found["Computing infrastructure"][0] == "not known"
    assert found["8. Computing resources"] == ("no", "no run has finished")


def test_a_bar_in_a_name_does_not_break_the_table(tmp_path):
    small_results(tmp_path)
    text = checklist_markdown(small_evidence(tmp_path, asked=small_grid(title="A|B")))
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert all(line.replace("\\|", "").count("|") == 4 for line in rows)
