"""Lists: who asks, who approves what does harm, and what the store refuses by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bonafide.core.errors import UsageError
from bonafide.core.events import ListChanged
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.audit.log import AuditLog
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.bundles.steps import APPROVAL_MS
from bonafide.office.lists.changes import EXPIRES_MAX_MS, Change, Lists
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import list_approvals, list_changes
from bonafide.office.vault.pseudonym import pseudonym_of, show_pseudonym
from tests.office.bundles.kit import HERE, HOUR, Desk

SECRET = bytes(range(16))


class Kept(Desk):
    """People and lists."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store, folder)
        self.lists = Lists(store, SECRET, self.office.keyring, clock=self.clock)

    def add(self, name: Any, entry: str = "u17", who: Any = None) -> Change:
        return self.lists.change(who or self.ann, HERE, name, "add", entry, "known ring", self.clock.now_ms + HOUR)

    def raw(self, **changed: Any) -> None:
        now = self.clock.now_ms
        row = {"number": 1, "list": "watch", "action": "add", "entry": "~" + "0" * 16, "expires_ms": now + 1,
               "reason": b"r", "person": "ann", "made_ms": now, "needs_two": False}  # fmt: skip
        with self.store.writing() as connection:
            connection.execute(list_changes.insert().values(**row | changed))


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Kept:
    return Kept(store, tmp_path)


def test_what_is_milder_or_only_watched_takes_one_person(desk: Kept) -> None:
    changes = [desk.add("allow"), desk.add("watch"), desk.lists.change(desk.ann, HERE, "block", "remove", "u17", "no")]
    assert [change.needs_two for change in changes] == [False] * 3
    assert [change.number for change in desk.lists.pending()] == [1, 2, 3]
    token = f"~{show_pseudonym(pseudonym_of('u17', SECRET))}"
    assert changes[0].record(5) == ListChanged(
        event_id="list_changed:1", time=5, list="allow", action="add", entry=token,
        expires=desk.clock.now_ms + HOUR, by="person:ann",
    )  # fmt: skip
    with desk.store.reading() as connection:
        kept = str(connection.execute(select(list_changes)).all())
    assert "u17" not in kept
    assert "known ring" not in kept


def test_what_does_harm_takes_a_second_person(desk: Kept) -> None:
    block = desk.add("block", who=desk.bob)
    gone = desk.lists.change(desk.bob, HERE, "allow", "remove", "u17", "it was a ring")
    assert desk.lists.pending() == []
    for change in (block, gone):
        with pytest.raises(ForbiddenError, match="nobody approves what they have asked for"):
            desk.lists.approve(desk.again("bob"), HERE, change.number)
        with pytest.raises(StoreError, match="nobody approves what they asked for"):
            approve_raw(desk, change.number, "bob")
        with pytest.raises(StoreError, match="when a second person has approved"):
            desk.lists.note_outcome(change, 5)
        assert desk.lists.approve(desk.cy, HERE, change.number).approved_by == "cy"
        with pytest.raises(NotNowError, match="has approved it already"):
            desk.lists.approve(desk.cy, HERE, change.number)
    assert [change.number for change in desk.lists.pending()] == [1, 2]
    outcomes = [(e.what, e.outcome) for e in AuditLog(desk.store).entries() if e.what.startswith("list.")]
    assert outcomes.count(("list.approve", "refused")) == 4


def approve_raw(desk: Kept, number: int, person: str) -> None:
    with desk.store.writing() as connection:
        connection.execute(list_approvals.insert().values(number=number, person=person, made_ms=desk.clock.now_ms))


def test_entries_stand_until_they_end_or_are_taken_off(desk: Kept) -> None:
    desk.add("watch")
    desk.add("watch", "u18")
    for seq, change in enumerate(desk.lists.pending(), 10):
        desk.lists.note_outcome(change, seq)
    assert desk.lists.pending() == []
    assert [change.seq for change in desk.lists.standing("watch")] == [10, 11]
    desk.lists.note_outcome(desk.lists.change(desk.ann, HERE, "watch", "remove", "u17", "over"), 12)
    assert [change.seq for change in desk.lists.standing("watch")] == [11]
    assert [change.action for change in desk.lists.changes("watch", "u17")] == ["add", "remove"]
    desk.clock.now_ms += HOUR
    assert desk.lists.standing("watch") == []


def test_what_is_asked_for_wrongly_is_refused(desk: Kept) -> None:
    change, now = desk.lists.change, desk.clock.now_ms
    for told, reason, entry, expires in (
        ("reason", "", "u1", now + 1), ("reason", "x" * 501, "u1", now + 1), ("entry", "r", "", now + 1),
        ("entry", "r", "a\nb", now + 1), ("expires", "r", "u1", None), ("expires", "r", "u1", now),
        ("expires", "r", "u1", now + EXPIRES_MAX_MS + 1),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            change(desk.ann, HERE, "watch", "add", entry, reason, expires)
    with pytest.raises(UsageError, match="expires"):
        change(desk.ann, HERE, "watch", "remove", "u1", "r", now + 1)
    with pytest.raises(UsageError, match="there is none"):
        desk.lists.approve(desk.bob, HERE, 9)
    with pytest.raises(NotNowError, match="one person is enough"):
        desk.lists.approve(desk.bob, HERE, desk.add("watch").number)
    old = desk.add("block")
    desk.clock.now_ms += APPROVAL_MS
    with pytest.raises(NotNowError, match="is older than"):
        desk.lists.approve(desk.bob, HERE, old.number)


def test_the_store_refuses_what_the_code_would(desk: Kept) -> None:
    for changed in (
        {"list": "grey"}, {"action": "shift"}, {"expires_ms": None}, {"list": "block"}, {"needs_two": True},
        {"list": "allow", "action": "remove", "expires_ms": None}, {"number": 2}, {"person": "nobody"},
    ):  # fmt: skip
        with pytest.raises(StoreError):
            desk.raw(**changed)
    desk.raw()
    with pytest.raises(StoreError):
        desk.raw()
    with pytest.raises(StoreError, match="nobody approves what they asked for"):
        approve_raw(desk, 1, "bob")  # one person is enough, so nobody approves
    for statement in ("UPDATE list_changes SET reason = ''", "DELETE FROM list_changes"):
        with pytest.raises(StoreError, match="never changed"), desk.store.writing() as connection:
            connection.exec_driver_sql(statement)
