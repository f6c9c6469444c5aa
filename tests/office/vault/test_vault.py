"""The vault on every database: clear data in, shown to who looks, held, kept as long as the law asks, forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import text, update

from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS, show_moment
from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store
from bonafide.office.store.tables import subject_fields, subjects
from bonafide.office.vault.errors import HeldError, RestrictedError, UnknownSubjectError
from bonafide.office.vault.forgetting import Swept, forget, sweep
from bonafide.office.vault.holds import HOLD_MAX_MS, Hold
from bonafide.office.vault.retention import RETENTION
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import LOOKS_USUAL, Vault
from tests.office.audit.kit import START_MS, Clock
from tests.office.vault.kit import ANN, CLEAR, MASTER, SECRET, open_vault


def hold(vault: Vault, subject: Subject, case: str = "C-17", span_ms: int = 90 * DAY_MS) -> Hold:
    with vault.store.writing() as connection:
        now = vault.clock()
        return vault.holds.place(connection, ANN, subject, case, "court order about Zhāng", now + span_ms, now)


def lift(vault: Vault, placed: Hold) -> Hold:
    with vault.store.writing() as connection:
        return vault.holds.lift(connection, ANN, placed.hold_id, vault.clock())


class TestVault:
    def test_what_was_remembered_is_shown(self, vault: Vault) -> None:
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        assert vault.look(ANN, subject) == {"id": "u1", **CLEAR}
        vault.remember(ANN, "user", "u1", {"phone": "1"})
        assert vault.look(ANN, subject) == {"id": "u1", **CLEAR, "phone": "1"}
        assert vault.remember(ANN, "merchant", "u1").pseudonym == subject.pseudonym
        assert vault.look(ANN, vault.subject_of("merchant", "u1")) == {"id": "u1"}
        with pytest.raises(UnknownSubjectError, match="nothing is kept"):
            vault.look(ANN, vault.subject_of("user", "u2"))
        for case in ("", "C\n", "C" * 65):
            with pytest.raises(UsageError, match="case: give 1 to 64 characters"):
                vault.look(ANN, subject, case_id=case)
        with pytest.raises(UsageError, match="give a moment that has passed"):
            vault.end(ANN, subject, START_MS + 1)

    def test_another_process_with_the_same_keys_reads_it(self, vault: Vault, store: Store) -> None:
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        assert open_vault(store).look(ANN, subject)["name"] == CLEAR["name"]

    def test_search_finds_whole_values_in_any_form(self, vault: Vault) -> None:
        first = vault.remember(ANN, "user", "u1", CLEAR)
        second = vault.remember(ANN, "merchant", "m1", {"phone": "8613900001111", "legal_name": "ＳＨＯＰ  One"})
        assert vault.search(ANN, "phone", "+86 (139) 0000 1111") == sorted([first, second])
        assert vault.search(ANN, "legal_name", "shop one") == [second]
        assert vault.search(ANN, "id_no", "110105-19491231-002x") == [first]
        assert vault.search(ANN, "phone", "8613900001112") == vault.search(ANN, "phone", "no digits") == []
        vault.remember(ANN, "user", "u1", {"phone": "1"})
        assert vault.search(ANN, "phone", "8613900001111") == [second]
        with pytest.raises(UsageError, match="is no field"):
            vault.search(ANN, "id", "u1")

    def test_the_database_holds_nothing_clear(self, vault: Vault, store: Store) -> None:
        subject = vault.remember(ANN, "user", "u-clear-1", CLEAR)
        hold(vault, subject)
        vault.look(ANN, subject, case_id="C-1")
        vault.search(ANN, "phone", CLEAR["phone"])
        with store.reading() as connection:
            names = ("subjects", "subject_fields", "legal_holds", "audit_entries", "root_key")
            kept = repr([connection.execute(text(f"SELECT * FROM {name}")).all() for name in names])
        for clear in ("u-clear-1", "Zhāng", *CLEAR.values(), "8613900001111", MASTER.hex(), SECRET.hex()):
            assert clear not in kept

    def test_a_row_that_was_moved_or_changed_does_not_open(self, vault: Vault, store: Store) -> None:
        one, other = (vault.remember(ANN, "user", name, {"name": name}) for name in ("u1", "u2"))
        with store.writing() as connection:
            sealed = connection.scalar(text("SELECT sealed FROM subject_fields WHERE field = 'id' LIMIT 1"))
            both = subject_fields.c.field == "name"
            connection.execute(update(subject_fields).where(one.is_in(subject_fields), both).values(sealed=sealed))
            wrapped = connection.scalar(text("SELECT wrapped FROM subjects ORDER BY pseudonym LIMIT 1"))
            connection.execute(update(subjects).values(wrapped=wrapped))
        for subject in (one, other):
            if bytes(wrapped) and subject.pseudonym == max(one.pseudonym, other.pseudonym):
                with pytest.raises(StateError, match="was moved from another row"):
                    vault.look(ANN, subject)
        with pytest.raises(StateError, match=r"damaged|another key"):
            vault.look(ANN, one)

    def test_a_hold_blocks_forgetting_and_says_so(self, vault: Vault, clock: Clock, store: Store) -> None:
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        placed = hold(vault, subject)
        told = (f"{subject}: is not forgotten: case C-17 holds it until {show_moment(placed.expires_ms)} "
                f"(hold {placed.hold_id}); lift the hold first: bonafide subject lift")  # fmt: skip
        with pytest.raises(HeldError) as caught:
            forget(vault, ANN, subject)
        assert str(caught.value) == told
        second = hold(vault, subject, "C-18", 91 * DAY_MS)
        with pytest.raises(HeldError, match=r"case C-18 .* and 1 more"):
            forget(vault, ANN, subject)
        assert lift(vault, second).lifted_ms == lift(vault, second).lifted_ms == START_MS
        assert vault.look(ANN, subject)["id"] == "u1"
        clock.now_ms = placed.expires_ms - 1
        with pytest.raises(HeldError):
            forget(vault, ANN, subject)
        clock.now_ms += 1
        before = store.version("subjects")
        assert forget(vault, ANN, subject).fields == 5
        assert store.version("subjects") == before + 1
        told_of = [(e.outcome, e.details) for e in AuditLog(store).entries(what="subject.forget")]
        assert [outcome for outcome, _ in told_of] == ["refused"] * 3 + ["done"]
        assert told_of[0][1] == {"why": "hold", "hold": placed.hold_id}
        with store.reading() as connection:
            assert {one.case_id for one in vault.holds.of(connection)} == {"C-17", "C-18"}

    def test_holds_that_are_not_accepted(self, vault: Vault) -> None:
        subject = vault.subject_of("user", "u1")
        for case, span in (("", DAY_MS), ("C\n", DAY_MS), ("C" * 65, DAY_MS), ("C", 0), ("C", HOLD_MAX_MS + 1)):
            with pytest.raises(UsageError, match=r"case:|expires:"):
                hold(vault, subject, case, span)
        with pytest.raises(UsageError, match="there is none of this id"), vault.store.writing() as connection:
            vault.holds.lift(connection, ANN, "nothing\0", START_MS)

    def test_the_legal_minimum_comes_before_the_wish(self, vault: Vault, clock: Clock, store: Store) -> None:
        subject = vault.remember(ANN, "user", "u1", CLEAR, retention="duty")
        with pytest.raises(HeldError, match="3660 days after the end of the relation, which has not ended"):
            forget(vault, ANN, subject)
        for refused in (lambda: vault.look(ANN, subject), lambda: vault.export(ANN, subject),
                        lambda: vault.remember(ANN, "user", "u1", {"name": "x"})):  # fmt: skip
            with pytest.raises(RestrictedError, match="used for nothing"):
                refused()
        assert vault.search(ANN, "phone", CLEAR["phone"]) == []
        vault.end(ANN, subject)
        until = show_moment(clock.now_ms + RETENTION["duty"].minimum_ms)
        with pytest.raises(HeldError, match=f"the law asks to keep it until {until}"):
            forget(vault, ANN, subject)
        clock.now_ms += RETENTION["duty"].minimum_ms - 1
        assert sweep(vault) == Swept(0, 0, True)
        clock.now_ms += 1
        assert sweep(vault) == Swept(1, 0, True)
        with pytest.raises(UnknownSubjectError):
            forget(vault, ANN, subject)

    def test_a_sweep_forgets_what_its_class_says_unless_held(self, vault: Vault, clock: Clock, store: Store) -> None:
        kept = {name: vault.remember(ANN, "user", name, retention=name) for name in RETENTION}
        held = vault.remember(ANN, "user", "held", retention="applicant")
        for subject in (*kept.values(), held):
            vault.end(ANN, subject, START_MS - DAY_MS)
        hold(vault, held, span_ms=HOLD_MAX_MS)
        assert sweep(vault) == Swept(0, 0, True)
        clock.now_ms = START_MS - DAY_MS + RETENTION["applicant"].maximum_ms
        assert sweep(vault) == Swept(1, 1, True)
        clock.now_ms = START_MS - DAY_MS + RETENTION["link"].maximum_ms
        assert sweep(vault) == Swept(1, 1, True)
        assert vault.look(ANN, kept["duty"]) == {"id": "duty"}
        assert AuditLog(store).entries(what="subject.forget")[0].who == "bonafide:service"

    def test_an_export_has_everything(self, vault: Vault) -> None:
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        hold(vault, subject)
        assert vault.export(ANN, subject) == {
            "subject": str(subject), "fields": {"id": "u1", **CLEAR}, "retention": "link",
            "remembered": show_moment(START_MS), "ended": None, "holds": 1,
        }  # fmt: skip

    def test_looking_often_is_called_unusual(self, vault: Vault, clock: Clock, store: Store) -> None:
        subject = vault.remember(ANN, "user", "u1")
        for _ in range(LOOKS_USUAL):
            vault.look(ANN, subject)
        vault.search(ANN, "phone", "1")
        clock.now_ms += HOUR_MS
        vault.look(ANN, subject)
        unusual = [e.details for e in AuditLog(store).entries() if "unusual" in e.details]
        assert unusual == [{"field": "phone", "found": 0, "unusual": LOOKS_USUAL + 1}]

    def test_every_mutating_service_writes_an_entry(self, vault: Vault, store: Store, clock: Clock) -> None:
        subject = vault.remember(ANN, "user", "u1")
        placed = hold(vault, subject)
        lift(vault, placed)
        vault.look(ANN, subject, case_id="C-1")
        vault.export(ANN, subject)
        vault.search(ANN, "name", "x")
        vault.end(ANN, subject)
        forget(vault, ANN, subject)
        told = [e.what for e in AuditLog(store).entries()]
        assert told == ["subject.remember", "hold.place", "hold.lift", "subject.look", "subject.export",
                        "subject.search", "subject.end", "subject.forget"]  # fmt: skip
        assert {e.on_what for e in AuditLog(store).entries()} == {f"subject:{subject}", "subjects"}
        AuditLog(store).verify()


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"shoe_size": "43"}, "is no field"), ({"id": "x"}, "is no field"), ({"name": ""}, "give 1 to 1000"),
     ({"name": "x" * 1_001}, "give 1 to 1000"), ({"name": "secret\nname"}, "without control characters")],
)  # fmt: skip
def test_what_is_not_kept_is_refused_without_being_repeated(
    tmp_path: object, fields: dict[str, str], told: str
) -> None:
    with Store.open(tmp_path / "office.db") as store:  # type: ignore[operator]
        vault = open_vault(store)
        with pytest.raises(UsageError, match=told) as caught:
            vault.remember(ANN, "user", "u1", fields)
        assert "secret" not in str(caught.value)
        for subject_type, subject_id in (("usr", "u1"), ("user", ""), ("user", "x" * 129), ("user", "a\0")):
            with pytest.raises(UsageError):
                vault.subject_of(subject_type, subject_id)
