"""examples/*.yaml: what happened, the event decided on, and what must come of it, written so that analysts read it.

```yaml
start: 2026-01-05T12:00:00+08:00      # what "at" counts from
defaults: {user_id: u, merchant_id: m, order_id: o, currency: CNY}   # for every event whose type has the field
examples:
- name: the fourth order of a morning
  past:
  - {at: 0m, repeat: 3, every: 1h, order_id: "o{n}", amount: 30000}  # 12:00, 13:00, 14:00; {n} is 0, 1, 2
  event: {at: 2h 30m, amount: 30000}
  hits: [U-BURST]
  outcome: warn
- name: the same at another merchant
  like: the fourth order of a morning                                # its past, and its event but for what differs
  event: {merchant_id: elsewhere}
  not_hits: [U-BURST]
```

The log's order is the order of writing. An event without a type is a payment; `completed: true` adds the payment_status
that completes it. Ids are given by place (e0, e1, ...) unless written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import Outcome, RiskLevel
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import FIELDS
from bonafide.core.text import did_you_mean, shorten, show_value
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.example_events import EntryError, fact_of, facts_of, read_start
from bonafide.engine.rules.source import Document, Place
from bonafide.engine.bundles.shapes import Path, fit

EXAMPLES_MAX: Final = 5_000
"""Of one bundle."""
START: Final = 1_767_585_600_000
"""2026-01-05T12:00:00+08:00, a Monday: where examples begin unless they say otherwise."""

_Start = Annotated[Any, Meta(description="a time such as 2026-01-05T12:00:00+08:00")]
_Score = Annotated[float, Meta(ge=0, le=1, description="a score from 0 to 1")]
_Text = Annotated[str, Meta(min_length=1, description="a text")]
_Event = Annotated[dict[str, Any], Meta(description="an event: {at: 2h, type: payment, amount: 5000}")]


class ScoreRange(Struct, frozen=True, forbid_unknown_fields=True):
    """From which to which score, both included."""

    from_: _Score = msgspec.field(name="from", default=0.0)
    to: _Score = 1.0


class Expected(NamedTuple):
    """What must come of an example's event; None and empty ask nothing."""

    outcome: Outcome | None
    risk_level: RiskLevel | None
    hits: tuple[str, ...]
    not_hits: tuple[str, ...]
    reasons: tuple[str, ...]
    score: ScoreRange | None


class Example(NamedTuple):
    """One example, ready to be played."""

    name: str
    path: str
    place: Place
    past: tuple[Fact, ...]
    event: Fact
    expected: Expected


class DeclaredExample(Struct, frozen=True, forbid_unknown_fields=True):
    """An example as it is written."""

    name: _Text
    event: _Event | None = None
    past: list[_Event] | None = None
    like: str | None = None
    outcome: Outcome | None = None
    risk_level: RiskLevel | None = None
    hits: list[_Text] = []
    not_hits: list[_Text] = []
    reasons: list[_Text] = []
    score: ScoreRange | None = None
    note: str | None = None


class ExampleFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of examples as it is written."""

    examples: Annotated[list[Any], Meta(description="a list of examples, each with name, event and what must come")]
    start: _Start = None
    defaults: Annotated[dict[str, Any], Meta(description="fields with values")] = {}
    note: str | None = None


class _Written(NamedTuple):
    """Where an example's past and event stand, after `like` was followed."""

    past: tuple[tuple[Path, dict[str, Any]], ...]
    event: dict[str, Any]


def read_examples(sources: Sources) -> tuple[Example, ...]:
    """The examples of all files; what is wrong with others is noted."""
    found: list[Example] = []
    for name in sorted(name for name in sources.contents if name.startswith("examples/")):
        document = sources.document(name)
        if document is not None:
            found += _File(sources, document, name).read()
    if len(found) > EXAMPLES_MAX:
        sources.note("out-of-range", f"{len(found)} examples; a bundle has at most {EXAMPLES_MAX}", found[0].path)
        return ()
    return tuple(found)


class _File:
    """Reads one file."""

    def __init__(self, sources: Sources, document: Document, name: str) -> None:
        self.sources = sources
        self.document = document
        self.name = name
        self.start = START
        self.defaults: dict[str, Any] = {}
        self.written: dict[str, _Written | None] = {}
        """The examples so far; None where something was wrong with one."""

    def read(self) -> Iterator[Example]:
        """Its examples; what is wrong is noted."""
        told, mistakes = fit(self.document, ExampleFile, self.name)
        self.sources.mistakes += mistakes
        if told is None:
            return
        self.defaults = told.defaults
        for field in told.defaults:
            if field != "type" and field not in FIELDS:
                near = did_you_mean(str(field), FIELDS)
                at = self.document.key_place(("defaults", field))
                text = f"defaults: no event has a field {shorten(str(field))}{near}"
                self.sources.note("example", text, self.name, at)
        try:
            self.start = START if told.start is None else read_start(told.start)
        except ValueError as error:
            self._note(f"start: {show_value(told.start)} is no time; {error}", ("start",))
        for i in range(len(told.examples)):
            example = self._example(i)
            if example is not None:
                yield example

    def _example(self, i: int) -> Example | None:
        path: Path = ("examples", i)
        item = self.document.value["examples"][i]
        name = item.get("name") if isinstance(item, dict) else None
        subject = f"example {show_value(name)}" if isinstance(name, str) else f"example number {i + 1}"
        told, mistakes = fit(self.document, DeclaredExample, self.name, path, subject)
        self.sources.mistakes += mistakes
        if told is None:
            if isinstance(name, str):
                self.written.setdefault(name, None)
            return None
        expected = Expected(
            told.outcome, told.risk_level, tuple(told.hits), tuple(told.not_hits), tuple(told.reasons), told.score
        )
        if not any(expected):
            text = "says nothing that must come of it; add outcome, hits, not_hits, reasons, score or risk_level"
            self._note(text, path, subject)
        if told.name in self.written:
            self._note("the name is taken already; each example of a file has its own", (*path, "name"), subject)
        written = self._follow(told, path, subject)
        played = None if written is None else self._play(written, (*path, "event"), subject)
        self.written[told.name] = None if played is None else written
        if played is None:
            return None
        return Example(told.name, self.name, self.document.place((*path, "name")), *played, expected)

    def _follow(self, told: DeclaredExample, path: Path, subject: str) -> _Written | None:
        """The past and the event of an example, after what it is like."""
        like = None if told.like is None else self.written.get(told.like)
        if told.like is not None and told.like in self.written and like is None:
            return None  # what is wrong there was said there
        if told.like is not None and like is None:
            near = did_you_mean(told.like, self.written)
            text = f"like: there is no example {show_value(told.like)} before this one{near}"
            self._note(text, (*path, "like"), subject)
            return None
        if told.event is None and like is None:
            self._note("event is missing; it is the one decided on", path, subject)
            return None
        past = tuple(((*path, "past", k), entry) for k, entry in enumerate(told.past or ()))
        if like is not None and told.past is None:
            past = like.past
        return _Written(past, {**(like.event if like else {}), **(told.event or {})})

    def _play(self, written: _Written, at: Path, subject: str) -> tuple[tuple[Fact, ...], Fact] | None:
        """The events of an example; None where one is none, which is then noted."""
        facts: list[Fact] = []
        place = at
        try:
            for path, entry in written.past:
                place = path
                facts += facts_of(entry, self.defaults, self.start, len(facts))
            place = at
            for key in ("repeat", "every", "completed"):
                if key in written.event:
                    raise EntryError(f"{key}: the event decided on happens once", key)
            event = fact_of(written.event, self.defaults, self.start, len(facts))
            if not event.decided:
                decided = [name for name, cls in EVENT_CLASS.items() if cls.decided]
                text = f"type: {event.type} only teaches; the event decided on is one of {', '.join(decided)}"
                raise EntryError(text, "type")
        except EntryError as fault:
            self._note(str(fault), place if fault.key is None else (*place, fault.key), subject)
            return None
        return tuple(facts), event

    def _note(self, message: str, path: Path, subject: str | None = None) -> None:
        self.sources.note("example", message, self.name, self.document.place(path), subject=subject)
