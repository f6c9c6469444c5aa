"""What a run found, as it is kept (JSON) and as it is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from .machine import Machine
from .stage import HIGHER_IS_BETTER

FORM: Final = 1
"""Of the JSON; a file of another form is not compared with."""
_WIDTH: Final = 60
SAME_FRACTION: Final = 0.1
"""A change by less than this is not told apart from the machine's own drift."""


class Figure(Struct, frozen=True):
    """One measured figure: the median over the rounds."""

    name: str
    value: float
    unit: str
    rounds: list[float]
    ratio: float | None
    """How many times better the engine's figure beside it is, in the same run; None where it stands alone."""
    equal: bool | None
    """Whether the answers were compared and equal; None where there was nothing to compare with."""
    target: str | None
    met: bool | None

    def shown(self) -> str:
        """The value for a reader."""
        if self.unit in {"events/s", "bytes", "1"} or abs(self.value) >= 1_000:
            return f"{self.value:,.0f}"
        return f"{self.value:,.3f}" if abs(self.value) < 10 else f"{self.value:,.1f}"


class StageReport(Struct, frozen=True):
    """All figures of a stage."""

    name: str
    title: str
    size: dict[str, int]
    rounds: int
    figures: list[Figure]
    notes: list[str]
    unequal: list[str]
    """Answers that differ, a sentence each."""
    missing: list[str]
    """Libraries that are not installed, so that their sides were left out."""
    ratio: str
    """The heading of ratios."""


class Report(Struct, frozen=True):
    """One run of `bonafide bench`."""

    form: int
    at: str
    """When it began, RFC 3339."""
    machine: Machine
    stages: list[StageReport]

    @property
    def all_equal(self) -> bool:
        """Whether no answer differed anywhere."""
        return not any(f.equal is False for stage in self.stages for f in stage.figures)


def show_stage(stage: StageReport) -> str:
    """A stage's figures as a table, with what its reader must know below."""
    sizes = ", ".join(f"{name} {number:,}" for name, number in stage.size.items())
    rounds = f"medians of {stage.rounds} rounds" if stage.rounds > 1 else "one round"
    lines = [f"{stage.name}: {stage.title}", f"  {sizes}; one thread; {rounds}" if sizes else f"  {rounds}"]
    heading = stage.ratio if any(f.ratio for f in stage.figures) else ""
    lines.append(f"  {'':{_WIDTH}}{'':>22}  {heading:>10}  {'equal':<6}{'target':<24}met")
    for f in stage.figures:
        ratio = "" if f.ratio is None else f"{f.ratio:,.1f} x"
        equal = {None: "", True: "yes", False: "NO"}[f.equal]
        met = {None: "", True: "yes", False: "MISSED"}[f.met]
        shown = f"{f.shown():>12} {'' if f.unit == '1' else f.unit:<9}"
        lines.append(f"  {f.name:{_WIDTH}}{shown}  {ratio:>10}  {equal:<6}{f.target or '':<24}{met}".rstrip())
    lines += [f"  {note}" for note in stage.notes]
    lines += [f"  unequal: {text}" for text in stage.unequal]
    return "\n".join(lines)


def show_end(report: Report) -> str:
    """What is told below all stages: misses, and how to add what was left out."""
    missed = [f"{s.name}: {f.name}" for s in report.stages for f in s.figures if f.met is False]
    lines = [f"missed targets: {'; '.join(missed)}" if missed else "every target that was measured is met"]
    if report.machine.busy:
        lines.append("other work ran on this machine: only ratios inside one run tell something")
    missing = dict.fromkeys(lib for stage in report.stages for lib in stage.missing)
    if missing:
        lines.append(f"left out, since not installed: {', '.join(missing)}; `pip install 'bonafide[bench]'` adds them")
    return "\n".join(lines)


def compare(new: Report, old: Report) -> list[str]:
    """A line for each figure that both runs measured at the same size, with the ratio of the new to the old one."""
    before = {stage.name: stage for stage in old.stages}
    lines = list(_cautions(new, old))
    for stage in new.stages:
        earlier = before.get(stage.name)
        if earlier is None:
            continue
        if earlier.size != stage.size:
            lines.append(f"  {stage.name}: another size, not compared")
            continue
        known = {f.name: f for f in earlier.figures if f.unit != "1" and f.value > 0}
        pairs = [(f, known[f.name]) for f in stage.figures if f.name in known and f.unit == known[f.name].unit]
        lines += [_change(stage.name, now, then) for now, then in pairs]
    return lines


def _change(stage: str, now: Figure, then: Figure) -> str:
    ratio = now.value / then.value
    better = (ratio > 1) == (now.unit in HIGHER_IS_BETTER)
    word = "" if abs(ratio - 1) < SAME_FRACTION else "  better" if better else "  worse"
    name = f"{stage}: {now.name}"
    return f"  {name:{_WIDTH + 10}}{now.shown():>12} {now.unit:<9} {ratio:>6.2f} of {then.shown()}{word}"


def _cautions(new: Report, old: Report) -> Iterable[str]:
    if new.machine.identity != old.machine.identity:
        yield f"  that run was on another machine: {old.machine.line()}"
    for name, report in (("this", new), ("that", old)):
        if report.machine.busy:
            yield f"  {name} run began on a busy machine (load {report.machine.load:.1f})"
    changed = {
        name: (number, new.machine.libraries[name])
        for name, number in old.machine.libraries.items()
        if new.machine.libraries.get(name, number) != number
    }
    if changed:
        yield "  other versions: " + ", ".join(f"{name} {was} then, {now} now" for name, (was, now) in changed.items())
