"""Clear ids in what leaves: exactly the fields that name somebody, from texts that are known at that moment."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import StateError
from bonafide.core.pseudonym import read_token, show_token
from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.clear import UNKNOWN_WAIT_S, Clear, Draft, Pair, put_in
from bonafide.office.outbox.messages import messages_of
from bonafide.office.outbox.pull import pull
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import metadata
from tests.office.outbox.kit import ANN, KEY, Clock, MadeLog, Outbox, Vault, decided, run, token_of

U1, M1 = token_of("u1"), token_of("m1")
FIELDS = {"user_id": "user", "merchant_id": "merchant", "from_account_id": "account", "device_id": "device"}
TOKENS = st.integers(-(2**63) + 1, 2**63 - 1).filter(bool).map(show_token)
TEXTS = st.text(max_size=20) | TOKENS | TOKENS.map(lambda token: f'"{token}"') | st.none()


class Takes:
    """A receiver that takes everything and keeps it."""

    def __init__(self) -> None:
        self.took: list[Parcel] = []

    async def carry(self, parcel: Parcel, *_: object) -> Came:
        await asyncio.sleep(0)
        self.took.append(parcel)
        return Came(Kind.TAKEN)

    def subjects(self) -> list[str]:
        return [msgspec.json.decode(parcel.body)["data"]["subject_id"] for parcel in self.took]


def outbox_of(store: Store, vault: Any, *users: str) -> tuple[Outbox, Takes]:
    """An outbox with one receiver and an alert about each user, by token."""
    log, takes = MadeLog(), Takes()
    outbox = Outbox(store, log, Clock(), carrier=takes, clear_texts=vault)
    outbox.destinations.add(ANN, "http://127.0.0.1:9/")
    log.append(*(decided(seq, token_of(user), alert=True) for seq, user in enumerate(users)))
    outbox.tail()
    return outbox, takes


def slow_twin(body: bytes, texts: dict[Pair, str]) -> bytes:
    """What should leave, field by field, from the whole message."""
    message = msgspec.json.decode(body)
    data = message["data"]
    for name, value in data.items():
        kind = data.get("subject_type") if name == "subject_id" else FIELDS.get(name)
        hashed = read_token(value) if isinstance(value, str) else None
        if kind in texts_kinds(texts) and hashed is not None and kind != "event":
            data[name] = texts.get((kind, hashed), value)
    return msgspec.json.encode(message)


def texts_kinds(texts: dict[Pair, str]) -> set[str]:
    return {kind for kind, _ in texts}


@given(
    data=st.dictionaries(
        st.sampled_from([*FIELDS, "subject_id", "note", "reasons", "event_id"]),
        TEXTS | st.lists(TEXTS, max_size=2) | st.dictionaries(st.sampled_from(["user_id", "zh"]), TEXTS),
    ),
    subject_type=st.sampled_from(["user", "merchant", "account", "event", "device"]) | st.none(),
    known=st.dictionaries(TOKENS, st.text(max_size=20)),
    everybody=st.booleans(),
)
def test_exactly_the_fields_that_name_somebody_are_put_in(
    data: dict[str, Any], subject_type: str | None, known: dict[str, str], everybody: bool
) -> None:
    if subject_type is not None:
        data = {"subject_type": subject_type, **data}
    body = msgspec.json.encode({"type": "alert.raised", "data": data})
    tokens = [value for value in data.values() if isinstance(value, str) and read_token(value)] if everybody else []
    known |= {token: f"id-{token}" for token in tokens}
    kinds = ("user", "merchant", "account", "device", "event")
    texts = {(kind, read_token(token) or 0): text for token, text in known.items() for kind in kinds}
    (found,) = put_in([Draft("user:x", body)], lambda pairs: {p: texts[p] for p in pairs if p in texts})
    assert found.body == slow_twin(body, texts)


@given(st.lists(TEXTS | st.floats(allow_nan=False), max_size=3))
def test_what_holds_nothing_known_keeps_its_bytes(values: list[Any]) -> None:
    body = b' { "data" : {"user_id":%b , "b" : %b} }' % (msgspec.json.encode(values[:1] or None), b"1.50")
    assert put_in([Draft("user:x", body)], lambda _: {}) == [Clear("user:x", body)]


def test_a_real_message_gets_its_ids_and_nothing_else_changes() -> None:
    vault = Vault(("user", "u1"), ("merchant", "m1"))
    record = decided(7, U1, alert=True, measures=[("delay_settlement", "merchant", M1)])
    alert, measure = messages_of(7, record, KEY)
    assert b"u1" not in alert.body
    assert M1.encode() in measure.body
    found = put_in([Draft(alert.subject, alert.body), Draft(measure.subject, measure.body)], vault)
    assert [one.subject for one in found] == ["user:u1", "merchant:m1"]
    assert found[0].body == alert.body.replace(U1.encode(), b"u1")
    assert found[1].body == measure.body.replace(M1.encode(), b"m1")
    assert vault.asked == 1


def test_nothing_clear_lies_in_the_store_and_who_is_forgotten_leaves_as_a_token(store: Store) -> None:
    vault = Vault(("user", "ann-canary"), ("user", "bob-canary"))
    outbox, takes = outbox_of(store, vault, "ann-canary", "ann-canary", "bob-canary")
    (first, third) = outbox.deliveries.due(outbox.clock(), 9, 9)
    assert (first.subject, third.subject) == (f"user:{token_of('ann-canary')}", f"user:{token_of('bob-canary')}")
    with store.reading() as connection:
        for table in metadata.sorted_tables:
            assert not [row for row in connection.execute(table.select()) if "canary" in str(tuple(row))]
    clear = pull(store, vault, outbox.clock())
    assert [message.subject for message in clear.messages] == ["user:ann-canary", "user:ann-canary", "user:bob-canary"]
    vault.texts.pop(*Vault(("user", "bob-canary")).texts)
    outbox.clock.now_ms += UNKNOWN_WAIT_S * 1_000
    run(outbox.sender.drain())
    assert sorted(takes.subjects()) == sorted(["ann-canary", "ann-canary", token_of("bob-canary")])
    assert {parcel.subject for parcel in takes.took} == {first.subject, third.subject}  # the key of a partition stays
    assert [m.subject for m in pull(store, vault, outbox.clock()).messages][2] == f"user:{token_of('bob-canary')}"


@pytest.mark.parametrize("error", [StateError("the vault is away"), StoreError("locked")])
def test_nothing_leaves_and_no_try_counts_while_the_vault_is_away(store: Store, error: StateError) -> None:
    vault = Vault(("user", "u1"))
    answers = [error, error]

    def away_twice(pairs: Any) -> dict[Pair, str]:
        if answers:
            raise answers.pop()
        return vault(pairs)

    outbox, takes = outbox_of(store, away_twice, "u1")
    outbox.clock.now_ms += UNKNOWN_WAIT_S * 1_000
    with pytest.raises(StateError):
        run(outbox.sender.drain())
    with pytest.raises(StateError):
        pull(store, away_twice, outbox.clock())
    assert (outbox.deliveries.counts()["waiting"], takes.took) == (1, [])
    run(outbox.sender.drain())
    assert takes.subjects() == ["u1"]


def test_who_is_unknown_for_seconds_is_waited_for_and_the_line_with_them(store: Store) -> None:
    vault = Vault(("user", "u2"))
    outbox, takes = outbox_of(store, vault, "u1", "u1", "u2")
    run(outbox.sender.drain())
    assert takes.subjects() == ["u2"]
    held = pull(store, vault, outbox.clock())
    assert held == ((), 0, False)
    outbox.clock.now_ms += 1_000
    vault.texts |= Vault(("user", "u1")).texts
    run(outbox.sender.drain())
    assert takes.subjects() == ["u2", "u1", "u1"]
    assert outbox.deliveries.counts()["delivered"] == 3
    assert len(pull(store, vault, outbox.clock()).messages) == 3


def test_who_stays_unknown_is_waited_for_no_longer_than_is_said(store: Store) -> None:
    outbox, takes = outbox_of(store, Vault(), "u1")
    looks, begun = 0, outbox.clock()
    while not takes.took:
        run(outbox.sender.drain())
        looks += 1
        outbox.clock.now_ms += 250
    assert outbox.clock() - begun == UNKNOWN_WAIT_S * 1_000 + 250
    assert takes.subjects() == [U1]
    assert outbox.deliveries.counts()["delivered"] == 1
    assert pull(store, Vault(), outbox.clock()).messages[0].subject == f"user:{U1}"


def test_a_page_ends_before_what_is_waited_for_and_goes_on_with_it(store: Store) -> None:
    vault = Vault(("user", "u1"), ("user", "u3"))
    outbox, _ = outbox_of(store, vault, "u1", "u2", "u3")
    page = pull(store, vault, outbox.clock())
    assert ([message.no for message in page.messages], page.cursor, page.has_more) == ([1], 1, False)
    assert pull(store, vault, outbox.clock(), page.cursor) == ((), 1, False)
    vault.texts |= Vault(("user", "u2")).texts
    assert [message.no for message in pull(store, vault, outbox.clock(), page.cursor).messages] == [2, 3]


def test_the_wait_for_an_id_is_a_bound_of_its_own() -> None:
    unknown = Clear("user:x", b"", unknown=1)
    at, looks = 0, [0]
    while wait := unknown.waits_ms(0, at):
        at += wait
        looks.append(at)
    assert looks == [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]
    assert Clear("user:x", b"").waits_ms(0, 0) == 0
    assert unknown.waits_ms(1_000, 0) == 0  # the clock was set back


def test_secrets_that_cannot_be_read_hold_up_nothing_for_good(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, takes = outbox_of(store, Vault(("user", "u1")), "u1")

    def away(*_: object) -> None:
        raise StoreError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(outbox.destinations, "secrets_of", away)
        with pytest.raises(StoreError):
            run(outbox.sender.drain())
    assert outbox.sender.under_way == 0
    run(outbox.sender.drain())
    assert len(takes.took) == 1
