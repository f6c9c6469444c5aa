"""Measures, notices, appeals and a real engine together: anybody does anything, processes die between any two lines,
the platform answers late, twice or never. Nothing harms for longer than it may, and nothing stays frozen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from bonafide.core.errors import BonafideError, OpposedError
from bonafide.office.measures import changes
from bonafide.office.measures.measure import Measure, read_measures
from bonafide.office.measures.opening import Wish
from bonafide.office.measures.words import CONFIRMERS, ENDED, MACHINE_MS, OPEN
from bonafide.office.notices import notices as notices_module
from bonafide.office.store.database import Store
from bonafide.office.store.tables import appeals, measure_steps, measures, notices
from bonafide.testing.ladder.playground import brisk_ladder, shipped_ladder
from tests.office.databases import Copies, play
from tests.office.measures.kit import HERE, HOUR, PEOPLE, PLATFORM, USERS, House, settle_people, token_of

DIES = st.sampled_from(
    [None] * 3 + [(changes, name) for name in ("want", "put_message", "append", "count_change", "put_notice")]
    + [(notices_module, "put_message")]
)  # fmt: skip
"""Where a process ends within a step."""
SPANS = st.sampled_from([HOUR // 6, HOUR, 5 * HOUR, 26 * HOUR, 73 * HOUR, 24 * 20 * HOUR])
NAMES = st.sampled_from(sorted(PEOPLE))
PICK = st.integers(0, 30)


class DiedError(Exception):
    """A process that ended."""


@contextmanager
def dying(where: tuple[Any, str] | None, after: int) -> Iterator[None]:
    """The block in a process that ends when something is called for the `after`-th time."""
    if where is None:
        yield
        return
    module, name = where
    whole: Callable[..., Any] = getattr(module, name)
    left = [after]

    def dies(*given: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise DiedError
        return whole(*given, **more)

    with suppress(DiedError), patch.object(module, name, dies):
        yield


class MeasuresPlayed(RuleBasedStateMachine):
    copies: Copies

    @initialize(brisk=st.booleans())
    def begin(self, brisk: bool) -> None:
        self.place = self.copies.new(settle_people)
        self.store = Store.open(self.place)
        self.house = House(self.store, brisk_ladder() if brisk else shipped_ladder())
        self.read_no = 0
        self.inbox: list[tuple[str, str]] = []
        self.platform: set[str] = set()
        """What the platform carries out."""

    @rule(
        user=st.sampled_from(USERS), strict=st.sampled_from([None, "verify", "hold"]),
        typology=st.sampled_from(["user_merchant_loop", "broker_ring", "self_purchase"]),
    )  # fmt: skip
    def pay(self, user: str, strict: str | None, typology: str) -> None:
        self.house.pay(user, strict, typology)

    @rule(user=st.sampled_from(USERS), people=st.lists(NAMES, max_size=3), applied=st.booleans(), on_time=st.booleans())
    def press(self, user: str, people: list[str], applied: bool, on_time: bool) -> None:
        """Offences until something hard is proposed; some confirm it, before or after the platform carries it out."""
        for typology in ("user_merchant_loop", "broker_ring"):
            self.house.pay(user, "hold", typology)
            self.house.clock.now_ms += 25 * HOUR
        self.house.pay(user, "hold")
        while self.house.upkeep.step():
            pass
        self.read()
        hard = [one for one in self.every() if one.is_hard and one.is_open]
        for one in hard[-2:]:
            if applied:
                self.tell(one.measure_id, "applied")
            for name in people:
                with suppress(BonafideError):
                    self.house.measures.confirm(self.house.session(name), HERE, one.measure_id, "looked")
            if on_time:
                self.tell(one.measure_id, "applied")

    @rule(user=st.sampled_from((*USERS, "m1")), name=NAMES, second=st.none() | NAMES, where=DIES,
          measure=st.sampled_from(["request_information", "limit_credit", "freeze_credit", "hold_reserve", "refer"]),
          hours=st.sampled_from([None, 1, 30, 24 * 20, 24 * 200]))  # fmt: skip
    def open(
        self, user: str, name: str, second: str | None, where: tuple[Any, str] | None, measure: str, hours: int | None
    ) -> None:
        """A person opens a measure on the basis of a case, and perhaps another confirms it."""
        until = None if hours is None else self.house.clock.now_ms + hours * HOUR
        wish = Wish(self.house.case_of(user), token_of(user), measure, until)
        with suppress(BonafideError), dying(where, 0):
            found = self.house.openings.open(self.house.session(name), HERE, wish, "three loops")
            if second is not None:
                self.house.measures.confirm(self.house.session(second), HERE, found.measure_id, "so do I")

    @rule(span=SPANS)
    def wait(self, span: int) -> None:
        self.house.clock.now_ms += span

    @rule(where=DIES, after=st.integers(0, 3))
    def work(self, where: tuple[Any, str] | None, after: int) -> None:
        with dying(where, after):
            self.house.upkeep.step()
        if where is not None:
            self.house.restart()

    @rule(dies=st.booleans())
    def write(self, dies: bool) -> None:
        self.house.write_records(dies_before_noting=dies)

    @rule(pick=PICK, word=st.sampled_from(["as asked", "as asked", "applied", "refused", "lifted"]),
          twice=st.booleans(), where=DIES)  # fmt: skip
    def answer(self, pick: int, word: str, twice: bool, where: tuple[Any, str] | None) -> None:
        """The platform reads, and answers some message that it has had, or says what nobody asked."""
        self.read()
        if not self.inbox:
            return
        measure_id, wanted = self.inbox[pick % len(self.inbox)]
        status = ("applied" if wanted == "requested" else "lifted") if word == "as asked" else word
        for _ in range(1 + twice):
            self.tell(measure_id, status, where)

    def read(self) -> None:
        for no, kind, data in self.house.messages(self.read_no):
            self.read_no = no
            if kind in ("measure.requested", "measure.lift_requested"):
                self.inbox.append((data["measure_id"], data["status"]))

    def tell(self, measure_id: str, status: Any, where: tuple[Any, str] | None = None) -> None:
        (self.platform.add if status == "applied" else self.platform.discard)(measure_id)
        try:
            with dying(where, 0):
                self.house.measures.tell(PLATFORM, measure_id, status)
        except OpposedError:  # nobody has asked for it, so it is not carried out; or it is, and cannot be refused
            (self.platform.discard if status == "applied" else self.platform.add)(measure_id)

    @rule(pick=PICK, name=NAMES, act=st.sampled_from(["confirm", "confirm", "confirm", "lift", "refuse", "delay"]),
          where=DIES)  # fmt: skip
    def act(self, pick: int, name: str, act: str, where: tuple[Any, str] | None) -> None:
        found = self.some(pick)
        if found is None:
            return
        who, steps, until = self.house.session(name), self.house.measures, self.house.clock.now_ms + 40 * HOUR
        with suppress(BonafideError), dying(where, 0):
            if act == "delay":
                steps.delay_notice(who, HERE, found.measure_id, "court order", until)
            else:
                getattr(steps, act)(who, HERE, found.measure_id, "looked")

    @rule(pick=PICK, kind=st.sampled_from(["appeal", "answer"]), human_only=st.sampled_from([None, None, True, False]))
    def appeal(self, pick: int, kind: Any, human_only: bool | None) -> None:
        found = self.some(pick)
        if found is not None:
            subject_id = next((name for name in (*USERS, "m1") if self.house.is_about(found, name)), "nobody")
            with suppress(BonafideError):
                self.house.appeals.submit(PLATFORM, "platform", found.measure_id, kind, "I bought shoes",
                                          subject_id=subject_id, human_only=human_only)  # fmt: skip

    @rule(pick=PICK, by=st.sampled_from(["bob", "lee"]), to=NAMES, good=st.booleans())
    def appeal_to_the_end(self, pick: int, by: str, to: str, good: bool) -> None:
        """What the platform carries out is appealed against, assigned and decided."""
        found = [one for one in self.every() if one.is_in_force] or self.every()
        if found:
            one = found[pick % len(found)]
            name = next(name for name in (*USERS, "m1") if self.house.is_about(one, name))
            house, outcome = self.house, "upheld" if good else "rejected"
            with suppress(BonafideError):
                made = house.appeals.submit(
                    PLATFORM, "platform", one.measure_id, "appeal", "I bought shoes", subject_id=name
                )  # fmt: skip
                house.appeals.assign(house.session(by), HERE, made.appeal_id, to)
                house.appeals.decide(house.session(to), HERE, made.appeal_id, outcome, "looked")  # type: ignore[arg-type]

    @rule(pick=PICK, by=NAMES, to=NAMES)
    def assign(self, pick: int, by: str, to: str) -> None:
        waiting = self.house.appeals.list(waiting=True)
        if waiting:
            with suppress(BonafideError):
                self.house.appeals.assign(
                    self.house.session(by), HERE, waiting[pick % len(waiting)]["appeal_id"], to
                )  # fmt: skip

    @rule(pick=PICK, good=st.booleans(), where=DIES)
    def decide(self, pick: int, good: bool, where: tuple[Any, str] | None) -> None:
        waiting = self.house.appeals.list(state="assigned")
        if waiting:
            one = waiting[pick % len(waiting)]
            outcomes: Any = {"appeal": ("rejected", "upheld"), "answer": ("partial", "satisfactory")}[one["kind"]]
            with suppress(BonafideError), dying(where, 0):
                self.house.appeals.decide(
                    self.house.session(one["assignee"]), HERE, one["appeal_id"], outcomes[good], "looked"
                )  # fmt: skip

    @rule()
    def settle(self) -> None:
        """Work until nothing is left: what is in force here is what is in force in the engine."""
        self.house.settle()
        now = self.house.clock.now_ms
        assert not [one for one in self.every() if one.is_open and one.until_ms <= now], "something did not end"
        assert self.house.in_force_here() == self.house.in_force_at_the_engine()
        with self.store.reading() as connection:
            late = connection.scalar(select(notices.c.kind).where(notices.c.sent_ms.is_(None), notices.c.due_ms <= now))
        assert late is None

    def some(self, pick: int) -> Measure | None:
        """Any measure; of even picks one that is open, where there is one."""
        found = self.every()
        found = [one for one in found if one.is_open and one.is_hard] or found if pick % 2 else found
        return found[pick % len(found)] if found else None

    def every(self) -> list[Measure]:
        with self.store.reading() as connection:
            return read_measures(connection, limit=10_000)

    @invariant()
    def nothing_hard_lasts_without_two_people(self) -> None:
        for one in self.every():
            people = set(one.confirmers)
            if one.is_hard and one.is_open:
                assert one.until_ms <= one.event_ms + MACHINE_MS or len(people) >= CONFIRMERS, one
                assert one.state != "confirmed" or len(people) >= CONFIRMERS, one
            if one.needs_person and one.requested_ms is not None:
                assert people, one
            if one.opened_by is not None and one.is_hard and one.requested_ms is not None:
                assert len(people) >= CONFIRMERS, one

    @invariant()
    def every_measure_has_a_notice_or_a_logged_reason(self) -> None:
        with self.store.reading() as connection:
            begun = select(notices).where(notices.c.kind == "begun")
            sent = {row.measure_id: row for row in connection.execute(begun)}
            delays = set(
                connection.scalars(select(measure_steps.c.measure_id).where(measure_steps.c.action == "delay"))
            )
        for one in self.every():
            if one.requested_ms is not None:
                assert one.measure_id in sent, one
                assert sent[one.measure_id].sent_ms is not None or one.measure_id in delays, one

    @invariant()
    def every_upheld_appeal_has_lifted(self) -> None:
        with self.store.reading() as connection:
            upheld = select(measures.c.state).join(appeals, appeals.c.measure_id == measures.c.measure_id)
            states = set(connection.scalars(upheld.where(appeals.c.state == "upheld")))
        assert states <= set(ENDED)

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            self.end()
        finally:
            shutil.rmtree(self.house.folder, ignore_errors=True)
            self.store.close()
            self.copies.drop(self.place)

    def end(self) -> None:
        """At last the platform does what it was asked, and all time passes: then nothing is in force anywhere."""
        for _ in range(3):
            self.settle()
            self.read()
            for measure_id, wanted in dict(self.inbox).items():
                self.tell(measure_id, "applied" if wanted == "requested" else "lifted")
        self.house.settle()
        ended = {one.measure_id for one in self.every() if one.state in ENDED and one.measure != "notice"}
        assert not self.platform & ended, "the platform still carries out what has ended"
        self.house.clock.now_ms += 400 * 24 * HOUR
        self.settle()
        assert not [one for one in self.every() if one.state in OPEN]
        assert self.house.in_force_at_the_engine() == set()


def test_nothing_stays_frozen_and_nobody_is_forgotten(copies: Copies) -> None:
    play(MeasuresPlayed, copies, examples=5, steps=25)


@pytest.mark.drill
def test_nothing_stays_frozen_in_many_histories(copies: Copies) -> None:
    play(MeasuresPlayed, copies, examples=60, steps=50)
