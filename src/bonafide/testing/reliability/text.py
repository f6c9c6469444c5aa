"""RELIABILITY.md: what the drills found, as a page."""

from __future__ import annotations

from typing import Final

from bonafide.testing.reliability.result import Report, Row

NOT_TESTED: Final = (
    "a real power cut, and what a drive's firmware does with writes it has acknowledged (the power cut here zeroes "
    "writes that were not synced; it loses no rename and reorders nothing inside the disk)",
    "memory that flips bits, and processors that compute wrongly",
    "more than one machine: a network that parts them, data centres that fail",
    "clocks set back or forth while the server runs",
    "file systems other than the ones of the machine named above",
    "disks that hang without an error, for minutes",
)
_HEAD: Final = (
    "| fault | trials | acknowledged | lost | second effects | differing digests | broken otherwise "
    "| recovery p50 / max | fails in fewer than (95 %) | |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
)


def page(report: Report) -> str:
    """The whole page; ends with a line break."""
    command = "python -m bonafide.testing.reliability --out RELIABILITY.md" + (" --sampled" if report.sampled else "")
    lines = [
        "# Reliability, as measured", "",
        f"Written by `{command}`; not edited by hand. Each row breaks a running server on purpose, restarts it, and "
        "compares what it holds with what a client had been promised: every acknowledged event is there, once, and "
        "replaying the exported log gives the answer that was given.", "",
        f"- release {report.release}, commit {report.git}",
        f"- machine: {report.machine}",
        f"- seed {report.seed} (`--seed {report.seed}` plays the same faults again); {report.seconds / 60:.0f} minutes",
        *(["- **sampled**: few trials of each fault, as in CI; the full form runs them all"] if report.sampled else []),
        "", *_HEAD, *(_line(row) for row in report.rows), "",
        "*Acknowledged* counts events over all trials of a row. *Lost*: acknowledged and not there. *Second effects*: "
        "ids that stand in the log twice. *Differing*: the answer given, the answer kept and the answer of a replay "
        "are not one. *Broken otherwise*: ended in another way than promised. With no failure in n trials the bound is "
        "3/n: a fault that does harm more often would have shown with 95 % probability.", "",
        "## How", "",
        *(line for row in report.rows for line in _details(row)),
        "## Not tested", "", *(f"- {one}" for one in NOT_TESTED), "",
    ]  # fmt: skip
    return "\n".join(lines)


def line(row: Row) -> str:
    """One row for a terminal."""
    if row.skipped:
        return f"{row.name}: left out, {row.skipped}"
    found = f"lost {row.lost}, twice {row.second}, differing {row.differing}, otherwise broken {row.broken}"
    verdict = "held" if row.passed else "FAILED"
    done = f"{row.trials} {row.of}, {row.acknowledged:,} acknowledged"
    return f"{row.name}: {done}: {found}: {verdict} ({row.seconds:.0f} s)"


def _line(row: Row) -> str:
    if row.skipped:
        return f"| {row.name} | 0 | | | | | | | | left out: {row.skipped} |"
    recovery = f"{_ms(row.recovery_p50_ms)} / {_ms(row.recovery_max_ms)}" if row.recoveries_ms else ""
    bound = "" if row.bound is None else _percent(row.bound)
    return (
        f"| {row.name} | {row.trials:,} {row.of} | {row.acknowledged:,} | {row.lost:,} | {row.second:,} | "
        f"{row.differing:,} | {row.broken:,} | {recovery} | {bound} | {'held' if row.passed else '**failed**'} |"
    )


def _details(row: Row) -> list[str]:
    return [f"**{row.name}**: {row.how}.", "", *(f"- {note}" for note in row.notes), *([""] if row.notes else [])]


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value / 1e3:.2f} s"


def _percent(fraction: float) -> str:
    return "any share" if fraction >= 1 else f"{100 * fraction:.2g} %"
