"""The life of a bundle: what four eyes allow, and each thing that they refuse, in code and in the store."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bonafide.core.errors import BonafideError, StateError, UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.audit.log import AuditLog
from bonafide.office.bundles.errors import NotNowError, UnknownBundleError
from bonafide.office.bundles.life import OPEN_MAX, proposals
from bonafide.office.bundles.signing import SIGNING_KEY_FILE, open_signing_key
from bonafide.office.bundles.steps import (
    APPROVAL_MS,
    BEGINNING,
    PROPOSAL_MS,
    ROLLBACK_MS,
    BentError,
    Step,
    in_force,
    put,
)
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import bundle_steps, signing_keys
from tests.office.bundles.kit import HERE, HOUR, Desk

OWN = "nobody approves what they proposed"
ONCE = "(?i)unique"
WAITS = "when somebody else has approved it and its waiting period is over"
BACK = "a rollback goes back to what the last activation replaced"
WHO = "a person who may sign in"


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def raw(desk: Desk, **changed: Any) -> Step:
    """A step that is right but for what a test changes, signed with the office's own key: the store alone stands in
    its way."""
    steps, key = desk.life.steps(), open_signing_key(desk.data)
    last = steps[-1] if steps else None
    given: dict[str, Any] = {
        "number": len(steps), "action": "approve", "hash": last.hash if last else "a" * 64, "person": "bob",
        "made_ms": desk.clock.now_ms, "proposal": last.proposal if last else 0,
        "replaces": last.replaces if last else "b" * 64, "waits_ms": last.waits_ms if last else 0,
        "previous": last.digest if last else BEGINNING, "about": "{}", "key_id": key.key_id,
    }  # fmt: skip
    return Step(**given | changed)


def insert(desk: Desk, step: Step) -> None:
    with desk.store.writing() as connection:
        put(connection, step, open_signing_key(desk.data))


def refused_by_store(desk: Desk, said: str, **changed: Any) -> None:
    with pytest.raises(StoreError, match=said):
        insert(desk, raw(desk, **changed))


def deeds(desk: Desk) -> list[tuple[str, str, str]]:
    return [(e.what, e.who, e.outcome) for e in AuditLog(desk.store).entries() if e.what.startswith("bundle.")]


def test_from_a_proposal_to_an_activation_and_back(desk: Desk) -> None:
    content = desk.active("second")
    steps, outcomes = desk.life.read()
    force = in_force(steps, outcomes)
    assert force is not None
    assert (force.hash, force.replaces, outcomes[2].seq) == (content, desk.first, 7)
    back = desk.life.rollback(desk.bob, HERE, note="it alarms too much")
    assert (back.hash, back.replaces) == (desk.first, content)
    assert [(s.action, s.person) for s in desk.life.steps()] == [
        ("propose", "ann"), ("approve", "bob"), ("activate", "cy"), ("rollback", "bob"),
    ]  # fmt: skip
    assert deeds(desk) == [
        ("bundle.propose", "person:ann", "done"), ("bundle.approve", "person:bob", "done"),
        ("bundle.activate", "person:cy", "done"), ("bundle.in_force", "bonafide:service", "done"),
        ("bundle.rollback", "person:bob", "done"),
    ]  # fmt: skip
    assert desk.life.steps()[0].told["changes"] == ["files: second"]


def test_nobody_approves_what_they_proposed(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.bob, HERE, made)
    with pytest.raises(ForbiddenError, match="nobody approves what they have proposed"):
        desk.life.approve(desk.bob, HERE, made.hash)
    refused_by_store(desk, OWN, action="approve", person="bob")
    assert deeds(desk)[-1] == ("bundle.approve", "person:bob", "refused")
    desk.life.approve(desk.cy, HERE, made.hash)


def test_two_sessions_of_one_person_are_one_person(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.bob, HERE, made)
    other = desk.again("bob")
    with pytest.raises(ForbiddenError, match="nobody approves"):
        desk.life.approve(other, "192.0.2.7", made.hash)
    refused_by_store(desk, OWN, action="approve", person="bob")


def test_two_signing_keys_make_no_second_person(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.bob, HERE, made)
    (desk.data.folder / SIGNING_KEY_FILE).unlink()
    with desk.store.writing() as connection:
        open_signing_key(desk.data).enter(connection, desk.clock.now_ms)
    refused_by_store(desk, OWN, action="approve", person="bob")
    again = Desk.__new__(Desk)
    again.__dict__ |= desk.__dict__ | {"life": type(desk.life)(desk.store, desk.data, clock=desk.clock)}
    again.life.approve(desk.cy, HERE, made.hash)
    assert len({step.key_id for step in again.life.steps()}) == 2


def test_nobody_approves_twice_and_once_is_enough(desk: Desk) -> None:
    content = desk.approved("second")
    for who in (desk.bob, desk.cy):
        with pytest.raises(NotNowError, match="bob has approved it already"):
            desk.life.approve(who, HERE, content)
    for name in ("bob", "cy"):
        refused_by_store(desk, ONCE, action="approve", person=name)


def test_an_approval_stands_for_one_hash_at_one_time(desk: Desk) -> None:
    """A replayed approval: the very statement and signature for another bundle, another time, another place."""
    desk.approved("second")
    other = desk.staged("third")
    desk.life.propose(desk.ann, HERE, other)
    with desk.store.reading() as connection:
        row = connection.execute(select(bundle_steps).where(bundle_steps.c.action == "approve")).one()._asdict()
    last = desk.life.steps()[-1]
    moved = {"number": 3, "proposal": 2, "previous": last.digest, "hash": other.hash, "made_ms": desk.clock.now_ms}
    for changed in (moved, moved | {"digest": "f" * 64}, {"number": 3}, {"number": 3, "digest": "e" * 64}):
        with pytest.raises(StoreError), desk.store.writing() as connection:
            connection.execute(bundle_steps.insert().values(**row | changed))
    with pytest.raises(NotNowError, match="nobody has approved"):
        desk.life.activate(desk.cy, HERE, other.hash)
    refused_by_store(desk, WAITS, action="activate", person="cy")


def test_an_approval_for_another_hash_than_the_proposal_is_refused_by_the_store(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.ann, HERE, made)
    for changed in ({"hash": "c" * 64}, {"proposal": 9}, {"replaces": "d" * 64}, {"waits_ms": 1},
                    {"made_ms": desk.clock.now_ms - 1}, {"previous": BEGINNING}, {"number": 7}):  # fmt: skip
        refused_by_store(desk, "cannot be used", **changed)
    insert(desk, raw(desk))


def test_content_that_was_edited_after_the_approval_is_refused(desk: Desk) -> None:
    content = desk.approved("second")
    file = desk.data.bundles / content / "README.md"
    file.write_text("other words")
    with pytest.raises(StateError, match="was changed"):
        desk.life.activate(desk.cy, HERE, content)
    assert deeds(desk)[-1] == ("bundle.activate", "person:cy", "refused")
    file.unlink()
    file.parent.rmdir()
    with pytest.raises(StateError, match="is not kept here"):
        desk.life.activate(desk.cy, HERE, content)


def test_content_that_was_swapped_before_the_approval_or_the_rollback_is_refused(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.ann, HERE, made)
    (desk.data.bundles / made.hash / "README.md").write_text("other words")
    with pytest.raises(StateError, match="was changed"):
        desk.life.approve(desk.bob, HERE, made.hash)
    desk.active("third")
    (desk.data.bundles / desk.first / "README.md").write_text("other words")
    with pytest.raises(StateError, match="was changed"):
        desk.life.rollback(desk.bob, HERE)


def test_what_may_harm_waits_and_what_cannot_does_not(desk: Desk) -> None:
    content = desk.approved("second", harms=("rule A: is new",))
    desk.clock.now_ms += 24 * HOUR - 1
    with pytest.raises(NotNowError, match="may harm somebody and waits until 2026-"):
        desk.life.activate(desk.cy, HERE, content)
    refused_by_store(desk, WAITS, action="activate", person="cy")
    desk.clock.now_ms += 1
    desk.life.activate(desk.cy, HERE, content)


def test_the_waiting_period_cannot_be_left_out_of_the_activation(desk: Desk) -> None:
    desk.approved("second", harms=("rule A: is new",))
    refused_by_store(desk, WAITS, action="activate", person="cy", waits_ms=0)


def test_proposals_and_approvals_end(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.ann, HERE, made)
    desk.clock.now_ms += PROPOSAL_MS
    with pytest.raises(NotNowError, match="has expired"):
        desk.life.approve(desk.bob, HERE, made.hash)
    refused_by_store(desk, OWN)
    content = desk.approved("second")
    desk.clock.now_ms += APPROVAL_MS
    with pytest.raises(NotNowError, match="has expired"):
        desk.life.activate(desk.cy, HERE, content)
    refused_by_store(desk, WAITS, action="activate", person="cy")


def test_an_approval_is_used_once(desk: Desk) -> None:
    content = desk.active("second")
    desk.life.rollback(desk.bob, HERE)
    with pytest.raises(NotNowError, match="refused or activated"):
        desk.life.activate(desk.cy, HERE, content)
    refused_by_store(desk, ONCE, action="activate", hash=content, replaces=desk.first, person="cy")


def test_a_proposal_against_a_bundle_that_is_gone_is_refused(desk: Desk) -> None:
    content = desk.approved("second")
    third = desk.active("third")
    with pytest.raises(NotNowError, match="another one is in force"):
        desk.life.activate(desk.cy, HERE, content)
    refused_by_store(
        desk,
        "another bundle is in force",
        action="activate",
        hash=content,
        proposal=0,
        person="cy",
        replaces=desk.first,
    )
    desk.active("second", replaces=third)


def test_a_failed_activation_leaves_what_was(desk: Desk) -> None:
    first = desk.active("second")
    step = desk.life.activate(desk.cy, HERE, desk.approved("third", replaces=first))
    desk.life.note_outcome(step, None, "it would not fit")
    force = in_force(*desk.life.read())
    assert force is not None
    assert force.hash == first
    desk.active("fourth", replaces=first)


def test_a_rollback_is_for_the_last_activation_and_for_a_week(desk: Desk) -> None:
    with pytest.raises(NotNowError, match="no activation"):
        desk.life.rollback(desk.bob, HERE)
    second = desk.active("second")
    desk.clock.now_ms += ROLLBACK_MS
    with pytest.raises(NotNowError, match="older than 7d"):
        desk.life.rollback(desk.bob, HERE)
    back = {"action": "rollback", "hash": desk.first, "replaces": second}
    refused_by_store(desk, BACK, **back)
    third = desk.active("third", replaces=second)
    refused_by_store(desk, BACK, action="rollback", hash=desk.first, replaces=third, proposal=0)
    desk.life.rollback(desk.bob, HERE)
    with pytest.raises(NotNowError, match="no activation"):
        desk.life.rollback(desk.bob, HERE)


def test_what_was_refused_stays_refused(desk: Desk) -> None:
    made = desk.staged("second")
    desk.life.propose(desk.ann, HERE, made)
    desk.life.refuse(desk.cy, HERE, made.hash, note="too hard")
    with pytest.raises(NotNowError, match="was refused"):
        desk.life.approve(desk.bob, HERE, made.hash)
    refused_by_store(desk, OWN, previous=desk.life.steps()[-1].digest)
    with pytest.raises(UnknownBundleError, match="nobody has proposed"):
        desk.life.refuse(desk.cy, HERE, "a" * 64)
    assert [one.refused is not None for one in proposals(desk.life.steps())] == [True]


def test_roles_are_those_of_the_page(desk: Desk) -> None:
    made = desk.staged("second")
    legal = desk.person("lee", "legal")
    acts: list[Callable[[], object]] = [
        lambda: desk.life.propose(legal, HERE, made), lambda: desk.life.approve(desk.ann, HERE, made.hash),
        lambda: desk.life.activate(desk.bob, HERE, made.hash), lambda: desk.life.rollback(desk.ann, HERE),
        lambda: desk.life.refuse(legal, HERE, made.hash),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(ForbiddenError, match="may not do this"):
            act()


def test_who_may_not_sign_in_takes_no_step(desk: Desk) -> None:
    """A session that began before its person was disabled, or somebody who has not set up the second factor."""
    made = desk.staged("second")
    desk.life.propose(desk.ann, HERE, made)
    desk.office.people.disable(_root(), "bob")
    with pytest.raises(BonafideError):
        desk.life.approve(desk.bob, HERE, made.hash)
    desk.office.invited("dee", "senior")
    refused_by_store(desk, WHO, person="dee")
    refused_by_store(desk, WHO, person="nobody")


def test_the_history_only_grows(desk: Desk) -> None:
    desk.active("second")
    for statement in ("DELETE FROM bundle_steps", "UPDATE bundle_steps SET person = 'ann'",
                      "UPDATE bundle_steps SET waits_ms = 0", "DELETE FROM bundle_outcomes",
                      "UPDATE bundle_outcomes SET outcome = 'failed'", "DELETE FROM signing_keys",
                      "UPDATE signing_keys SET begun_ms = 0"):  # fmt: skip
        with pytest.raises(StoreError), desk.store.writing() as connection:
            connection.exec_driver_sql(statement)
    with desk.store.reading() as connection:
        row = connection.execute(select(bundle_steps).where(bundle_steps.c.number == 1)).one()._asdict()
    with pytest.raises(StoreError), desk.store.writing() as connection:
        connection.execute(bundle_steps.insert().values(**row))
    if desk.store.engine.dialect.name == "sqlite":
        insert_or_replace = bundle_steps.insert().prefix_with("OR REPLACE").values(**row)
        with pytest.raises(StoreError), desk.store.writing() as connection:
            connection.execute(insert_or_replace)
    with pytest.raises(StoreError), desk.store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO bundle_outcomes VALUES (0, 'done', 1, 1, '')")


def test_whoever_drops_the_triggers_is_found_out(desk: Desk) -> None:
    if desk.store.engine.dialect.name != "sqlite":
        pytest.skip("one way to drop a trigger is enough")
    desk.active("second")
    other = open_signing_key(desk.data).sign("other").hex()
    forged = raw(desk, action="approve", person="cy", hash="c" * 64)
    changes = (
        ("step 1 is not what was signed", "UPDATE bundle_steps SET about = '{\"note\":\"x\"}' WHERE number = 1"),
        ("step 1 is missing", "DELETE FROM bundle_steps WHERE number = 1"),
        ("no signature that fits", f"UPDATE bundle_steps SET signature = x'{other}' WHERE number = 1"),
        ("no signature that fits", "DELETE FROM signing_keys"),
    )  # fmt: skip
    assert forged.digest == sha256(forged.statement.encode()).hexdigest()
    for said, statement in changes:
        with desk.store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(statement)
            with pytest.raises(BentError, match=said):
                _read(connection)
            connection.rollback()


def test_the_signing_key_is_for_its_owner_alone_and_its_beginning_is_noted(desk: Desk) -> None:
    desk.approved("second")
    path = desk.data.folder / SIGNING_KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    found = AuditLog(desk.store).entries(what="signing_key.begin")
    assert [entry.details["public"] for entry in found] == [open_signing_key(desk.data).public.hex()]
    with desk.store.reading() as connection:
        assert path.read_text().strip() not in str(connection.execute(select(signing_keys)).all())
    path.write_text("nothing\n")
    with pytest.raises(StateError, match="holds no signing key"):
        open_signing_key(desk.data)


def test_proposals_are_bounded_and_notes_short(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert OPEN_MAX == 50
    monkeypatch.setattr("bonafide.office.bundles.life.OPEN_MAX", 2)
    for text in ("a", "b"):
        desk.life.propose(desk.ann, HERE, desk.staged(text))
    with pytest.raises(NotNowError, match="2 proposals stand"):
        desk.life.propose(desk.ann, HERE, desk.staged("c"))
    with pytest.raises(NotNowError, match="proposed already"):
        desk.life.propose(desk.bob, HERE, desk.staged("a"))
    with pytest.raises(UsageError, match="note"):
        desk.life.propose(desk.ann, HERE, desk.staged("c"), note="x" * 501)


def _root() -> Any:
    from tests.office.people.kit import ROOT

    return ROOT


def _read(connection: Any) -> None:
    from bonafide.office.bundles.steps import read_steps

    read_steps(connection)
