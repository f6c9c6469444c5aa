"""Machine keys: what is made, what is let in, and what those who are not let in are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, event

from bonafide.core.errors import BonafideError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.office.access import keys as keys_module
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.key_text import KEY_LENGTH, hash_of
from bonafide.office.access.keys import KEY_CACHE_MS, OVERLAP_MAX_MS, STALE_MAX_MS, Keys
from bonafide.office.access.known import ENDED_TOLD_MS
from bonafide.office.access.roles import CLIENT_TYPES, ROLES, TEACHING_TYPES
from bonafide.office.store.database import StoreError
from bonafide.office.store.tables import machine_keys
from tests.office.access.kit import START_MS, Clock, header, open_keys
from tests.office.databases import Shared, everything_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(shared: Shared) -> Path | str:
    return shared.place


@pytest.fixture
def keys(path: Path | str, clock: Clock) -> Iterator[Keys]:
    with open_keys(path, clock) as found:
        yield found


def refused(keys: Keys, authorization: str | bytes | None, now_ms: int = START_MS) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        keys.verify(authorization, now_ms)
    return str(caught.value)


# What is let in


def test_a_key_tells_who_sends(keys: Keys) -> None:
    key, row = keys.create("platform", rate=50, routes=["/v1/events"])
    sender = keys.verify(header(key), START_MS)
    assert (sender.key_id, sender.role, sender.rate_per_s) == (row.key_id, "platform", 50)
    assert sender.types == set(CLIENT_TYPES) - TEACHING_TYPES
    assert sender.routes == {"/v1/events"}
    assert sender.source is None


def test_a_key_has_256_random_bits_and_an_id_of_its_own(keys: Keys) -> None:
    made = [keys.create("auditor") for _ in range(20)]
    texts = [key.reveal() for key, _ in made]
    assert {len(text) for text in texts} == {KEY_LENGTH}
    assert all(text.startswith(f"bf_{row.key_id}_") for text, (_, row) in zip(texts, made, strict=True))
    assert len({text[16:] for text in texts}) == len({row.key_id for _, row in made}) == 20


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", " Bearer   {} "])
def test_the_header_is_read_as_http_has_it(keys: Keys, form: str) -> None:
    key, row = keys.create("platform")
    text = form.format(key.reveal())
    assert keys.verify(text, START_MS) is keys.verify(text.encode(), START_MS)
    assert keys.verify(text, START_MS).key_id == row.key_id


@pytest.mark.parametrize(
    "form", [None, "", "Bearer", "Bearer ", "{}", "Basic {}", "Bearer {} {}", "Bearer {}x", "Bearer BF_{}", "Bearer,{}",
             "é {}", "Bearer é{}", "Bearer \ud800{}", "Bearer " + "x" * KEY_LENGTH]
)  # fmt: skip
def test_what_is_no_key_is_refused_with_how_to_send_one(keys: Keys, form: str | None) -> None:
    key, _ = keys.create("platform")
    told = refused(keys, form and form.format(*[key.reveal()] * 2))
    assert "send it as `Authorization: Bearer KEY`" in told
    assert key.reveal()[3:] not in told


def test_a_key_that_nobody_has_is_refused_alike_whatever_is_wrong_with_it(keys: Keys) -> None:
    key, row = keys.create("platform")
    text = key.reveal()
    other = "b" if text[20] == "a" else "a"
    wrong_secret = f"Bearer {text[:20]}{other}{text[21:]}"
    wrong_id = f"Bearer bf_{'a' * 12}{text[15:]}"
    told = {refused(keys, wrong) for wrong in (wrong_secret, wrong_id, f"Bearer {text[:-1]}{other}")}
    assert len(told) == 1
    assert row.key_id not in told.pop()


def test_a_strangers_key_is_not_known_in_another_store(keys: Keys, tmp_path: Path | str, clock: Clock) -> None:
    key, _ = keys.create("platform")
    with open_keys(tmp_path / "other.db", clock) as others:
        assert "of another platform" in refused(others, header(key))


# What ends


def test_a_key_holds_before_it_expires_and_not_after(keys: Keys) -> None:
    key, row = keys.create("platform", expires=START_MS + HOUR_MS)
    assert keys.verify(header(key), START_MS + HOUR_MS - 1).key_id == row.key_id
    told = refused(keys, header(key), START_MS + HOUR_MS)
    assert told == f"the key {row.key_id} expired at 2026-01-05T09:30:00.000Z"
    assert keys.verify(header(key), START_MS).key_id == row.key_id  # the clock was put back


def test_a_revoked_key_is_refused_at_once_and_whatever_the_clock_says(keys: Keys, clock: Clock) -> None:
    key, row = keys.create("platform")
    keys.verify(header(key), START_MS)
    clock.now_ms += 5
    assert keys.revoke(row.key_id).revoked_ms == START_MS + 5
    clock.now_ms += 5
    assert keys.revoke(row.key_id).revoked_ms == START_MS + 5
    for now_ms in (START_MS - DAY_MS, START_MS, START_MS + 5, START_MS + DAY_MS):
        assert refused(keys, header(key), now_ms) == f"the key {row.key_id} was revoked at 2026-01-05T08:30:00.005Z"


def test_another_process_refuses_a_revoked_key_when_its_copy_is_old(keys: Keys, path: Path | str, clock: Clock) -> None:
    key, row = keys.create("platform")
    with open_keys(path, clock) as others:
        others.verify(header(key), START_MS)
        keys.revoke(row.key_id)
        others.verify(header(key), START_MS + KEY_CACHE_MS - 1)
        refused(others, header(key), START_MS + KEY_CACHE_MS)


def test_a_key_made_elsewhere_is_known_when_the_copy_is_old(keys: Keys, path: Path | str, clock: Clock) -> None:
    with open_keys(path, clock) as others:
        refused(others, "Bearer bf_" + "a" * 56)
        key, _ = keys.create("platform")
        refused(others, header(key), START_MS + KEY_CACHE_MS - 1)
        others.verify(header(key), START_MS + KEY_CACHE_MS)


def test_after_a_month_an_ended_key_is_as_unknown_as_any_other(keys: Keys, clock: Clock) -> None:
    key, row = keys.create("platform")
    keys.revoke(row.key_id)
    clock.now_ms += ENDED_TOLD_MS
    keys.create("platform")
    assert "is not known here" in refused(keys, header(key), clock.now_ms)


def test_a_clock_that_was_put_back_brings_expired_keys_to_life(keys: Keys, path: Path | str, clock: Clock) -> None:
    key, _ = keys.create("platform", expires=START_MS + HOUR_MS)
    with open_keys(path, clock) as others:
        assert "is not known here" in refused(others, header(key), START_MS + 2 * ENDED_TOLD_MS)
        others.verify(header(key), START_MS)


# Rotation


def test_rotation_gives_the_same_rights_and_lets_the_old_key_overlap(keys: Keys, clock: Clock) -> None:
    old, row = keys.create(
        "platform", types=["payment"], routes=["/v1/events"], rate=7, note="till", expires=START_MS + 10 * DAY_MS
    )
    clock.now_ms += DAY_MS
    new, replaced = keys.rotate(row.key_id, HOUR_MS)
    now_ms = clock.now_ms
    assert keys.verify(header(old), now_ms)[1:] == keys.verify(header(new), now_ms)[1:]
    keys.verify(header(old), now_ms + HOUR_MS - 1)
    told = refused(keys, header(old), now_ms + HOUR_MS)
    assert told == f"the key {row.key_id} expired at 2026-01-06T09:30:00.000Z, replaced by {replaced.key_id}"
    assert replaced.expires_ms == now_ms + 10 * DAY_MS  # as long a life as the old one had
    assert (replaced.note, keys.list()[0].replaced_by) == ("till", replaced.key_id)


def test_rotation_makes_no_life_longer_and_may_end_it_at_once(keys: Keys) -> None:
    soon, row = keys.create("platform", expires=START_MS + 10)
    keys.rotate(row.key_id, HOUR_MS)
    refused(keys, header(soon), START_MS + 10)
    at_once, row = keys.create("platform")
    _, new = keys.rotate(row.key_id, 0, expires=START_MS + 5)
    refused(keys, header(at_once), START_MS)
    assert new.expires_ms == START_MS + 5


def test_only_a_key_that_holds_is_rotated_and_only_once(keys: Keys, clock: Clock) -> None:
    ids = [keys.create("platform", expires=START_MS + 10)[1].key_id for _ in range(3)]
    keys.rotate(ids[0], 5)
    keys.revoke(ids[1])
    for key_id, told in ((ids[0], "was replaced by"), (ids[1], "is revoked"), ("nobody", "there is none of this id")):
        with pytest.raises(UsageError, match=told):
            keys.rotate(key_id, 5)
    clock.now_ms += 10
    with pytest.raises(UsageError, match="is expired"):
        keys.rotate(ids[2], 5)
    with pytest.raises(UsageError, match="overlap: give at most 90d"):
        keys.rotate(ids[2], OVERLAP_MAX_MS + 1)
    with pytest.raises(UsageError, match="there is none of this id; bonafide access key list shows them"):
        keys.revoke("nobody")
    assert len(keys.list()) == 4


# What is kept


def test_nothing_that_is_kept_or_shown_holds_the_key(keys: Keys, path: Path | str) -> None:
    key, row = keys.create("platform", note="till")
    keys.verify(header(key), START_MS)
    keys.close()
    secret = key.reveal()[16:]
    kept = everything_in(path)
    assert row.key_id.encode() in kept
    assert hash_of(key) in kept
    assert secret.encode() not in kept
    assert secret not in repr((key, row, row.to_wire(START_MS), keys.list(), vars(keys)))


def test_the_copy_in_memory_holds_hashes_alone(keys: Keys) -> None:
    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    (entry,) = keys._known.entries.values()
    held = {name: getattr(entry, name) for name in entry.__slots__}
    assert held["hash"] == hash_of(key)
    assert key.reveal()[16:] not in repr(held)


def test_the_last_day_of_use_is_written_once_a_day(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    event.listen(keys._store.engine, "before_cursor_execute", lambda *told: written.append(told[2]))
    key, row = keys.create("platform")
    assert row.last_used is None
    for now_ms in (START_MS, START_MS + 1, START_MS + HOUR_MS, START_MS + DAY_MS, START_MS + DAY_MS + 1, START_MS):
        keys.verify(header(key), now_ms)
        keys._last_used.close()
    assert keys.list()[0].last_used == date(2026, 1, 6)
    assert sum("last_used=" in sql for sql in written) == 2


def test_a_store_that_cannot_be_written_stops_nobody(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    key, _ = keys.create("platform")
    with monkeypatch.context() as patched:
        patched.setattr(keys._store, "writing", full)
        keys.verify(header(key), START_MS)
        keys._last_used.close()
        assert keys._last_used.writes_failed > 0
    keys.close()
    assert keys.list()[0].last_used == date(2026, 1, 5)


# Bounds and cost


def test_strangers_do_not_reach_the_store(keys: Keys) -> None:
    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    keys.close()
    asked: list[Any] = []
    event.listen(keys._store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for number in range(100):
        refused(keys, f"Bearer bf_{'a' * 12}_{number:043}", START_MS + number)
    assert asked == []
    assert len(keys._known.entries) == 1


def test_a_store_that_is_asked_again_and_unchanged_is_not_read(keys: Keys) -> None:
    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    keys.close()
    asked: list[str] = []
    event.listen(keys._store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    keys.verify(header(key), START_MS + KEY_CACHE_MS)
    assert [sql for sql in asked if sql != "BEGIN"] == asked[-1:]
    assert "family_versions.version" in asked[-1]
    assert not any("machine_keys." in sql for sql in asked)


def test_there_is_a_bound_on_keys(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "KEYS_LIVE_MAX", 2)
    first = keys.create("platform")[1]
    keys.create("platform")
    with pytest.raises(UsageError, match="there are 2 keys that hold, as many as there may be; revoke some first"):
        keys.create("platform")
    keys.revoke(first.key_id)
    keys.create("platform")


def test_nobody_is_let_in_where_the_store_cannot_be_asked(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreError("office.db: is damaged; restore it from a backup")

    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    monkeypatch.setattr(keys._store, "version", broken)
    away_ms = KEY_CACHE_MS
    if keys._store.is_remote:  # its restart stops nobody
        away_ms = STALE_MAX_MS
        for passed_ms in (KEY_CACHE_MS, STALE_MAX_MS - 1):
            assert keys.verify(header(key), START_MS + passed_ms).role == "platform"
    with pytest.raises(StoreError, match="is damaged"):
        keys.verify(header(key), START_MS + away_ms)


def test_a_server_that_does_not_answer_is_asked_aside_and_once(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    if not keys._store.is_remote:
        pytest.skip("a file answers")
    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    hangs, asked = Event(), list[str]()
    monkeypatch.setattr("bonafide.office.access.aside.WAIT_S", 0.0)

    def silent(family: str) -> int:
        asked.append(family)
        hangs.wait()
        return 0

    monkeypatch.setattr(keys._store, "version", silent)
    for passed_ms in range(KEY_CACHE_MS, 20 * KEY_CACHE_MS, KEY_CACHE_MS):
        assert keys.verify(header(key), START_MS + passed_ms).role == "platform"
    with pytest.raises(StoreError, match="does not answer"):
        keys.verify(header(key), START_MS + KEY_CACHE_MS + STALE_MAX_MS)
    assert len(asked) == 1
    monkeypatch.undo()
    hangs.set()


def test_a_role_that_is_no_more_lets_a_key_do_nothing(
    keys: Keys, path: Path | str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = keys.create("partner")
    monkeypatch.delitem(ROLES, "partner")
    with open_keys(path, clock) as others:
        sender = others.verify(header(key), START_MS)
    assert (sender.types, sender.source) == (frozenset(), None)


def test_a_key_that_is_gone_from_the_table_does_not_hold(keys: Keys) -> None:
    key, _ = keys.create("platform")
    keys.verify(header(key), START_MS)
    with keys._store.writing("machine_keys") as connection:
        connection.execute(delete(machine_keys))
    refused(keys, header(key), START_MS + KEY_CACHE_MS)


# What a key cannot have


@pytest.mark.parametrize(
    ("role", "given", "told"),
    [
        ("plattform", {}, "did you mean platform?"),
        ("auditor", {"types": ["payment"]}, "an? auditor key may not send payment; it may send no events"),
        ("platform", {"types": []}, "none is named"),
        ("platform", {"types": ["payment", "paiment"]}, "paiment is not an event type.*did you mean payment"),
        ("platform", {"types": ["indicator"]}, "a platform key may not send indicator"),
        ("admin", {"types": ["tick"]}, "tick is a control record, which Bonafide writes itself and takes from nobody"),
        ("platform", {"routes": []}, "name 1 to 32"),
        ("platform", {"routes": ["/"] * 33}, "name 1 to 32"),
        ("platform", {"routes": ["v1/events"]}, "give a path such as /v1/events"),
        ("platform", {"routes": ["/v1/events/"]}, "give a path such as /v1/events"),
        ("platform", {"routes": ["/" + "x" * 128]}, "give a path such as /v1/events"),
        ("platform", {"rate": 0}, "give 1 to 1000000 events a second"),
        ("platform", {"note": "x" * 201}, "at most 200 characters"),
        ("platform", {"note": "a\nb"}, "without control characters"),
        ("platform", {"expires": START_MS}, r"give a moment after now \(2026-01-05T08:30:00.000Z\)"),
        ("platform", {"expires": 10**18}, "give a moment after now"),
    ],
)
def test_what_a_key_cannot_have_is_refused(keys: Keys, role: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(BonafideError, match=told):
        keys.create(role, **given)
    assert keys.list() == []
