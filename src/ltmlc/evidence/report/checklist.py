"""``checklist.md``: the questions of the Machine Learning Reproducibility Checklist and of the NeurIPS paper checklist,
answered from what is on file. What no file says is answered "not known".

The questions are given in short; the answers are about this reproduction, not about the paper.
"""

from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.figures import made_by_code
from ltmlc.evidence.markup import markdown_page, markdown_table
from ltmlc.evidence.report import checklist_answers as say
from ltmlc.evidence.report.facts import costs
from ltmlc.evidence.report.gather import Evidence

_INTRODUCTION = (
    "Answered from the files of this reproduction, by the program: *yes* and *partly* come with the figures they rest "
    "on, *no* says what is lacking, *not known* that no file holds the answer, so that a person must give it."
)


def checklist_markdown(evidence: Evidence) -> str:
    """The page as text; partial results give partial answers."""
    answered = sections(evidence)
    left = sum(answer == "not known" for items in answered.values() for _, (answer, _) in items)
    parts = [f"# Reproducibility checklist: {' and '.join(map(markdown_escape, evidence.titles.values()))}"]
    parts.append(f"{_INTRODUCTION} Left to a person: {left} questions.")
    for title, items in answered.items():
        rows = [[question, f"**{answer}**", markdown_escape(because)] for question, (answer, because) in items]
        table = markdown_table(["question", "answer", "on file"], rows, left=3)
        parts.append(f"## {title}\n\n{table}")
    return markdown_page(parts)


def sections(evidence: Evidence) -> dict[str, list[tuple[str, say.Answer]]]:
    """Heading -> its questions with their answers, in the order of the published checklists."""
    return {
        "Reproducibility challenge: summary": [
            ("Scope: which claims are examined", say.scope(evidence)),
            ("Methodology: own code or the authors'", say.methodology(evidence)),
            ("Results: what could be reproduced", say.outcome(evidence)),
            ("What had to be guessed", say.guessed(evidence)),
            ("Contact with the authors", say.not_known("no file records any")),
        ],
        "Machine Learning Reproducibility Checklist: models and algorithms": [
            ("Mathematical setting, algorithm, model", say.mathematics(evidence)),
            ("Assumptions", say.guessed(evidence)),
            ("Complexity in time, space, sample size", say.cost(evidence)),
            ("Theoretical claims: statement and proof", say.theory()),
        ],
        "Machine Learning Reproducibility Checklist: data sets": [
            ("Statistics, such as the number of examples", _sizes(evidence)),
            ("Training, validation and test splits", _splits(evidence)),
            ("What was excluded; preprocessing", _preprocessing(evidence)),
            ("Where the data can be had", _sources(evidence)),
            ("New data: how it was collected", _new_data(evidence)),
        ],
        "Machine Learning Reproducibility Checklist: code": [
            ("Dependencies", say.dependencies(evidence)),
            ("Training code", say.code(evidence)),
            ("Evaluation code", say.evaluation()),
            ("Trained models", say.models(evidence)),
            ("A table of results with the exact commands", say.commands(evidence)),
        ],
        "Machine Learning Reproducibility Checklist: results": [
            ("Hyper-parameters: range, selection, final values", say.hyper_parameters(evidence)),
            ("Exact number of training and evaluation runs", say.runs(evidence)),
            ("Definition of the measure", say.measure()),
            ("Central tendency and variation", say.variation(evidence)),
            ("Average run time, or energy", say.cost(evidence)),
            ("Computing infrastructure", say.infrastructure(evidence)),
        ],
        "NeurIPS paper checklist": [
            ("1. Claims match the results", say.outcome(evidence)),
            ("2. Limitations", say.limitations(evidence)),
            ("3. Theory: assumptions and proofs", say.theory()),
            ("4. Results can be reproduced", say.code(evidence)),
            ("5. Open access to data and code", _sources(evidence)),
            ("6. Experimental setting", say.hyper_parameters(evidence)),
            ("7. Statistical significance", say.significance(evidence)),
            ("8. Computing resources", say.cost(evidence)),
            ("9. Code of ethics", say.not_known("no file says whether it was read")),
            ("10. Broader impact", say.not_known("no file discusses it")),
            ("11. Safeguards", say.models(evidence)),
            ("12. Licences of data, code and models used", say.licences(evidence)),
            ("13. New assets are documented", _new_data(evidence)),
            ("14. Crowdsourcing and human subjects", ("not applicable", "no step of the workflow involves people")),
            ("15. Approval by a review board", ("not applicable", "no step of the workflow involves people")),
            ("16. Use of language models", say.not_known("no file declares any")),
        ],
    }


def _sizes(evidence: Evidence) -> say.Answer:
    parts = [
        f"{cost.title}: {cost.train_images} training and {cost.test_images} test images, {cost.classes} classes "
        f"({' : '.join(map(str, cost.groups))} head, medium, tail)"
        for cost in costs(evidence)
        if cost.classes
    ]
    return say.all_of(parts, evidence, "no split has been made yet")


def _splits(evidence: Evidence) -> say.Answer:
    parts = [f"{evidence.titles[name]}: sha256 {split.sha256[:16]}" for name, split in evidence.splits.items()]
    answer, text = say.all_of(parts, evidence, "no split has been made yet")
    return answer, f"{text}; training and test alone, no validation set" if parts else text


def _preprocessing(evidence: Evidence) -> say.Answer:
    names = ", ".join(f"config/datasets/{name}.yaml" for name in evidence.grid.datasets)
    return "yes", f"source, subset, image size and augmentation: {names}"


def _sources(evidence: Evidence) -> say.Answer:
    embedded = {"digits": "made by code, embedded", "pooled": "activations of photographs, embedded"}
    kinds = {}
    for name, settings in evidence.grid.datasets.items():
        others = "downloads listed in its file" if settings.get("downloads") else "one's own copy is needed"
        kinds[evidence.titles[name]] = embedded.get(settings.get("source", {}).get("kind"), others)
    answer = "partly" if "one's own copy is needed" in kinds.values() else "yes"
    return answer, "; ".join(f"{title}: {kind}" for title, kind in kinds.items())


def _new_data(evidence: Evidence) -> say.Answer:
    digits = [evidence.titles[name] for name, settings in evidence.grid.datasets.items() if made_by_code(settings)]
    if not digits:
        return "not applicable", "no data set is new"
    return (
        "yes",
        f"{', '.join(digits)}: made from scikit-learn's handwritten digits, by src/ltmlc/data/sources/digits.py",
    )
