"""What counts as known: nothing later than the moment, trade of the look-back, facts that stand."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import UsageError
from bonafide.core.events import AccountLink, Fact, Login, Payment, PaymentStatus, Registration
from bonafide.core.moment import DAY_MS
from bonafide.lab.inputs import load_mapping, read_chunks
from bonafide.lab.rings import METHODS, LogUntil, find_groups, group_rows, log, ties_of
from bonafide.lab.rings.graph import PUBLIC_ABOVE
from tests.lab.rings.kit import START_MS, known_of, payment, ring_log, verdict
from tests.lab.runs import labelled_mapping

UNTIL_MS = START_MS + 57 * DAY_MS
ABLE = [name for name in METHODS if name != "community"]


def later() -> st.SearchStrategy[list[Fact]]:
    """Events after the moment that would say much, about subjects of the ring log and others."""
    day = st.floats(57.01, 80)
    user, shop = st.sampled_from(["bad0", "u1", "u2", "new"]), st.sampled_from(["ring0", "m1", "m2"])
    number = st.integers(10_000, 99_999)
    label = st.sampled_from(["cash_out", "genuine"])
    at = day.map(lambda d: START_MS + round(d * DAY_MS))
    return st.lists(
        st.one_of(
            st.builds(
                lambda n, u, m, d: payment(n, u, m, d, amount=80_000, credit_limit=90_000), number, user, shop, day
            ),
            st.builds(lambda n, u, la, d: verdict(n, "user", u, la, d), number, user, label, day),
            st.builds(lambda n, m, la, d: verdict(n, "merchant", m, la, d), number, shop, label, day),
            st.builds(
                lambda n, t, p: PaymentStatus(
                    event_id=f"s{n}", time=t, payment_id=f"p{p}", order_id="o", user_id="u1", merchant_id="m1",
                    status="cancelled",
                ),
                number, at, st.integers(1_000, 1_020),
            ),
            st.builds(
                lambda n, t, u: Login(event_id=f"l{n}", time=t, subject_type="user", subject_id=u, device_id="d1"),
                number, at, user,
            ),
        ),
        min_size=1, max_size=8, unique_by=lambda event: event.event_id,
    )  # fmt: skip


def found(folder: Path, events: list[Fact], until_ms: int | None) -> list[bytes]:
    known = known_of(folder, events, until_ms)
    ties = ties_of(known)
    groups = {name: find_groups(name, known, ties, 7) for name in ABLE}
    return [repr(row).encode() for row in group_rows(groups, ties, known.until_ms, known.until_ms + DAY_MS)]


@settings(max_examples=20)
@given(later(), st.booleans())
def test_what_comes_after_the_moment_changes_nothing(events: list[Fact], first: bool) -> None:
    log_until = [event for event in ring_log() if event.time <= UNTIL_MS]
    with TemporaryDirectory() as folder:
        before = found(Path(folder), log_until, UNTIL_MS)
        mixed = events + log_until if first else log_until + events
        assert found(Path(folder), mixed, UNTIL_MS) == before
    assert before


def test_a_verdict_known_at_the_moment_changes_something(tmp_path: Path) -> None:
    told = verdict(9, "user", "u1", "cash_out", 57)
    assert found(tmp_path, [*ring_log(), told], UNTIL_MS) != found(tmp_path, ring_log(), UNTIL_MS)


def test_the_end_of_the_log_is_the_moment_unless_told(tmp_path: Path) -> None:
    events = [payment(1, "u1", "m1"), payment(2, "u1", "m1", 3), payment(3, "u1", "m1", 2)]
    known = known_of(tmp_path, events)
    assert (known.until_ms, known.payments.height) == (START_MS + 3 * DAY_MS, 3)
    assert known_of(tmp_path, events, START_MS + 2 * DAY_MS).payments.height == 2


@pytest.mark.parametrize("until_ms", [None, START_MS + 10 * DAY_MS])
def test_trade_counts_from_the_look_back_and_standing_facts_from_all_of_the_log(
    tmp_path: Path, until_ms: int | None
) -> None:
    events = [
        payment(1, "u1", "m1", 0, device_id="d1"),
        Registration(event_id="r1", time=START_MS, user_id="u1", phone_id="t1", ip="i1"),
        AccountLink(event_id="a1", time=START_MS, account_id="a1", owner_type="user", owner_id="u1"),
        AccountLink(event_id="a2", time=START_MS, account_id="a1", owner_type="person", owner_id="x"),
        verdict(1, "user", "u1", "cash_out", 0),
        payment(2, "u2", "m1", 7.01, device_id="d1"),
        payment(3, "u1", "m2", 10),
    ]
    known = known_of(tmp_path, events, until_ms, 3 * DAY_MS)
    assert known.payments["user_id"].to_list() == ["u2", "u1"]
    assert sorted(known.uses.rows()) == [
        ("user", "u1", "account", "a1"), ("user", "u1", "phone", "t1"), ("user", "u2", "device", "d1"),
    ]  # fmt: skip
    assert known.verdicts["subject_id"].to_list() == ["u1"]


def test_only_credit_that_was_not_undone_counts_and_each_event_once(tmp_path: Path) -> None:
    undone = PaymentStatus(
        event_id="s", time=START_MS + 1, payment_id="p1", order_id="o1", user_id="u1", merchant_id="m1",
        status="reversed",
    )  # fmt: skip
    kept: Payment = payment(2, "u2", "m1", pay_with="credit")
    events = [
        payment(1, "u1", "m1"),
        kept,
        kept,
        payment(3, "u3", "m1", pay_with="card"),
        payment(4, "u4", "m1"),
        undone,
    ]
    assert known_of(tmp_path, events).payments["user_id"].to_list() == ["u2", "u4"]
    assert known_of(tmp_path, events, START_MS).payments["user_id"].to_list() == ["u1", "u2", "u4"]


def test_a_login_that_failed_is_no_use(tmp_path: Path) -> None:
    events = [
        Login(event_id=f"l{n}", time=START_MS, subject_type="user", subject_id="u1", device_id=f"d{n}", success=success)
        for n, success in enumerate([True, False, None])
    ]
    assert sorted(known_of(tmp_path, events).uses["resource_id"].to_list()) == ["d0", "d2"]


@pytest.mark.parametrize("kind", ["device", "ip"])
def test_a_resource_of_more_than_its_bound_is_public(tmp_path: Path, kind: str) -> None:
    field = {"device": "device_id", "ip": "ip"}[kind]
    for number in (PUBLIC_ABOVE[kind], PUBLIC_ABOVE[kind] + 1):
        events = [payment(n, f"u{n}", "m", **{field: "x"}) for n in range(number)]
        uses = ties_of(known_of(tmp_path, events)).uses
        assert len(uses) == (number if number == PUBLIC_ABOVE[kind] else 0)


def test_the_order_of_the_log_does_not_change_the_ties(tmp_path: Path) -> None:
    one, two = (ties_of(known_of(tmp_path, events)) for events in (ring_log(), ring_log()[::-1]))
    assert (one.users, one.merchants) == (two.users, two.merchants)
    assert one.uses.tolist() == two.uses.tolist()
    assert [a.tolist() for a in one.pairs()] == [a.tolist() for a in two.pairs()]


def test_amounts_in_another_currency_than_most_count_as_no_money(tmp_path: Path) -> None:
    events = [payment(n, "u", "m", currency=code) for n, code in enumerate(["USD", "CNY", "CNY"])]
    assert ties_of(known_of(tmp_path, events)).trade.amount_minor.tolist() == [0, 900, 900]


def test_more_payments_than_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PAYMENTS_MAX", 3)
    with pytest.raises(UsageError, match="more than 3 credit payments; give --until and a shorter --over"):
        known_of(tmp_path, [payment(n, "u", "m") for n in range(4)])


def test_a_log_without_trade_has_no_groups(tmp_path: Path) -> None:
    known = known_of(tmp_path, [verdict(1, "user", "u1", "cash_out", 0)])
    ties = ties_of(known)
    assert (ties.subjects, known.payments.height, known.verdicts.height) == (0, 0, 1)
    assert [find_groups(name, known, ties, 7) for name in ABLE] == [[]] * len(ABLE)
    assert known.uses.is_empty()


MAPPING = labelled_mapping("2d")


def test_labels_of_a_mapped_file_count_once_they_are_known(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    rows = [f"{n},{START_MS + n * DAY_MS},u{n},100,{n % 2}" for n in range(6)]
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
    for until, told in ((1, []), (3, ["0", "1"]), (5, ["0", "1", "2", "3"])):
        log_until = LogUntil(START_MS + until * DAY_MS, 60 * DAY_MS)
        for chunk in read_chunks([tmp_path / "log.csv"], load_mapping(tmp_path / "mapping.yaml"), chunk_rows=2):
            log_until.feed(chunk)
        known = log_until.known()
        assert known.payments.height == until + 1
        assert known.verdicts["subject_id"].to_list() == told
        assert known.verdicts["label"].to_list() == ["genuine", "cash_out"] * (len(told) // 2)
