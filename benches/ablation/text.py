"""An ablation as the Markdown table of docs/ablation.md."""

from __future__ import annotations

from bonafide.testing.realism.gates_text import markdown_table

from .judge import COLUMNS, Column
from .run import Ablation, Figure

UNDEFINED = "-"


def table(told: Ablation) -> str:
    """A row for each layer: its rules and features, and each figure's mean with its standard deviation over seeds."""
    header = ["layer", "rules", "features", *(column.heading for column in COLUMNS.values())]
    rows = [
        [
            row.layer if number == 0 else f"+ {row.layer}",
            str(row.rules),
            str(row.features),
            *(_cell(row.figures[name], column) for name, column in COLUMNS.items()),
        ]
        for number, row in enumerate(told.rows)
    ]
    return markdown_table(header, rows, "l" + "r" * (len(header) - 1))


def source(told: Ablation) -> str:
    """What the table comes from, in a sentence or two."""
    sizes = f"{told.users:,} users, {told.merchants:,} merchants, {told.days} days"
    seeds = ", ".join(map(str, told.seeds))
    lines = [f"{told.bundle} {told.bundle_hash[:12]}; {told.scenario}: {sizes}; seeds {seeds}; mean ± deviation"]
    if told.jobs:
        events = ", ".join(f"{number:,} by {method}" for method, number in told.group_events.items())
        lines.append(f"{told.jobs} runs of the jobs wrote group events: {events or 'none'}")
    return "\n".join([*lines, *(f"left out: {why}" for why in told.left_out.values())])


def _cell(figure: Figure, column: Column) -> str:
    if figure.mean is None:
        return UNDEFINED
    mean = f"{figure.mean * column.factor:.{column.digits}f}"
    return mean if figure.deviation is None else f"{mean} ± {figure.deviation * column.factor:.{column.digits}f}"
