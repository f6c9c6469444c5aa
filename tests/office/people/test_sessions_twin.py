"""Sessions against a twin that knows by plain rules which tokens hold, while people come, go, and time passes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.audit.log import AuditLog
from bonafide.office.people.rows import find_row, person_of
from bonafide.office.people.sessions import (
    ABSOLUTE_MS,
    IDLE_MS,
    SESSIONS_EACH_MAX,
    TOUCH_MS,
    Session,
    end_session,
    end_sessions_of,
)  # fmt: skip
from bonafide.office.store.database import Store
from tests.office.databases import Copies, play
from tests.office.people.kit import ROOT, Office

NAMES = ("ann", "bob")
SPANS_MS = st.one_of(
    st.integers(0, 2 * TOUCH_MS), st.sampled_from([IDLE_MS - 1, IDLE_MS, IDLE_MS - TOUCH_MS, ABSOLUTE_MS]),
    st.integers(0, ABSOLUTE_MS),
)  # fmt: skip


class Held(NamedTuple):
    name: str
    begun_ms: int
    used_ms: int


def two_people(store: Store) -> None:
    office = Office(store)
    for name in NAMES:
        office.people.create(ROOT, name, "analyst")


class SessionsPlayed(RuleBasedStateMachine):
    copies: Copies
    tokens = Bundle("tokens")

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new(two_people)
        self.store = Store.open(self.place)
        self.office = Office(self.store)
        self.held: dict[str, Held] = {}
        self.disabled: set[str] = set()
        self.order: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            AuditLog(self.store).verify()
            self.store.close()
            self.copies.drop(self.place)

    @property
    def now(self) -> int:
        return self.office.clock.now_ms

    def alive(self, held: Held) -> bool:
        return (
            held.name not in self.disabled
            and self.now < held.begun_ms + ABSOLUTE_MS
            and self.now < held.used_ms + IDLE_MS
        )

    @rule(span=SPANS_MS)
    def wait(self, span: int) -> None:
        self.office.clock.now_ms += span

    @rule(target=tokens, name=st.sampled_from(NAMES))
    def enter(self, name: str) -> str:
        assume(name not in self.disabled)
        self.office.clock.now_ms += 1  # so that the oldest is known
        with self.store.writing() as connection:
            row = find_row(connection, name)
            token, session = self.office.desk.sessions.begin(connection, person_of(row), self.now)
        assert session == Session(name, "analyst", "password", self.now, self.now + ABSOLUTE_MS)
        text = token.reveal()
        self.held = {t: h for t, h in self.held.items() if self.now < h.begun_ms + ABSOLUTE_MS
                     and self.now < h.used_ms + IDLE_MS}  # fmt: skip
        ours = sorted((h.begun_ms, t) for t, h in self.held.items() if h.name == name)
        for _, old in ours[: max(len(ours) - SESSIONS_EACH_MAX + 1, 0)]:
            del self.held[old]
        self.held[text] = Held(name, self.now, self.now)
        return text

    @rule(text=tokens)
    def look(self, text: str) -> None:
        held = self.held.get(text)
        if held is not None and self.alive(held):
            assert self.office.desk.sessions.find(Secret(text), self.now).name == held.name
            if self.now >= held.used_ms + TOUCH_MS:
                self.held[text] = held._replace(used_ms=self.now)
        else:
            with pytest.raises(UnauthenticatedError):
                self.office.desk.sessions.find(Secret(text), self.now)

    @rule(text=tokens)
    def damage(self, text: str) -> None:
        wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
        with pytest.raises(UnauthenticatedError):
            self.office.desk.sessions.find(Secret(wrong), self.now)

    @rule(text=tokens)
    def leave(self, text: str) -> None:
        with self.store.writing() as connection:
            assert end_session(connection, Secret(text)) == (self.held.pop(text, None) is not None)

    @rule(name=st.sampled_from(NAMES))
    def leave_everywhere(self, name: str) -> None:
        with self.store.writing() as connection:
            assert end_sessions_of(connection, name) == sum(held.name == name for held in self.held.values())
        self.held = {text: held for text, held in self.held.items() if held.name != name}

    @rule(name=st.sampled_from(NAMES))
    def disable_or_enable(self, name: str) -> None:
        if name in self.disabled:
            self.office.people.enable(ROOT, name)
            self.disabled.remove(name)
        else:
            self.office.people.disable(ROOT, name)
            self.disabled.add(name)
            self.held = {text: held for text, held in self.held.items() if held.name != name}

    @invariant()
    def as_many_as_the_twin_has(self) -> None:
        if hasattr(self, "store"):
            with self.store.reading() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == len(self.held)


def test_sessions_hold_as_the_twin_says(copies: Copies) -> None:
    play(SessionsPlayed, copies, examples=25, steps=30)
