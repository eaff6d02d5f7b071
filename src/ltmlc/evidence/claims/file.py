"""Reading ``config/claims.yaml``: the paper's statements, checked against the tables they speak of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.evidence.claims.predicates import PREDICATES, TWINS, Part, build_parts
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import files_of, own_or_shipped
from ltmlc.plan.reading.schema import check
from ltmlc.plan.reading.yaml_file import read_yaml

FACTS = ("threshold", "gradient", "probability", "split")  # decided by the losses or the labels, not by runs


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper. ``parts``, ``stated`` and ``amount`` by the data set the sentence is about.

    ``stated`` is the text's number, ``amount`` the interval of values that print so: "1.9" is 1.85 to 1.95.
    """

    id: str
    section: str
    statement: str
    kind: str
    about: tuple[str, ...]
    parts: dict[str, tuple[Part, ...]] = field(repr=False)
    stated: dict[str, str] = field(default_factory=dict)
    amount: dict[str, tuple[float, float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # the remaining keys of a fact

    @property
    def tables(self) -> set[str]:
        """Whose rows it compares; none of a fact."""
        parts = [part for each in (self.parts, self.facts.get("gains", {})) for some in each.values() for part in some]
        return {row.table for part in parts for row in part.rows}

    def parts_for(self, twin: str | None) -> tuple[Part, ...]:
        """What it says of a data set in the role of ``twin``; of one without a role, what it says of both alike."""
        if twin is not None:
            return self.parts.get(twin, ())
        alike = len(self.parts) == len(TWINS) and len(set(self.parts.values())) == 1
        return next(iter(self.parts.values())) if alike else ()


def load_claims(*, root: str | Path = ".") -> tuple[Claim, ...]:
    """The declared claims; every row they name must be in ``config/tables``, whichever tables a configuration asks for.

    What is not under ``root`` is taken from this project.

    Raises:
        InputError: naming the file, the claim and the key, and what is valid.
    """
    path = own_or_shipped("config/claims.yaml", root)
    content = read_yaml(path)
    check(content, schema="claims", where=str(path))
    tables = {name: read_yaml(file) for name, file in files_of("tables", root).items()}
    claims = [_claim(entry, tables, f"{path}: {entry['id']}") for entry in content["claims"]]
    twice = sorted({claim.id for claim in claims if sum(other.id == claim.id for other in claims) > 1})
    if twice:
        raise InputError(f"{path}: the id {twice[0]!r} is used twice; give every claim its own")
    return tuple(claims)


def asked_of(grid: Grid, claims: Sequence[Claim]) -> list[Claim]:
    """Those that a configuration can answer: it has all their tables; a fact, where any row of it is the paper's."""
    paper = any(row.published for table in grid.tables.values() for row in table.rows)
    return [claim for claim in claims if (claim.tables <= set(grid.tables) if claim.tables else paper)]


def _claim(entry: Mapping[str, Any], tables: Mapping[str, Mapping], where: str) -> Claim:
    about = tuple(entry.get("about", TWINS))
    parts, facts = {}, {}
    if entry["kind"] in PREDICATES:
        parts = {twin: build_parts(entry, twin, tables, where) for twin in about}
    elif entry["kind"] == "gains_more_on":  # a comparison of two data sets, so no part of either
        pairs = [{**entry, **pair, "kind": "greater"} for pair in entry["pairs"]]
        facts["gains"] = {
            twin: [part for pair in pairs for part in build_parts(pair, twin, tables, where)] for twin in TWINS
        }
    known = ("id", "section", "statement", "kind", "about", "amount")
    return Claim(
        entry["id"],
        entry["section"],
        entry["statement"],
        entry["kind"],
        about,
        parts,
        stated={twin: _text(value) for twin, value in entry.get("amount", {}).items()},
        amount={twin: as_printed(value) for twin, value in entry.get("amount", {}).items()},
        facts=facts
        | ({key: value for key, value in entry.items() if key not in known} if entry["kind"] in FACTS else {}),
    )


def as_printed(amount: float | list[float]) -> tuple[float, float]:
    """The interval of all values that round to a printed number, or from the lower to the upper of two."""
    low, high = amount if isinstance(amount, list) else (amount, amount)
    return low - _half_unit(low), high + _half_unit(high)


def _text(amount: float | list[float]) -> str:
    return f"{amount[0]} to {amount[1]}" if isinstance(amount, list) else str(amount)


def _half_unit(value: float) -> float:
    decimals = len(str(value).partition(".")[2])
    return 0.5 * 10**-decimals
