"""Random actions by random people, transactions that are cut short, a log that grows: no illegal state, and verdicts
exactly once."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event, select

from bonafide.core.errors import BonafideError
from bonafide.core.events import Verdict
from bonafide.office.cases.desk import come_back
from bonafide.office.cases.naming import recounted
from bonafide.office.cases.rows import STATES, Asked, Case, case_of
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_steps, case_subjects, cases, measures
from tests.office.cases.kit import HERE, HOUR, Site, alerting, token
from tests.office.databases import Copies, play

NAMES = st.sampled_from(["ann", "eve", "bob", "cat", "dan"])
NUMBERS = st.integers(1, 4)
EVERYTHING = (
    select(cases).order_by(cases.c.number),
    select(case_subjects).order_by(case_subjects.c.number, case_subjects.c.kind, case_subjects.c.token),
)
GRADES = st.sampled_from([None, "suspected", "confirmed", "adjudicated"])


class CutError(Exception):
    """The process ended here."""


class Machine(RuleBasedStateMachine):
    copies: Copies

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new()
        self.store = Store.open(self.place)
        self.site = Site(self.store)
        self.numbers = 0
        self.cut: int | None = None
        event.listen(self.store.engine, "before_cursor_execute", self._maybe_cut)
        self.due: dict[str, str] = {}
        """Verdicts that follow from the steps that were told to be done: id -> label."""

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.copies.drop(self.place)

    def _maybe_cut(self, *given: Any) -> None:
        if self.cut is not None and str(given[2]).lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            self.cut -= 1
            if self.cut < 0:
                raise CutError

    @rule(user=st.integers(1, 3), shop=st.integers(1, 3), hours=st.integers(0, 400))
    def alert(self, user: int, shop: int, hours: int) -> None:
        self.numbers += 1
        self.site.clock.now_ms += hours * HOUR
        record = alerting(f"e{self.numbers}", user_id=f"u{user}", merchant_id=f"m{shop}", at=self.site.clock.now_ms)
        before = self._all()
        try:
            self.site.take(record)
        except CutError:
            self.cut = None
            assert self._all() == before
            self.site.take()
        assert sum(case.events for case in self._all().values()) == self.numbers

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.site.clock.now_ms += hours * HOUR
        try:
            come_back(self.store, self.site.clock.now_ms)
        except CutError:
            self.cut = None

    @rule(who=NAMES, number=NUMBERS, to=st.none() | NAMES)
    def assign(self, who: str, number: int, to: str | None) -> None:
        self._act("assign", who, number, to)

    @rule(number=NUMBERS)
    def assign_to_free(self, number: int) -> None:
        self._act("assign", "ann", number, None)

    @rule(who=NAMES, number=NUMBERS, user=st.integers(1, 3), own=st.booleans())
    def split(self, who: str, number: int, user: int, own: bool) -> None:
        if own:
            who = self._assignee(number) or who
        self._act("split", who, number, [token(f"u{user}")])
        assert sum(case.events for case in self._all().values()) == self.numbers

    @rule(who=NAMES, number=NUMBERS, other=NUMBERS, own=st.booleans())
    def merge(self, who: str, number: int, other: int, own: bool) -> None:
        if own:
            who = self._assignee(number) or who
        self._act("merge", who, number, other)

    @rule(who=NAMES, number=NUMBERS, hours=st.integers(0, 800))
    def wait(self, who: str, number: int, hours: int) -> None:
        self._act("wait", who, number, self.site.clock.now_ms + hours * HOUR)

    @rule(who=NAMES, number=NUMBERS, label=st.sampled_from(["cash_out", "genuine", "unsure"]), grade=GRADES,
          measure=st.sampled_from([None, None, "notice", "freeze_credit"]), own=st.booleans())  # fmt: skip
    def decide(self, who: str, number: int, label: Any, grade: Any, measure: str | None, own: bool) -> None:
        if own:
            who = self._assignee(number) or who
        about = () if measure is None else (token("u1"),)
        self._act("decide", who, number, Asked(label, grade, measure, about=about))

    @rule(who=NAMES, number=NUMBERS)
    def confirm(self, who: str, number: int) -> None:
        self._act("confirm", who, number)

    @rule(who=NAMES, number=NUMBERS)
    def refuse(self, who: str, number: int) -> None:
        self._act("refuse", who, number)

    @rule(who=NAMES, number=NUMBERS, label=st.sampled_from(["genuine", "unsure"]))
    def undo(self, who: str, number: int, label: str) -> None:
        self._act("undo", who, number, label)

    @rule(who=NAMES, number=NUMBERS)
    def look(self, who: str, number: int) -> None:
        self._act("look", who, number, "genuine")

    @rule(cut=st.integers(0, 12))
    def crash_in_the_next_step(self, cut: int) -> None:
        self.cut = cut

    def _act(self, action: str, who: str, number: int, *given: Any) -> None:
        before = self._all()
        try:
            getattr(self.site.desk, action)(self.site.who[who], HERE, number, *given)
        except CutError:
            self.cut = None
            assert self._all() == before
        except BonafideError:
            self.cut = None
            assert self._all() == before
        else:
            self.cut = None
            self._expect(before.get(number), self._all()[number])

    def _expect(self, before: Case | None, after: Case) -> None:
        """What verdicts follow from a step, by the case before and after it."""
        assert before is not None
        assert after.number == before.number
        with self.store.reading() as connection:
            step = max(connection.scalars(select(case_steps.c.number)))
            seqs = list(connection.scalars(select(case_events.c.seq).where(case_events.c.number == after.number)))
            about = connection.scalar(select(case_steps.c.about).where(case_steps.c.number == step))
        if before.state != "decided" and after.state == "decided":
            self.due |= {f"case:{after.number}:{step}:{seq}": str(after.label) for seq in seqs}
        if before.state == "decided" and after.state == "reopened" and before.label != "unsure":
            assert about is not None
            self.due |= {f"case:{after.number}:{step}:{seq}": about["label"] for seq in seqs}

    def _assignee(self, number: int) -> str | None:
        found = self._all().get(number)
        return None if found is None else found.assignee

    def _all(self) -> dict[int, Case]:
        with self.store.reading() as connection:
            return {row.number: case_of(row) for row in connection.execute(select(cases))}

    @invariant()
    def no_case_is_in_an_illegal_state(self) -> None:
        if not hasattr(self, "store"):
            return
        for case in self._all().values():
            assert case.state in STATES
            assert (case.assignee is not None) == (case.state in {"assigned", "waiting", "decided"})
            assert (case.state == "decided") == (case.label is not None) == (case.step is not None)
            assert (case.state == "waiting") == ((case.waits_until_ms is None) != (case.asked is None))
            assert (case.state == "merged") == (case.merged_into is not None) == (case.events == 0)
            assert case.state != "merged" or self._all()[case.merged_into or 0].state != "merged"
            if case.grade == "adjudicated" or case.measure == "freeze_credit":
                assert case.second not in (None, case.decided_by)

    @invariant()
    def what_follows_from_events_is_as_if_counted_anew(self) -> None:
        if hasattr(self, "store") and self.cut is None:
            with self.store.writing() as connection:
                before = [connection.execute(asked).all() for asked in EVERYTHING]
                for case in before[0]:
                    if case.state != "merged":
                        recounted(connection, case.number)
                assert [connection.execute(asked).all() for asked in EVERYTHING] == before

    @invariant()
    def what_was_asked_for_is_a_measure_and_what_was_undone_is_none(self) -> None:
        if hasattr(self, "store"):
            with self.store.reading() as connection:
                found = connection.execute(select(measures)).all()
            for case in self._all().values():
                if case.measure is not None:
                    ours = [one for one in found if one.measure == case.measure and one.subject == token("u1")]
                    assert any(one.state == "requested" for one in ours)
            standing = {case.step for case in self._all().values()}
            assert all(one.state in ("lifted", "requested") for one in found)
            assert all(one.state == "lifted" for one in found if one.case_step not in standing)

    @invariant()
    def verdicts_are_wanted_exactly_once(self) -> None:
        if hasattr(self, "store"):
            found = [one.record(0) for one in Records(self.store).pending()]
            told = [(one.event_id, one.label) for one in found if isinstance(one, Verdict)]
            assert dict(told) == self.due
            assert len(told) == len(self.due)


def test_random_steps_keep_the_promises(copies: Copies) -> None:
    play(Machine, copies, examples=15, steps=40)
