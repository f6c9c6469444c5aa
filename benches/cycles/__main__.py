"""`python -m benches.cycles PATH`: how AMLSim's planted cycles look, and who finds the accounts in them.

PATH is 20K_cycle200.tgz of IBM's AMLSim, or the folder that it holds. Prints Markdown; takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bonafide.apps.cli.screen import errors_told
from bonafide.testing.realism.gates_text import markdown_table

from .amlsim import Bank, Cycle, planted_cycles, put_in_time, read_bank
from .finders import FINDERS, judge

_DAYS: Final = (7, 14, 30, 60, 90, 120)
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was planted, then a line for each finder and bounds: as it is, and with cycles put in time."""
    parser = argparse.ArgumentParser(prog="python -m benches.cycles", description=__doc__)
    parser.add_argument("path", type=Path, help="20K_cycle200.tgz, or the folder in it")
    with errors_told():
        bank = read_bank(parser.parse_args(arguments).path)
    cycles = planted_cycles(bank)
    print(planted_text(bank, cycles))
    print("\nAs it is; recall of all labelled accounts:\n")
    _ask(bank, bank.labelled)
    put = put_in_time(bank, cycles)
    closed = frozenset(leg.source for cycle in planted_cycles(put) if cycle.in_time for leg in cycle.legs)
    print(f"\nWith the cycles that close put in time; recall of their {len(closed)} accounts:\n")
    _ask(put, closed)
    return 0


def _ask(bank: Bank, asked_for: frozenset[int]) -> None:
    names = ("finder", "hops", "days", "kept", "accounts named", "precision", "recall", "seconds")
    print(f"| {' | '.join(names)} |\n| --- |{' ---: |' * (len(names) - 1)}")
    for name, asked in FINDERS.items():
        for bounds in asked.bounds:
            found = judge(asked.finder, bank, bounds, asked_for)
            cells = (name, *bounds, f"{found.accounts:,}", f"{found.precision:.3f}", f"{found.recall:.3f}",
                     f"{found.seconds:.1f}")  # fmt: skip
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def planted_text(bank: Bank, cycles: Sequence[Cycle]) -> str:
    """What was planted, in Markdown: lengths, spans and amounts, and how much of it money could have gone round."""
    closed = [cycle for cycle in cycles if cycle.closes]
    in_time = [cycle for cycle in closed if cycle.in_time]
    pairs, later = (sum(numbers) for numbers in zip((0, 0), *(cycle.followed for cycle in cycles), strict=True))
    lines = [
        f"{len(bank.accounts):,} accounts, {len(bank.labelled):,} of them labelled; {len(bank.transfers):,} transfers.",
        f"{sum(len(cycle.legs) for cycle in cycles):,} planted legs in {len(cycles):,} connected parts of one amount. "
        f"{len(closed):,} parts close, the others lack legs or cross; {len(in_time):,} close in time.",
        f"Where one leg ends and another begins, that one is later {later:,} of {pairs:,} times.",
    ]
    rows = [
        [name, f"{len(some):,}", _quantiles(len(one.legs) for one in some), _quantiles(one.span_days for one in some),
         f"{min((one.amounts_ratio for one in some), default=1.0):.3f}"]
        for name, some in (("all", cycles), ("closed", closed), ("in time", in_time))
    ]  # fmt: skip
    of_all = ", ".join(f"{share:.0%}" for share in _SHARES)
    header = ["cycles", "number", f"legs ({of_all})", f"days from first to last leg ({of_all})", "least amounts ratio"]
    lengths = Counter(len(cycle.legs) for cycle in closed)
    by_length = [
        [str(legs), str(number), str(sum(len(cycle.legs) == legs for cycle in in_time))]
        for legs, number in sorted(lengths.items())
    ]
    spans = [[str(days), *(str(sum(one.span_days <= days for one in some)) for some in (closed, in_time))]
             for days in _DAYS]  # fmt: skip
    tables = (
        markdown_table(header, rows, "lrrrr"),
        markdown_table(["legs", "closed", "in time"], by_length, "rrr"),
        markdown_table(["days at most", "closed", "in time"], spans, "rrr"),
    )
    return "\n\n".join([" ".join(lines), *tables])


def _quantiles(numbers: Iterable[int]) -> str:
    """The least, the quartiles and the most."""
    ordered = sorted(numbers)
    return ", ".join(str(ordered[round(share * (len(ordered) - 1))]) for share in _SHARES) if ordered else "-"


if __name__ == "__main__":
    sys.exit(main())
