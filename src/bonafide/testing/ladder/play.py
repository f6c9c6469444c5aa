"""Histories played on an engine, with the promises watched and the twin asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple

import yaml

from bonafide.core.decision import Decision, ProposedMeasure
from bonafide.core.events import Fact
from bonafide.engine.engine import Engine
from bonafide.testing.ladder.histories import History
from bonafide.testing.ladder.playground import HEARSAY, brisk_ladder, playground, shipped_ladder, twin_of, typologies
from bonafide.testing.ladder.promises import Promises

LADDERS: Final[tuple[Callable[[], str], ...]] = (shipped_ladder, brisk_ladder)
"""Played in turn."""


class Played(NamedTuple):
    """What came of some histories."""

    histories: int
    events: int
    broken: tuple[str, ...]
    """Promises that were broken: the history, and what."""
    compared: int
    """Answers that the twin gave, too."""
    different: tuple[str, ...]
    """Answers in which the twin differs."""
    said: dict[tuple[str, str, str], int]
    """By kind of subject, measure and what was said of it."""


def play(
    numbers: Sequence[int], seed: int, twin_every: int, progress: Callable[[int], None] = lambda n: None
) -> Played:
    """Play the histories of some numbers; of every `twin_every`-th the twin answers each event, too."""
    broken: list[str] = []
    different: list[str] = []
    said: Counter[tuple[str, str, str]] = Counter()
    events = compared = 0
    for number in numbers:
        ladder = LADDERS[number % len(LADDERS)]()
        engine = Engine(playground(ladder))
        promises = Promises(engine, yaml_of(ladder), typologies(), (HEARSAY,))
        twin = twin_of(ladder) if number % twin_every == 0 else None
        history = History(number, Random(seed * 1_000_003 + number))
        for event in history.events():
            answer = engine.decide_one(event)
            events += 1
            measures = answer.measures if isinstance(answer, Decision) else ()
            for one in measures:
                history.note(one.measure_id, one.measure, one.subject_type)
                said[one.subject_type, one.measure, one.status] += 1
            broken += [f"history {number}, {event.event_id}: {text}" for text in promises.broken(event, answer)]
            if twin is not None:
                compared += 1
                expected = [shown_by_twin(one) for one in twin.feed(event, answer)]
                if expected != [shown(one) for one in measures]:
                    different.append(f"history {number}, {event.event_id}: the twin says {expected}")
        progress(number)
    return Played(len(numbers), events, tuple(broken), compared, tuple(different), dict(said))


def yaml_of(ladder: str) -> dict[str, Any]:
    """A ladder as YAML reads it."""
    if ladder not in _READ:
        _READ[ladder] = yaml.safe_load(ladder)
    return _READ[ladder]


_READ: Final[dict[str, dict[str, Any]]] = {}


def shown(one: ProposedMeasure) -> tuple[Any, ...]:
    """What a measure says, without its texts and its subject's id."""
    facts = tuple((fact.place, fact.grade) for fact in one.facts)
    codes = tuple(reason.code for reason in one.reasons)
    return (one.subject_type, one.status, one.measure, one.until, one.measure_id, one.needs_person, one.grade,
            one.offences, one.amount, facts, codes)  # fmt: skip


def shown_by_twin(one: dict[str, Any]) -> tuple[Any, ...]:
    """The same, of what the twin says."""
    return (one["subject_type"], one["status"], one["measure"], one["until"], one["measure_id"],
            one.get("needs_person", False), one.get("grade"), one.get("offences", 0), one.get("amount", 0),
            one.get("facts", ()), one.get("codes", ()))  # fmt: skip


def log_of(number: int, seed: int = 0) -> list[Fact]:
    """A history as a log, with what the shipped ladder proposes in it."""
    engine, history, log = Engine(playground(shipped_ladder())), History(number, Random(seed + number)), []
    for event in history.events():
        answer = engine.decide_one(event)
        log.append(event)
        for one in answer.measures if isinstance(answer, Decision) else ():
            history.note(one.measure_id, one.measure, one.subject_type)
    return log
