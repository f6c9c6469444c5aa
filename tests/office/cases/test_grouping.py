"""Which alerts belong together: the law in memory, its slow twin, and what the store does."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bonafide.office.cases.grouping import SMALL, SPAN_MS, TIES, TIES_FRACTION, Key, group
from bonafide.office.cases.rows import UNDECIDED
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_subjects, cases
from tests.office.audit.kit import START_MS
from tests.office.cases.kit import Site, alerting, taught, token

Alerts = Sequence[tuple[tuple[Key, ...], int]]

KEYS = [("user", f"u{i}") for i in range(5)] + [("merchant", f"m{i}") for i in range(4)]
ALERTS = st.lists(
    st.tuples(
        st.tuples(st.sampled_from(KEYS[:5]), st.sampled_from(KEYS[5:])),
        st.sampled_from([0, 0, 1, SPAN_MS // 2, SPAN_MS, SPAN_MS + 1]),
    ),
    max_size=30,
)


def timed(steps: Sequence[tuple[tuple[Key, ...], int]]) -> Alerts:
    """Alerts whose times are the sums of steps."""
    now, found = START_MS, []
    for keys, step in steps:
        now += step
        found.append((keys, now))
    return found


class Twin:
    """The same law: everything is looked up in all that came before, every time."""

    def __init__(self, alerts: Alerts) -> None:
        self.alerts = alerts
        self.case_of: list[int] = []
        self.ties: list[tuple[int, int, Key]] = []

    def names(self, case: int, key: Key, time: int) -> bool:
        """Whether a case has named a key within the span."""
        times = [self.alerts[i][1] for i, its in enumerate(self.case_of) if its == case and key in self.alerts[i][0]]
        return bool(times) and time - max(times) <= SPAN_MS

    def mentions(self, case: int, key: Key) -> int:
        """How often a case names a key."""
        return sum(key in self.alerts[i][0] for i, its in enumerate(self.case_of) if its == case)

    def place(self, keys: tuple[Key, ...], time: int, fresh: int) -> int:
        """The case that an alert joins, before anything becomes one."""
        cases = set(self.case_of)
        support = {case: sum(self.mentions(case, key) for key in keys if self.names(case, key, time)) for case in cases}
        best = max(support.values(), default=0)
        return min(case for case, much in support.items() if much == best) if best else fresh

    def play(self) -> list[int]:
        """The case of each alert, when all are in."""
        fresh = 1
        for at, (keys, time) in enumerate(self.alerts):
            mine = self.place(keys, time, fresh)
            fresh += mine == fresh
            others = [(case, key) for case in set(self.case_of) - {mine} for key in keys if self.names(case, key, time)]
            self.ties += [(mine, case, key) for case, key in others]
            self.case_of.append(mine)
            for case in sorted({case for case, _ in others}):
                self.maybe_merge(self.case_of[at], case)
        return self.case_of

    def maybe_merge(self, mine: int, case: int) -> None:
        """Have two cases be one, if they are."""
        common = {key for one, other, key in self.ties if {one, other} == {mine, case}}
        sizes = [self.case_of.count(mine), self.case_of.count(case)]
        keys = [len({key for i, its in enumerate(self.case_of) if its == one for key in self.alerts[i][0]})
                for one in (mine, case)]  # fmt: skip
        part, whole = TIES_FRACTION
        tied = len(common) >= TIES and len(common) * whole >= min(keys) * part
        if case != mine and (tied or min(sizes) <= SMALL):
            kept, gone = sorted((mine, case))
            self.case_of = [kept if its == gone else its for its in self.case_of]
            self.ties = [
                (kept if one == gone else one, kept if other == gone else other, key) for one, other, key in self.ties
            ]


@given(ALERTS)
@settings(max_examples=60)
def test_the_law_equals_its_slow_twin(steps: list[tuple[tuple[Key, ...], int]]) -> None:
    alerts = timed(steps)
    assert group(alerts) == Twin(alerts).play()


def test_the_store_groups_by_the_law(copies: object) -> None:
    from tests.office.databases import Copies

    assert isinstance(copies, Copies)

    @given(ALERTS)
    @settings(max_examples=8 if copies.kind == "sqlite" else 3, deadline=None)
    def play(steps: list[tuple[tuple[Key, ...], int]]) -> None:
        with copies.one() as place, Store.open(place) as store:
            site = Site(store)
            alerts = timed(steps)
            site.take(*(
                alerting(f"e{i}", user_id=keys[0][1], merchant_id=keys[1][1], at=time)
                for i, (keys, time) in enumerate(alerts)
            ))  # fmt: skip
            with store.reading() as connection:
                rows = connection.execute(select(case_events.c.number).order_by(case_events.c.seq))
                assert [row.number for row in rows] == group(alerts)
                for row in connection.execute(select(cases)):
                    ours = select(case_events.c.seq).where(case_events.c.number == row.number)
                    assert len(connection.execute(ours).all()) == row.events
                    assert (row.state == "merged") == (row.events == 0) == (row.merged_into is not None)

    play()


def test_a_transfer_belongs_to_whose_accounts_they_are(store: Store) -> None:
    site = Site(store)
    site.take(
        alerting("e1", user_id="u1", merchant_id="m1"), taught("l", "account_link", account_id="a", owner_type="user",
        owner_id="u1"), alerting("t1", "transfer", from_account_id="b", to_account_id="a"),
        alerting("t2", "transfer", from_account_id="x", to_account_id="y"),
    )  # fmt: skip
    assert (site.case(1).events, site.case(2).events, site.case(2).stake) == (2, 1, 10_000)
    with store.reading() as connection:
        named = connection.execute(select(case_subjects).where(case_subjects.c.number == 1)).all()
    assert {(one.kind, one.token, one.binds) for one in named} == {
        ("user", token("u1"), True), ("merchant", token("m1"), True), ("account", token("a"), False),
        ("account", token("b"), False),
    }  # fmt: skip


def test_a_log_that_was_restored_opens_nothing_twice(store: Store) -> None:
    site = Site(store)
    site.take(alerting("e1", user_id="u1", merchant_id="m1"), alerting("e2", user_id="u2", merchant_id="m2"))
    from bonafide.office.cases.opening import CaseOpener
    from tests.office.cases.kit import bits

    site.log.salt = b"another"
    site.opener = CaseOpener(store, site.log, bits, clock=site.clock)
    site.take(alerting("e3", user_id="u2", merchant_id="m2"))
    assert [site.case(number).events for number in (1, 2)] == [1, 2]


def test_people_who_work_on_both_have_them_linked(store: Store) -> None:
    from tests.office.people.kit import HERE

    site = Site(store)
    site.take(*(alerting(f"a{i}", user_id="u1", merchant_id="m1") for i in range(6)))
    site.take(*(alerting(f"b{i}", user_id="u2", merchant_id="m2") for i in range(6)))
    site.desk.assign(site.who["ann"], HERE, 1)
    site.desk.assign(site.who["eve"], HERE, 2)
    site.take(*(alerting(f"c{u}{m}", user_id=f"u{u}", merchant_id=f"m{m}") for u in (1, 2, 3) for m in (1, 2)))
    assert [site.case(number).state for number in (1, 2)] == ["assigned", "assigned"]
    assert [one["to"] for one in site.book.one(1)["links"]] == [2]
    assert all(state in UNDECIDED for state in (site.case(1).state, site.case(2).state))
