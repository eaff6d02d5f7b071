"""The paper's tables, as CSV, Markdown and LaTeX: its rows, its columns, our numbers.

Percent with two decimals; the best mean of a column in bold; mean ± sd where there are several seeds, with n where it
is not the planned number; ``…`` for what is missing and ``✗`` for what failed, with the log's path below; notes as
footnotes; chance and oracle beneath.
"""

from collections.abc import Mapping

from ltmlc.data.split import Split, untested
from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.errors import InputError
from ltmlc.evidence.markup import latex_comment, latex_escape, markdown_table, number, superscript
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import Cell, best, failed_runs, table_cells
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.evidence.tables.steps import our_steps
from ltmlc.plan.grid import Grid, Row, Table

STATUS_SIGNS = {"missing": "…", "failed": "✗"}
"""What stands in the place of a number that there is not."""
SIGNS_IN_WORDS = {"missing": "not run yet", "failed": "failed"}


def tabulate(
    grid: Grid, results: Results, table_name: str, *, splits: Mapping[str, Split] | None = None
) -> dict[str, str]:
    """One table as text: ``{"csv": ..., "md": ..., "tex": ...}``; partial results give a partial table.

    Args:
        splits: by data set, for the chance and oracle rows; a data set without one gets none.

    Raises:
        InputError: if the grid has no such table.
    """
    if table_name not in grid.tables:
        raise InputError(f"table {table_name!r} is not in the configuration; it has {', '.join(grid.tables)}")
    table = grid.tables[table_name]
    rows = table_cells(table, results)
    shown = {name: split for name, split in (splits or {}).items() if name in grid.datasets}
    controls = {name: split_controls(split) for name, split in shown.items()}
    legend = _legend(results, rows, controls, [sentence for split in shown.values() for sentence in untested(split)])
    return {
        "csv": figure_csv(rows) if table.kind == "figure" else _csv(grid, rows, controls),
        "md": _markdown(grid, results, table, rows, controls, legend),
        "tex": _latex(grid, rows, table, controls, legend),
    }


def cell_text(cell: Cell, column: str) -> tuple[str, str]:
    """One number as printed, in two parts: ``74.93`` and what applies of `` ± 0.31 (+1.94) (n = 3)``."""
    text = number_or_sign(cell.mean.get(column), cell.status)
    if cell.mean.get(column) is None:
        return text, ""
    rest = "" if cell.sd[column] is None else f" ± {cell.sd[column]:.2f}"
    if column == "total":
        rest += f" ({cell.delta:+.2f})" if cell.delta is not None else ""
        rest += f" (n = {cell.n})" if cell.n != cell.planned else ""
    return text, rest


def number_or_sign(value: float | None, status: str) -> str:
    """A number as printed, or what stands in its place: a sign, or a dash for a group without classes."""
    return number(value) or STATUS_SIGNS.get(status, "–")


def figure_csv(rows: list[tuple[Row, dict[str, Cell]]]) -> str:
    """A figure's points, one line each: panel, x, data set, run, status, n, then mean and sd of the four columns."""
    header = ["panel", "x", "dataset", "run", "label", "status", "n"]
    header += [f"{column}{suffix}" for column in COLUMNS for suffix in ("", "_sd")]
    lines = [
        [row.panel, row.x, name, cell.run, row.label, cell.status, cell.n]
        + [number(values.get(column)) for column in COLUMNS for values in (cell.mean, cell.sd)]
        for row, cells in rows
        for name, cell in cells.items()
    ]
    return csv_text(header, lines)


def _csv(grid: Grid, rows: list[tuple[Row, dict[str, Cell]]], controls: dict) -> str:
    """The paper's layout with plain numbers; of each data set run, seeds, mean and sd by column, printed gain."""
    deltas = any(row.delta for row, _ in rows)
    parts = ["run", "n", *(f"{column}{suffix}" for column in COLUMNS for suffix in ("", " sd")), *["gain"] * deltas]
    header = ["row", *(f"{name} {part}" for name in grid.datasets for part in parts)]

    def numbers(cell: Cell) -> list[object]:
        sign = STATUS_SIGNS.get(cell.status)
        values = [x for column in COLUMNS for x in (sign or number(cell.mean[column]), number(cell.sd.get(column)))]
        return [cell.run, cell.n, *values, *([number(cell.delta)] if deltas else [])]

    lines = [[row.label, *(x for name in grid.datasets for x in numbers(cells[name]))] for row, cells in rows]
    for control in ("chance", "oracle") if controls else ():
        line: list[object] = [control]
        for name in grid.datasets:
            values = controls.get(name, {}).get(control, {})
            line += ["", "", *(x for column in COLUMNS for x in (number(values.get(column)), ""))] + [""] * deltas
        lines.append(line)
    return csv_text(header, lines)


def _markdown(grid: Grid, results: Results, table: Table, rows: list, controls: dict, legend: str) -> str:
    titles = {name: markdown_escape(title) for name, title in grid.titles.items()}
    header = [
        "Method",
        *(f"{titles[name]} {column}" if column == "total" else column for name in titles for column in COLUMNS),
    ]
    lines, notes = _lines(grid, rows, controls, bold="**{}**", mark=superscript, italic="*{}*", escape=markdown_escape)
    text = f"# {markdown_escape(table.title)}\n\n{markdown_escape(table.caption)}\n\n{markdown_table(header, lines)}"
    steps = map(markdown_escape, our_steps(grid, results, table))
    under = "\n".join(f"{note}  " for note in [*notes, *steps, markdown_escape(legend)])
    failures = "\n".join(f"- {markdown_escape(line)}" for line in _failures(rows))
    return f"{text}\n{under}\n" + (f"\n{failures}\n" if failures else "")


def _latex(grid: Grid, rows: list, table: Table, controls: dict, legend: str) -> str:
    titles = list(map(latex_escape, grid.titles.values()))
    lines, notes = _lines(
        grid,
        rows,
        controls,
        bold=r"\textbf{{{}}}",
        mark=r"$^{{{}}}$".format,
        italic=r"\textit{{{}}}",
        escape=latex_escape,
    )
    spans = " & ".join(["", *(rf"\multicolumn{{4}}{{c}}{{{title}}}" for title in titles)])
    rules = "".join(rf"\cmidrule(lr){{{2 + 4 * i}-{5 + 4 * i}}}" for i in range(len(titles)))
    body = "\n".join(rf"    {' & '.join(line)} \\" for line in lines)
    under = r" \\ ".join([*notes, latex_escape(legend)])
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{latex_escape(table.caption)}}}",
            rf"  \begin{{tabular}}{{l{'rrrr' * len(titles)}}}",
            r"    \toprule",
            rf"   {spans} \\ {rules}",
            rf"    Method & {' & '.join(COLUMNS * len(titles))} \\",
            r"    \midrule",
            body,
            r"    \bottomrule",
            r"  \end{tabular}",
            rf"  \par\smallskip\footnotesize {under}",
            *(f"  {latex_comment(line)}" for line in _failures(rows)),
            r"\end{table}",
            "",
        ]
    )


def _lines(
    grid: Grid, rows: list, controls: dict, *, bold: str, mark, italic: str, escape
) -> tuple[list[list[str]], list[str]]:
    """The text of every cell, controls last, and the footnotes."""
    highest, lines, notes = best(rows), [], []
    for row, cells in rows:
        label = escape(row.label)
        if row.note:
            label += mark(len(notes) + 1)
            notes.append(f"{mark(len(notes) + 1)} {escape(row.note)}")
        line = [label]
        for dataset in grid.datasets:
            for column in COLUMNS:
                value, rest = cell_text(cells[dataset], column)
                is_best = value == highest.get((dataset, column))
                line.append((bold.format(value) if is_best else escape(value)) + escape(rest))
        lines.append(line)
    for control in ("chance", "oracle") if controls else ():
        values = [controls.get(name, {}).get(control, {}).get(column) for name in grid.datasets for column in COLUMNS]
        lines.append(
            [italic.format(control), *(italic.format(number(value)) if number(value) else "" for value in values)]
        )
    return lines, notes


def _legend(results: Results, rows: list, controls: dict, left_out: list[str]) -> str:
    """Of what the table shows."""
    there = {cell.status for _, cells in rows for cell in cells.values()}
    seeds = ", ".join(map(str, results.seeds))
    parts = [
        f"mAP in percent, {'mean ± sd over seeds' if len(results.seeds) > 1 else 'seed'} {seeds}",
        *(["best of each column in bold"] if "finished" in there else []),
    ]
    parts += [f"{STATUS_SIGNS[status]} {word}" for status, word in SIGNS_IN_WORDS.items() if status in there]
    if controls:
        parts.append("chance: the expected AP of a random ranking of the test images")
    return "; ".join([*parts, *left_out]) + "."


def _failures(rows: list[tuple[Row, dict[str, Cell]]]) -> list[str]:
    failed = failed_runs(rows)
    return [f"{STATUS_SIGNS['failed']} {result.name}: {result.error} ({result.log})" for result in failed]
