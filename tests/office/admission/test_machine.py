"""Whatever people and applicants do in whatever order: nobody is refused but by two, and what is settled is told."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bonafide.core.errors import MissingError
from bonafide.core.moment import HOUR_MS
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.merchants.table import DECISIONS
from bonafide.office.store.database import Store
from bonafide.office.store.tables import merchant_outcomes, merchant_votes
from bonafide.office.vault.errors import UnknownSubjectError
from bonafide.office.vault.forgetting import forget
from tests.office.admission.kit import PAPERS, Town
from tests.office.people.kit import HERE, ROOT

PEOPLE = ("ann", "bob", "cyd")
MERCHANTS = st.sampled_from(["m1", "m2", "m3"])


class Machine(RuleBasedStateMachine):
    """One town; three people who decide as they like."""

    begun: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(dir=self.begun.parent))
        shutil.copy(self.begun, self.folder / "office.db")
        self.store = Store.open(self.folder / "office.db")
        self.town = Town(self.store, self.folder)
        self.sessions = [self.town.person(name) for name in PEOPLE]
        self.settled = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(merchant=MERCHANTS, of=MERCHANTS, papers=st.integers(0, 2), known=st.booleans())
    def apply(self, merchant: str, of: str, papers: int, known: bool) -> None:
        self.town.apply(merchant, known=known, representative_id=f"rep-{of}", documents=PAPERS[:papers])
        self.town.work()
        if not known:
            self.town.learn()
            self.town.work()

    @rule(who=st.integers(0, 2), merchant=MERCHANTS, decision=st.sampled_from(DECISIONS))
    def decide(self, who: int, merchant: str, decision: str) -> None:
        with suppress(NotNowError, MissingError):
            kept = self.town.desk.decide(self.sessions[who], HERE, merchant, decision, "so it is")  # type: ignore[arg-type]
            self.settled += kept.settled is not None
            if decision != "refuse":
                assert kept.settled in (decision, None)

    @rule(hours=st.sampled_from([1, 24, 73, 24 * 15]))
    def wait(self, hours: int) -> None:
        self.town.clock.now_ms += hours * HOUR_MS
        self.town.work()

    @rule(merchant=MERCHANTS)
    def forget(self, merchant: str) -> None:
        with suppress(UnknownSubjectError):
            forget(self.town.vault, ROOT, self.town.vault.subject_of("merchant", merchant))

    @rule()
    def begin_again(self) -> None:
        self.town.begin()
        self.town.work()

    @invariant()
    def nobody_is_refused_but_by_two(self) -> None:
        with self.store.reading() as connection:
            outcomes = connection.execute(select(merchant_outcomes)).all()
            votes = {row.number: row for row in connection.execute(select(merchant_votes))}
        for row in outcomes:
            first = votes[row.first]
            assert (first.review, first.decision) == (row.review, row.decision)
            if row.decision == "refuse":
                assert votes[row.second].decision == "refuse"
                assert votes[row.second].person != first.person
        assert len(outcomes) == self.settled

    @invariant()
    def a_standing_is_what_was_settled_last(self) -> None:
        for merchant, review in self.town.desk.merchants():
            if merchant.standing in ("refused", "closed"):
                with self.store.reading() as connection:
                    refused = connection.scalars(
                        select(merchant_outcomes.c.review).where(merchant_outcomes.c.decision == "refuse")
                    ).all()
                assert refused
            assert review is None or review.merchant == merchant.merchant

    @invariant()
    def whatever_is_settled_is_told(self) -> None:
        told = {m["data"]["review"] for m in self.town.messages() if m["data"]["decided_by"] == "people"}
        with self.store.reading() as connection:
            assert told == set(connection.scalars(select(merchant_outcomes.c.review)))


def test_people_and_applicants_in_whatever_order(empty: Path) -> None:
    Machine.begun = empty
    run_state_machine_as_test(Machine, settings=settings(max_examples=8, stateful_step_count=14))
