"""Nothing of weight is changed without an entry: every service is listed, and every transaction is watched."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event

from bonafide.core.pseudonym import ClearText
from bonafide.office.access.keys import Keys
from bonafide.office.admission.desk import Admissions
from bonafide.office.appeals.appeals import Appeals
from bonafide.office.audit.log import AuditLog
from bonafide.office.bundles.life import BundleLife
from bonafide.office.cases.desk import Desk as CaseDesk
from bonafide.office.cases.files import CaseFiles
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.lists.changes import Lists
from bonafide.office.measures.steps import Measures
from bonafide.office.people.identities import Identity
from bonafide.office.people.oidc import OidcDesk
from bonafide.office.people.people import People
from bonafide.office.people.sign_in import SignIn
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.tables import metadata
from bonafide.office.vault import forgetting, learning, rotation
from bonafide.office.vault.holds import Holds
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.vault import Vault
from tests.office.audit.kit import START_MS
from tests.office.bundles.kit import Desk
from tests.office.people.kit import HERE, PASSWORD, ROOT, Office

AUDITED = {
    "machine_keys", "people", "oidc_identities", "subjects", "subject_fields", "legal_holds", "signing_keys",
    "bundle_steps", "bundle_outcomes", "list_changes", "list_approvals", "list_outcomes", "merchant_votes",
    "merchant_outcomes", "case_steps", "measure_steps", "appeals",
    "appeal_documents", "case_files",
}  # fmt: skip
"""A transaction that writes one of these appends to the log too."""
PASSED_OVER = {
    "sessions": "begun and ended with what is audited; their use is noted once a minute",
    "oidc_used": "that a sign-in through a provider came back; whether it let somebody in is audited",
    "sign_in_waits": "counts of tries; the tries themselves are audited",
    "subject_texts": "what events name; the journal has who sent them, and when",
    "forgotten_subjects": "written with a subject that is forgotten, which is audited",
    "intake_taken": "how far the journal's intake was read",
    "root_key": "made once, when nothing is there yet; rotation is audited",
    "merchants": "what follows from applications, measures and decisions, each of which is in the log or audited",
    "merchant_applications": "a copy of what the log says", "merchant_accounts": "a copy of what the log says",
    "merchant_devices": "a copy of what the log says", "merchant_trade": "counts of what the log says",
    "merchant_reviews": "what a machine found; what people make of it is audited",
    "merchant_cursor": "how far the log was read",
    "log_places": "how far the log was read",
    "score_days": "a copy of what the log says", "day_counts": "counts of what the log says",
    "trade_days": "sums of what the log says",
    "forgotten_bases": "written with the forgetting, which is audited, until the journal has followed",
    "decided_subjects": "a copy of what the log says", "told_decisions": "a copy of what the log says",
    "education_subjects": "drawn by a hash, and counts of what the log says",
    "education_given": "what follows from decisions, each of which is in the log; it does nothing to anybody",
    "measures": "what a person, the platform or the clock changes is audited; a proposal is in the log",
    "notices": "written with a measure, and sent by the clock; a delay is audited",
    "family_versions": "a counter for copies in memory",
    "wanted_records": "written with the step that they follow from, which is audited",
    "record_outcomes": "where in the log a record stands; the log has it",
    "cases": "opened from the log, which is there; people change it with a step of case_steps",
    "case_events": "from the log", "case_subjects": "from the log", "case_ties": "from the log",
    "case_named": "from the log", "case_beside": "from the log",
    "case_accounts": "from the log", "case_overdues": "from the log",
    "case_links": "by the grouping, or with a step of case_steps",
    "case_looks": "drawn with a decision, filled with a look: steps of case_steps",
    "audit_head": "the log itself", "audit_entries": "the log itself",
}  # fmt: skip
MUTATING = {
    Keys: {"create", "rotate", "revoke"},
    People: {"create", "invite", "disable", "enable", "reset", "reset_to"},
    OidcDesk: {"come_back", "give_code"},
    SignIn: {"sign_in", "sign_out", "change_password", "begin_totp", "confirm_totp"},
    Vault: {"remember", "look", "search", "search_id", "export", "own", "end"},
    Holds: {"place", "lift"},
    BundleLife: {"propose", "approve", "activate", "rollback", "refuse", "note_outcome"},
    Lists: {"change", "approve", "note_outcome"},
    Admissions: {"decide"},
    CaseDesk: {"assign", "wait", "note", "link", "split", "merge", "decide", "confirm", "refuse", "undo", "look"},
    CaseFiles: {"attach", "content"},
    Measures: {"confirm", "lift", "refuse", "delay_notice", "tell"},
    Appeals: {"submit", "assign", "decide", "look", "document"},
}
READING = {Keys: {"verify", "list", "close"}, People: {"list"}, OidcDesk: {"start"}, SignIn: set(), Vault: {
    "subject_of", "sealed", "clear_of", "clear_texts", "keep_held", "key_in",
},
           Holds: {"standing", "of"}, BundleLife: {"steps", "read", "public_keys", "version"},
           Lists: {"token_of", "pending", "changes", "standing", "version"},
           Admissions: {"pseudonym_of", "merchants", "page", "show"}, CaseDesk: set(),
           CaseFiles: {"list", "sweep"},
           Measures: {"show", "one", "list", "figures"}, Appeals: {"one", "list", "figures", "sweep"}}  # fmt: skip
_WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)(?:.*\bSET\b(.*?)\bWHERE\b)?", re.DOTALL)


class Watch:
    """What each transaction of a store wrote."""

    def __init__(self, store: Store) -> None:
        self.unnoted: list[set[str]] = []
        self.written: set[str] = set()
        event.listen(store.engine, "before_cursor_execute", self._execute)
        event.listen(store.engine, "commit", self._commit)

    def _execute(self, *given: object) -> None:
        found = _WRITE.match(str(given[2]))
        if found is not None and (found[2] or "").strip() != "last_used=?":
            self.written.add(found[1])

    def _commit(self, _: object) -> None:
        if self.written & AUDITED and "audit_entries" not in self.written:
            self.unnoted.append(self.written)
        self.written = set()


def test_every_table_is_audited_or_passed_over_with_a_reason() -> None:
    ours = {name for name in metadata.tables if not name.startswith(("outbox", "alembic"))}
    assert ours >= AUDITED | set(PASSED_OVER)
    assert ours - AUDITED - set(PASSED_OVER) == set()


def test_every_service_is_listed() -> None:
    for kind, names in MUTATING.items():
        public = {name for name, one in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
        assert public == names | READING[kind], kind.__name__


def deeds(data: DataDir, store: Store) -> dict[str, Callable[[], object]]:
    """Every mutating service once, in an order that works."""
    office, keys = Office(store), Keys(store, actor=ROOT)
    vault = open_vault(store, data, bytes(range(32)).hex(), clock=office.clock)
    held: dict[str, object] = {}

    def with_connection(act: Callable[..., object], *given: object) -> object:
        with store.writing() as connection:
            return act(connection, *given)

    def keep(name: str, made: object) -> None:
        held[name] = made

    subject = vault.subject_of("user", "u1")
    return {
        "key create": lambda: keep("key", keys.create("admin")[1].key_id),
        "key rotate": lambda: keep("new", keys.rotate(str(held["key"]))[1].key_id),
        "key revoke": lambda: keys.revoke(str(held["new"])),
        "people create": lambda: keep("first", office.people.create(ROOT, "ann", "admin")[0]),
        "sign in": lambda: keep("token", office.desk.sign_in("ann", held["first"], HERE).token),  # type: ignore[arg-type]
        "change password": lambda: keep(
            "token", office.desk.change_password(held["token"], held["first"], PASSWORD, HERE).token  # type: ignore[arg-type]
        ),
        "sign out": lambda: office.desk.sign_out(held["token"], HERE),  # type: ignore[arg-type]
        "enrol": lambda: office.settled("bob", "admin"),
        "disable": lambda: office.people.disable(ROOT, "ann"),
        "enable": lambda: office.people.enable(ROOT, "ann"),
        "reset": lambda: office.people.reset(ROOT, "ann"),
        "invite": lambda: office.people.invite(ROOT, "eve", "admin", Identity("https://id", "sub", "7")),
        "reset to": lambda: office.people.reset_to(ROOT, "ann", Identity("https://id", "sub", "8")),
        "remember": lambda: vault.remember(ROOT, "user", "u1", {"name": "x"}),
        "learn": lambda: learning.Learner(vault).learn([IntakeRow(1, 1, (ClearText(5, "user", "u2"),), b"seal")]),
        "remember another": lambda: vault.remember(ROOT, "user", "u2"),
        "look": lambda: vault.look(ROOT, subject),
        "search": lambda: vault.search(ROOT, "name", "x"),
        "search id": lambda: vault.search_id(ROOT, "user", "u1"),
        "export": lambda: vault.export(ROOT, subject),
        "own": lambda: vault.own(ROOT, subject),
        "place": lambda: keep(
            "hold", with_connection(vault.holds.place, ROOT, subject, "C", "r", START_MS + 9, START_MS)
        ),
        "lift": lambda: with_connection(vault.holds.lift, ROOT, held["hold"].hold_id, START_MS),  # type: ignore[attr-defined]
        "end": lambda: vault.end(ROOT, vault.subject_of("user", "u2"), 0),
        "sweep": lambda: forgetting.sweep(vault),
        "forget": lambda: forgetting.forget(vault, ROOT, subject),
        "rewrap": lambda: rotation.rewrap(vault, ROOT),
    }  # fmt: skip


def test_every_service_writes_its_entry_in_its_own_transaction(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    with Store.open(data.office) as store:
        acts = deeds(data, store)
        watch, log, silent = Watch(store), AuditLog(store), []
        for name, act in acts.items():
            before = log.verify().size
            act()
            if log.verify().size == before:
                silent.append(name)
        assert silent == []
        assert watch.unnoted == []


def test_every_step_of_a_bundle_and_a_list_writes_its_entry_in_its_own_transaction(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        desk = Desk(store, tmp_path)
        lists = Lists(store, bytes(16), desk.office.keyring, clock=desk.clock)
        watch, log, silent = Watch(store), AuditLog(store), []
        end = desk.clock.now_ms + 1_000
        acts: dict[str, Callable[[], object]] = {
            "propose and approve": lambda: desk.approved("second"),
            "activate": lambda: desk.life.note_outcome(desk.life.activate(desk.cy, HERE, desk.kept("second")), 3),
            "rollback": lambda: desk.life.note_outcome(desk.life.rollback(desk.bob, HERE), None, "no"),
            "refuse": lambda: desk.life.refuse(desk.cy, HERE, desk.approved("third", desk.kept("second"))),
            "list": lambda: lists.change(desk.ann, HERE, "block", "add", "u1", "r", end),
            "approve": lambda: lists.approve(desk.bob, HERE, 1),
            "in force": lambda: lists.note_outcome(lists.pending()[0], 4),
        }
        for name, act in acts.items():
            before = log.verify().size
            act()
            if log.verify().size == before:
                silent.append(name)
        assert silent == []
        assert watch.unnoted == []


def test_the_watch_sees_a_change_without_an_entry(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        office, watch = Office(store), Watch(store)
        office.invited("ann")
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE people SET role = 'admin' WHERE name = 'ann'")
        assert watch.unnoted == [{"people"}]
