"""Which alerts belong together: the law in memory, its slow twin, and what the store does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bonafide.office.cases import grouping, opening
from bonafide.office.cases.grouping import SMALL, SMALL_FRACTION, SPAN_MS, TIES, TIES_FRACTION, Key, group
from bonafide.office.cases.naming import recounted
from bonafide.office.cases.rows import UNDECIDED
from bonafide.office.journal import Record
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_subjects, cases
from tests.office.audit.kit import START_MS
from tests.office.cases.kit import Site, alerting, taught, token

Alerts = Sequence[tuple[tuple[Key, ...], int]]

USERS = [("user", f"u{i}") for i in range(6)]
SHOPS = [("merchant", f"m{i}") for i in range(4)]
ACCOUNTS = [("account", f"a{i}") for i in range(3)]
TRADE = st.tuples(st.sampled_from(USERS), st.sampled_from(SHOPS))
PASSED_ON = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(USERS + ACCOUNTS)).map(
    lambda two: tuple(dict.fromkeys(two))
)
ALERTS = st.lists(
    st.tuples(TRADE | PASSED_ON, st.sampled_from([0, 0, 1, SPAN_MS // 2, SPAN_MS, SPAN_MS + 1])), max_size=30
)
PUBLIC = st.integers(1, 6)


def timed(steps: Sequence[tuple[tuple[Key, ...], int]]) -> Alerts:
    """Alerts whose times are the sums of steps."""
    now, found = START_MS, []
    for keys, step in steps:
        now += step
        found.append((keys, now))
    return found


class Twin:
    """The same law: everything is looked up in all that came before, every time."""

    def __init__(self, alerts: Alerts, counts_public: bool = True) -> None:
        self.given = alerts
        self.alerts = [(list(keys), time) for keys, time in alerts]
        self.case_of: list[int] = []
        self.ties: set[tuple[int, int, Key]] = set()
        self.public: set[Key] = set()
        self.counts_public = counts_public
        self.fresh = 0

    def next(self) -> int:
        """A number that no case has had."""
        self.fresh += 1
        return self.fresh

    def places(self, case: int) -> list[int]:
        """Which alerts a case has."""
        return [at for at, its in enumerate(self.case_of) if its == case]

    def keys(self, case: int) -> set[Key]:
        """What binds a case."""
        return {key for at in self.places(case) for key in self.alerts[at][0]}

    def names(self, case: int, key: Key, time: int) -> bool:
        """Whether a case has named a key within the span."""
        times = [self.alerts[at][1] for at in self.places(case) if key in self.alerts[at][0]]
        return bool(times) and time - max(times) <= SPAN_MS

    def mentions(self, case: int, key: Key) -> int:
        """How often a case names a key."""
        return sum(key in self.alerts[at][0] for at in self.places(case))

    def choose(self, keys: list[Key], time: int) -> int:
        """The case that an alert joins, before anything becomes one."""
        cases = set(self.case_of)
        support = {case: sum(self.mentions(case, key) for key in keys if self.names(case, key, time)) for case in cases}
        best = max(support.values(), default=0)
        return min(case for case, much in support.items() if much == best) if best else self.next()

    def play(self) -> list[int]:
        """The case of each alert, when all are in."""
        for at in range(len(self.alerts)):
            for key in self.given[at][0] if self.counts_public else ():
                if key[0] == "account" and key not in self.public and self.beside(key, at) > grouping.PUBLIC_ABOVE:
                    self.let_go(key)
            self.alerts[at] = [key for key in self.given[at][0] if key not in self.public], self.given[at][1]
            keys, time = self.alerts[at]
            mine = self.choose(keys, time)
            others = [(case, key) for case in set(self.case_of) - {mine} for key in keys if self.names(case, key, time)]
            self.ties |= {(*sorted((mine, case)), key) for case, key in others}  # type: ignore[misc]
            self.case_of.append(mine)
            for case in sorted({case for case, _ in others}):
                self.maybe_merge(self.case_of[at], case)
        return self.case_of

    def beside(self, account: Key, until: int) -> int:
        """Beside how many keys alerts have named an account."""
        return len({key for keys, _ in self.given[: until + 1] if account in keys for key in keys} - {account})

    def let_go(self, account: Key) -> None:
        """Have nothing be held together by an account any more."""
        self.public.add(account)
        naming = sorted(case for case in set(self.case_of) if account in self.keys(case))
        self.alerts = [([key for key in keys if key != account], time) for keys, time in self.alerts]
        for case in naming:
            self.regroup(case)
        self.ties = {tie for tie in self.ties if tie[2] != account}

    def regroup(self, case: int) -> None:
        """Group a case's alerts as if they were all that there is."""
        ours = self.places(case)
        inner = Twin([(tuple(self.alerts[at][0]), self.alerts[at][1]) for at in ours], counts_public=False)
        parts = inner.play()
        found = list(dict.fromkeys(parts))
        most = max(found, key=lambda part: (parts.count(part), -parts.index(part)))
        if len(found) == 1:
            return
        numbers = {most: case} | {part: self.next() for part in found if part != most}
        before = {tie for tie in self.ties if case in tie[:2]}
        self.ties -= before
        for at, part in zip(ours, parts, strict=True):
            self.case_of[at] = numbers[part]
        for low, high, key in before:
            other = high if low == case else low
            tied = [number for number in numbers.values() if key in self.keys(number)]
            self.ties |= {(*sorted((number, other)), key) for number in tied}  # type: ignore[misc]
        for low, high, key in inner.ties:
            self.ties.add((*sorted((numbers[low], numbers[high])), key))  # type: ignore[arg-type]

    def maybe_merge(self, mine: int, case: int) -> None:
        """Have two cases be one, if they are."""
        common = {key for one, other, key in self.ties if {one, other} == {mine, case}}
        sizes = [self.case_of.count(mine), self.case_of.count(case)]
        keys = [len(self.keys(one)) for one in (mine, case)]
        part, whole = TIES_FRACTION
        tied = len(common) >= TIES and len(common) * whole >= min(keys) * part
        small_part, small_whole = SMALL_FRACTION
        small = min(sizes) <= SMALL and len(common) * small_whole >= min(keys) * small_part
        if case != mine and (tied or small):
            kept, gone = sorted((mine, case))
            self.case_of = [kept if its == gone else its for its in self.case_of]
            moved = {(kept if one == gone else one, kept if other == gone else other, key)
                     for one, other, key in self.ties}  # fmt: skip
            self.ties = {(*sorted((one, other)), key) for one, other, key in moved if one != other}  # type: ignore[misc]


@given(ALERTS, PUBLIC)
@settings(max_examples=80)
def test_the_law_equals_its_slow_twin(steps: list[tuple[tuple[Key, ...], int]], above: int) -> None:
    alerts = timed(steps)
    with patch.object(grouping, "PUBLIC_ABOVE", above):
        assert group(alerts) == Twin(alerts).play()


def test_what_a_clearing_house_held_together_falls_apart() -> None:
    """Two rings whose money passes one account that everybody's passes: two cases, as without the account."""
    house = ("account", "house")
    rings = [((("user", f"{ring}{i}"), ("merchant", f"m{ring}")), i) for i in range(20) for ring in "ab"]
    through = [((*keys, house), time) for keys, time in rings]
    assert group(through) == group(rings)
    assert len(set(group(through[:20]))) == 1


def record_of(name: str, keys: Sequence[Key], time: int) -> Record:
    """An alert of these keys: a payment, or a transfer between accounts, whose owners are told before."""
    if keys[0][0] == "user":
        return alerting(name, user_id=keys[0][1], merchant_id=keys[1][1], at=time)
    to = keys[-1][1] if keys[-1][0] == "account" else f"of-{keys[-1][1]}"
    return alerting(name, "transfer", from_account_id=keys[0][1], to_account_id=to, at=time)


def everything_of(connection: Connection, number: int) -> list[Any]:
    """A case with whom it names, as the store has it."""
    ours = select(case_subjects).where(case_subjects.c.number == number)
    order = (case_subjects.c.kind, case_subjects.c.token)
    asked = (select(cases).where(cases.c.number == number), ours.order_by(*order))
    return [row for one in asked for row in connection.execute(one)]


def test_the_store_groups_by_the_law(copies: object) -> None:
    from tests.office.databases import Copies

    assert isinstance(copies, Copies)

    @given(ALERTS, PUBLIC)
    @settings(max_examples=10 if copies.kind == "sqlite" else 4, deadline=None)
    def play(steps: list[tuple[tuple[Key, ...], int]], above: int) -> None:
        with copies.one() as place, Store.open(place) as store, patch.object(grouping, "PUBLIC_ABOVE", above):
            site = Site(store)
            alerts = timed(steps)
            owned = (taught(f"l{user}", "account_link", account_id=f"of-{user}", owner_type="user", owner_id=user)
                     for _, user in USERS)  # fmt: skip
            site.take(*owned, *(record_of(f"e{i}", keys, time) for i, (keys, time) in enumerate(alerts)))
            with store.reading() as connection:
                rows = connection.execute(select(case_events.c.number).order_by(case_events.c.seq))
                assert [row.number for row in rows] == group(alerts)
                for row in connection.execute(select(cases)):
                    ours = select(case_events.c.seq).where(case_events.c.number == row.number)
                    assert len(connection.execute(ours).all()) == row.events
                    assert (row.state == "merged") == (row.events == 0) == (row.merged_into is not None)
            with store.writing() as connection:  # what is kept as events come equals what follows from all of them
                for number in set(group(alerts)):
                    before = everything_of(connection, number)
                    recounted(connection, number)
                    assert everything_of(connection, number) == before

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
        ("account", token("b"), True),
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


def test_how_much_is_read_at_once_changes_nothing(copies: object) -> None:
    from tests.office.databases import Copies

    assert isinstance(copies, Copies)
    alerts = [((USERS[i % 6], SHOPS[i * i % 4]) if i % 3 else (ACCOUNTS[i % 2], USERS[i % 6]), START_MS + i)
              for i in range(40)]  # fmt: skip
    found = []
    for at_once in (1, 7, 4_096):
        with copies.one() as place, Store.open(place) as store, patch.object(opening, "EVENTS_AT_ONCE", at_once):
            site = Site(store)
            with patch.object(grouping, "PUBLIC_ABOVE", 3):
                site.take(*(record_of(f"e{i}", keys, time) for i, (keys, time) in enumerate(alerts)))
            with store.reading() as connection:
                numbers = list(connection.scalars(select(cases.c.number).order_by(cases.c.number)))
                found.append([everything_of(connection, number) for number in numbers])
    assert found[0] == found[1] == found[2]
