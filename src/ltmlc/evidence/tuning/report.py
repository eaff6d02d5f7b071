"""The sweep as a page: ``{results}/tune/{dataset}.md``."""

from collections.abc import Sequence

from ltmlc.data.heldout import scored_classes
from ltmlc.data.split import Split
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.markup import markdown_page, markdown_table, named_seeds
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.tables.tables import number_or_sign
from ltmlc.evidence.tuning.decide import Decided, Tried
from ltmlc.evidence.tuning.gains import Gains, gains, names


def sweep_markdown(
    decisions: Sequence[Decided], split: Split, *, title: str, seeds: Sequence[int], notes: Sequence[str] = ()
) -> str:
    """What was tried, what each candidate reached on the held-out images, what was chosen, and how far to trust it.

    Of one data set, with its held-out split (:func:`ltmlc.data.heldout.held_out_split`); ``notes`` are sentences on
    what the decisions do not say themselves.
    """
    rates = [each for each in decisions if each.choice.rate]
    others = [each for each in decisions if not each.choice.rate]
    found = gains(decisions)
    sections = [
        f"# Chosen on held-out training images: {markdown_escape(title)}",
        _how(split, seeds),
        _noise(seeds),
    ]
    warnings = [
        *(f"- {markdown_escape(note)}" for note in notes),
        *(
            f"- **{markdown_escape(each.choice.label)}**: {markdown_escape(each.note)}"
            for each in decisions
            if each.note
        ),
    ]
    if rates:
        sections += ["## Learning rates", rates_table(rates, found), "Every candidate:", candidates_table(rates, found)]
    if others:
        sections += ["## Open choices", candidates_table(others, found)]
    if warnings:
        sections += ["## Warnings", "\n".join(warnings)]
    return markdown_page(sections)


def _noise(seeds: Sequence[int]) -> str:
    """How sure a difference is."""
    if len(seeds) < 2:
        return "One seed: nothing measures how much of a difference is chance."
    return (
        "±: the 95 % interval of the difference from the present candidate on the same seeds, by its own spread and "
        "the others'. The chosen one is the best of several, so its gain looks larger than it is."
    )


def _how(split: Split, seeds: Sequence[int]) -> str:
    scored = scored_classes(split)
    silent = [name for k, name in enumerate(split.classes) if k not in scored]
    single = [split.classes[k] for k in scored if split.test_class_counts[k] == 1]
    text = (
        f"Trained on {len(split.train_ids)} of the training images, tested on the other {len(split.test_ids)}; the "
        f"test set is not touched. mAP in percent over {len(scored)} of {len(split.classes)} classes"
    )
    text += (
        f" (not scored, for want of a second training image: {markdown_escape(', '.join(silent))})" if silent else ""
    )
    text += f", {named_seeds(seeds)}."
    if single:
        text += (
            f" With a single held-out image, a class counts as much as any other: {markdown_escape(', '.join(single))}."
        )
    return f"{text} The best total decides, the present choice where it is equal; **bold**: chosen."


def rates_table(decisions: Sequence[Decided], found: Gains) -> str:
    """One line a method, one column a factor."""
    factors = sorted({each.candidate.factor or 1.0 for decision in decisions for each in decision.tried})
    rows = []
    for decision in decisions:
        by_factor = {each.candidate.factor: each for each in decision.tried}
        cells = [_total(by_factor[factor], decision) if factor in by_factor else "" for factor in factors]
        chosen = "" if decision.chosen is None else f"{decision.chosen.candidate.lr:g}"
        rows.append(
            [
                markdown_escape(decision.choice.label),
                f"{decision.choice.present.lr:g}",
                *cells,
                chosen,
                "kept" if decision.chosen is decision.present else _gain(decision.chosen, decision, found),
            ]
        )
    header = ["method", "recipe's rate", *(f"x {factor:g}" for factor in factors), "chosen rate", "gain"]
    return markdown_table(header, rows)


def candidates_table(decisions: Sequence[Decided], found: Gains) -> str:
    """One line a candidate."""
    rows = [
        [
            markdown_escape(decision.choice.label),
            markdown_escape(each.candidate.label),
            f"{each.candidate.lr:g}",
            _total(each, decision),
            *(_number(each, column) for column in COLUMNS[1:]),
            "present" if each is decision.present else _gain(each, decision, found),
        ]
        for decision in decisions
        for each in decision.tried
    ]
    return markdown_table(["choice", "candidate", "rate", *COLUMNS, "gain"], rows, left=2)


def _gain(tried: Tried | None, decision: Decided, found: Gains) -> str:
    return "" if tried is None else str(found.get(names(decision, tried), ""))


def _total(tried: Tried, decision: Decided) -> str:
    text = _number(tried, "total")
    return f"**{text}**" if tried is decision.chosen else text


def _number(tried: Tried, column: str) -> str:
    return number_or_sign(tried.percent.get(column), tried.status)
