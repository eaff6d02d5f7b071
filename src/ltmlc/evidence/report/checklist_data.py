"""The answers of the checklist about data sets: sizes, splits, preprocessing, sources."""

from ltmlc.evidence.figures import made_by_code
from ltmlc.evidence.report.checklist_answers import Answer, all_of
from ltmlc.evidence.report.facts import costs
from ltmlc.evidence.report.gather import Evidence


def sizes(evidence: Evidence) -> Answer:
    parts = [
        f"{cost.title}: {cost.train_images} training and {cost.test_images} test images, {cost.classes} classes "
        f"({' : '.join(map(str, cost.groups))} head, medium, tail)"
        for cost in costs(evidence)
        if cost.classes
    ]
    return all_of(parts, evidence, "no split has been made yet")


def splits(evidence: Evidence) -> Answer:
    parts = [f"{evidence.titles[name]}: sha256 {split.sha256[:16]}" for name, split in evidence.splits.items()]
    answer, text = all_of(parts, evidence, "no split has been made yet")
    return answer, f"{text}; training and test alone, no validation set" if parts else text


def preprocessing(evidence: Evidence) -> Answer:
    names = ", ".join(f"config/datasets/{name}.yaml" for name in evidence.grid.datasets)
    return "yes", f"source, subset, image size and augmentation: {names}"


def sources(evidence: Evidence) -> Answer:
    embedded = {"digits": "made by code, embedded", "pooled": "activations of photographs, embedded"}
    kinds = {}
    for name, settings in evidence.grid.datasets.items():
        others = "downloads listed in its file" if settings.get("downloads") else "one's own copy is needed"
        kinds[evidence.titles[name]] = embedded.get(settings.get("source", {}).get("kind"), others)
    answer = "partly" if "one's own copy is needed" in kinds.values() else "yes"
    return answer, "; ".join(f"{title}: {kind}" for title, kind in kinds.items())


def new_data(evidence: Evidence) -> Answer:
    digits = [evidence.titles[name] for name, settings in evidence.grid.datasets.items() if made_by_code(settings)]
    if not digits:
        return "not applicable", "no data set is new"
    return (
        "yes",
        f"{', '.join(digits)}: made from scikit-learn's handwritten digits, by src/ltmlc/data/sources/digits.py",
    )
