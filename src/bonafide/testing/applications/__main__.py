"""`python -m bonafide.testing.applications --seeds 20001-20005`: applications from seeds, reviewed and scored."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from bonafide.office.merchants.table import DECISIONS
from bonafide.testing.applications.made import EACH
from bonafide.testing.applications.scored import Figures, score

SCORING: Final = "20001-20005"
"""Seeds that nothing is tuned on; development has 1 to 40."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Score some seeds and print the figures; 1 where a review failed."""
    parser = argparse.ArgumentParser(prog="python -m bonafide.testing.applications", description=__doc__)
    parser.add_argument("--seeds", default=SCORING, help="one seed, or first-last (default: %(default)s)")
    parser.add_argument("--each", type=int, default=EACH, help="applications of each kind (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    asked = parser.parse_args(arguments)
    first, _, last = asked.seeds.partition("-")
    figures = score(range(int(first), int(last or first) + 1), asked.each)
    if asked.json:
        told: dict[str, Any] = {**msgspec.structs.asdict(figures), "rows": figures.rows()}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        sys.stdout.write(page(figures))
    return 1 if figures.errors else 0


def page(figures: Figures) -> str:
    """The figures as tables."""
    lines = [
        f"{figures.applications} applications, {figures.merchants} merchants in the register, "
        f"{len(figures.errors)} reviews failed, {figures.review_ms_mean} ms each",
        "", "| finding | expected | found | wrong | missed | precision | recall |", "| --- |" + " ---: |" * 6,
    ]  # fmt: skip
    for row in figures.rows():
        lines.append("| " + " | ".join("-" if value is None else str(value) for value in row.values()) + " |")
    lines += ["", f"| kind | {' | '.join(DECISIONS)} |", "| --- |" + " ---: |" * len(DECISIONS)]
    for kind, told in figures.by_kind.items():
        lines.append(f"| {kind} | {' | '.join(str(told.get(decision, 0)) for decision in DECISIONS)} |")
    lines += [
        "", f"honest applicants: {figures.honest}, a refusal proposed for {figures.honest_refused}; "
        f"of {figures.honest_clean} with nothing wrong, {figures.honest_clean_asked} were asked for something",
        *figures.errors,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
