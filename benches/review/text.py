"""The measurement as a table in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from benches.review.run import WAYS, Result

_T: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's quantiles for 95 % by degrees of freedom from 1; beyond, 2.2 is used."""


def table(results: Sequence[Result], n: int) -> str:
    """Means over seeds of every way, then the lead of review-sample over random looks with its interval."""
    seeds = sorted({one.seed for one in results})
    lines = [
        f"{n} looks on each of the seeds {', '.join(map(str, seeds))}:", "",
        "| people look | cash-out found | users found | AP later | money caught later |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for way in WAYS:
        own = [one for one in results if one.way == way]
        found, users, ap, money = (
            float(np.mean([getattr(one, name) for one in own])) for name in ("found", "users", "ap", "money")
        )
        lines.append(f"| {way} | {found:.1f} | {users:.1f} | {ap:.3f} | {100 * money:.1f} % |")
    leads = np.array([one.lead for one in results if one.lead is not None])
    lines += ["", f"Lead of review-sample over random looks, {len(seeds)} seeds:"]
    for name, value, error in (("AP", 0, 1), ("money", 2, 3)):
        lines.append(f"- {name}: {_lead(leads[:, value], leads[:, error])}")
    lines += [
        "",
        "| seed | AP lead | money lead | cash-out by the sample | truly |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in results:
        if one.lead is not None and one.estimated is not None:
            total, low, high = one.estimated
            lines.append(
                f"| {one.seed} | {one.lead[0]:+.3f} | {100 * one.lead[2]:+.1f} % | {total:.0f} ({low:.0f} to "
                f"{high:.0f}) | {one.truly} |"
            )
    return "\n".join(lines)


def _lead(values: np.typing.NDArray[np.float64], errors: np.typing.NDArray[np.float64]) -> str:
    """Mean and 95 % interval: what differs between seeds, and what users within one make uncertain if that is more."""
    n = len(values)
    between = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    within = float(np.sqrt(np.sum(errors**2))) / n
    half = max((_T[n - 2] if n - 2 < len(_T) else 2.2) * between, 1.96 * within)
    mean = float(np.mean(values))
    return f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f})"
