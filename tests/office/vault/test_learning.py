"""What waits in an intake is taken in under the key of whoever it belongs to, and leaves with whoever is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bonafide.core.pseudonym import ClearText
from bonafide.office.audit.log import AuditLog
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.store.database import Store
from bonafide.office.vault.errors import HeldError, RestrictedError, UnknownSubjectError
from bonafide.office.vault.forgetting import forget, sweep
from bonafide.office.vault.learning import Learner, Taken, taken
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.office.vault.retention import RETENTION
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault
from tests.office.audit.kit import Clock
from tests.office.databases import Copies, play
from tests.office.vault.kit import ANN, SECRET, open_vault

HOUR_MS = 3_600_000


def text(kind: str, name: str, owner: tuple[str, str] | None = None) -> ClearText:
    """A text as the engine tells it."""
    value = pseudonym_of(name, SECRET)
    return ClearText(value, kind, name, *((owner[0], pseudonym_of(owner[1], SECRET)) if owner else ("", 0)))


def row(number: int, *texts: ClearText) -> IntakeRow:
    return IntakeRow(number, len(texts), texts, bytes([number]) * 16)


def subject(kind: str, name: str) -> Subject:
    return Subject.of(kind, name, SECRET)


U1, U2 = ("user", "u1"), ("user", "u2")
REGISTERED = (text("user", "u1"), text("phone", "139", U1), text("device", "d1", U1))


class TestLearning:
    """Each store."""

    def test_many_are_taken_in_once(self, vault: Vault, store: Store) -> None:
        learner = Learner(vault)
        rows = [row(n % 250 + 1, text("user", f"u{n % 700}")) for n in range(1_000)]
        rows.append(row(251, text("merchant", "u1")))
        assert [learner.learn(rows), learner.learn(rows)] == [701, 0]
        assert vault.look(ANN, subject("user", "u699")) == {"id": "u699"}
        assert len(vault.clear_texts([subject("user", f"u{n}") for n in range(701)])) == 700
        assert [e.details for e in AuditLog(store).entries(what="subject.remember")] == [{"count": 701}]

    def test_texts_lie_under_whose_they_are_and_each_is_found(self, vault: Vault, store: Store) -> None:
        learner = Learner(vault)
        assert learner.learn([row(1, *REGISTERED), row(2, text("user", "u2"), text("device", "d1", U2))]) == 2
        assert learner.learn([row(1, *REGISTERED)]) == 0
        assert vault.look(ANN, subject("user", "u1")) == {"id": "u1", "named": {"device": ["d1"], "phone": ["139"]}}
        owners = sorted(str(subject(*one)) for one in (U1, U2))
        assert vault.look(ANN, subject("device", "d1")) == {"id": "d1", "named_by": owners}
        assert vault.search(ANN, "phone", "1-39") == [subject("user", "u1")]
        wanted = [subject("user", "u1"), subject("device", "d1"), subject("ip", "::1")]
        assert vault.clear_texts(wanted) == {wanted[0]: "u1", wanted[1]: "d1"}
        assert [e.details for e in AuditLog(store).entries(what="subject.remember")] == [{"count": 2}]
        with store.reading() as connection:
            assert taken(connection) == Taken(1, bytes([1]) * 16)

    def test_forgetting_takes_what_is_nobody_elses(self, vault: Vault) -> None:
        Learner(vault).learn([
            row(1, *REGISTERED, text("account", "a1", U1)),
            row(2, text("user", "u2"), text("device", "d1", U2), text("account", "a1")),
        ])  # fmt: skip
        assert forget(vault, ANN, subject("user", "u1")).fields == 4
        assert vault.clear_of("device", pseudonym_of("d1", SECRET)) == "d1"  # it is the other's too
        for gone in (("user", "u1"), ("phone", "139"), ("account", "a1")):
            assert vault.clear_of(gone[0], pseudonym_of(gone[1], SECRET)) is None
            with pytest.raises(UnknownSubjectError):
                vault.look(ANN, subject(*gone))

    def test_a_person_who_was_named_with_somebody_forgotten_keeps_what_is_theirs(self, vault: Vault) -> None:
        shop, person = ("merchant", "m1"), ("person", "1101")
        Learner(vault).learn([
            row(1, text("merchant", "m1"), text("person", "1101", shop)),
            row(2, text("person", "1101"), text("account", "a1", person)),
        ])  # fmt: skip
        forget(vault, ANN, subject("merchant", "m1"))
        assert vault.look(ANN, subject("person", "1101")) == {"id": "1101", "named": {"account": ["a1"]}}

    def test_a_text_that_is_forgotten_goes_from_everybody_it_belongs_to(self, vault: Vault) -> None:
        Learner(vault).learn([row(1, *REGISTERED), row(2, text("user", "u2"), text("phone", "139", U2))])
        assert forget(vault, ANN, subject("phone", "139")).fields == 0
        assert vault.look(ANN, subject("user", "u1")) == {"id": "u1", "named": {"device": ["d1"]}}
        assert vault.look(ANN, subject("user", "u2")) == {"id": "u2"}

    def test_a_hold_on_whoever_a_text_belongs_to_holds_the_text(self, vault: Vault, store: Store) -> None:
        Learner(vault).learn([row(1, *REGISTERED)])
        hold(vault, subject("user", "u1"))
        with pytest.raises(HeldError, match=r"belongs to user/.*: is not forgotten: case C holds it"):
            forget(vault, ANN, subject("phone", "139"))
        refused = AuditLog(store).entries(what="subject.forget")[0]
        assert refused.outcome == "refused"
        assert refused.details["of"] == str(subject("user", "u1"))

    def test_a_held_text_stays_when_whoever_it_belongs_to_is_forgotten(self, vault: Vault) -> None:
        Learner(vault).learn([row(1, *REGISTERED)])
        hold(vault, subject("phone", "139"))
        forget(vault, ANN, subject("user", "u1"))
        assert vault.look(ANN, subject("phone", "139")) == {"id": "139"}
        assert vault.clear_of("device", pseudonym_of("d1", SECRET)) is None

    def test_what_waits_of_who_was_forgotten_is_not_taken_in_and_what_comes_later_is(self, vault: Vault) -> None:
        learner = Learner(vault)
        learner.learn([row(1, *REGISTERED)])
        vault.newest_waiting = lambda: 3
        forget(vault, ANN, subject("user", "u1"))
        learner.learn([row(2, *REGISTERED), row(3, text("device", "d2", U1), text("phone", "139"))])
        for kind, name in (("user", "u1"), ("device", "d2"), ("phone", "139")):
            assert vault.clear_of(kind, pseudonym_of(name, SECRET)) is None
        learner.learn([row(4, text("device", "d3", U1))])  # its own id is known to be handed on, and does not come
        assert vault.look(ANN, subject("user", "u1")) == {"named": {"device": ["d3"]}}
        learner.learn([row(5, text("user", "u1"))])
        assert vault.look(ANN, subject("user", "u1"))["id"] == "u1"

    def test_what_is_nobodys_is_kept_for_its_term_from_when_it_came(self, vault: Vault, clock: Clock) -> None:
        Learner(vault).learn([row(1, text("account", "a1"), *REGISTERED)])
        clock.now_ms += RETENTION["link"].maximum_ms - 1
        assert sweep(vault).forgotten == 0
        clock.now_ms += 1
        assert sweep(vault).forgotten == 1
        assert vault.clear_of("account", pseudonym_of("a1", SECRET)) is None
        assert vault.look(ANN, subject("user", "u1"))["id"] == "u1"

    def test_nothing_is_taken_in_of_who_is_to_be_forgotten(self, vault: Vault) -> None:
        vault.remember(ANN, "user", "u1", retention="duty")
        with pytest.raises(HeldError):
            forget(vault, ANN, subject("user", "u1"))
        Learner(vault).learn([row(1, *REGISTERED)])
        assert vault.clear_of("phone", pseudonym_of("139", SECRET)) is None
        with pytest.raises(RestrictedError):
            vault.look(ANN, subject("user", "u1"))

    def test_names_and_streets_are_found_by_their_fields(self, vault: Vault) -> None:
        shop = ("merchant", "m1")
        Learner(vault).learn([row(1, text("merchant", "m1"), text("legal_name", "Ｓhop One", shop),
                                  text("street", "幸福路 7 号", shop), text("person", "1101", shop))])  # fmt: skip
        for field, value in (("legal_name", "shop  one"), ("address", "幸福路 7 号"), ("id_no", "11-01")):
            assert vault.search(ANN, field, value) == [subject("merchant", "m1")]


def hold(vault: Vault, on: Subject) -> None:
    with vault.store.writing() as connection:
        now = vault.clock()
        vault.holds.place(connection, ANN, on, "C", "r", now + HOUR_MS, now)


PARTIES = st.sampled_from([U1, U2, ("merchant", "m1")])
TEXTS = st.tuples(st.sampled_from(["device", "phone", "person"]), st.sampled_from(["a", "b"]))


class LearningPlayed(RuleBasedStateMachine):
    """Against a plain set of (owner, text)."""

    copies: Copies

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new(open_vault)
        self.store = Store.open(self.place)
        self.vault = open_vault(self.store, Clock())
        self.learner = Learner(self.vault)
        self.owned: set[tuple[Any, Any]] = set()
        """(owner, text); a text that is nobody's, and a party's own id, own themselves."""
        self.made: set[Any] = set()
        self.number = 0
        self.waiting: list[IntakeRow] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.copies.drop(self.place)

    @rule(party=st.none() | PARTIES, texts=st.lists(TEXTS, max_size=3), with_id=st.booleans())
    def event(self, party: Any, texts: list[Any], with_id: bool) -> None:
        """A commit brings texts, which wait."""
        told = [text(*one, party) for one in texts] + ([text(*party)] if party and with_id else [])
        self.number += 1
        self.waiting.append(row(self.number, *told))

    @rule()
    def learn(self) -> None:
        if self.waiting:
            self.learner.learn(self.waiting)
            for one in (one for waiting in self.waiting for one in waiting.texts or ()):
                text_of = (one.kind, one.text)
                owner = self.party_of(one) or text_of
                self.owned.add((owner, text_of))
                self.made.add(owner)
        self.waiting = []

    def party_of(self, one: ClearText) -> Any:
        if one.owner_type == "":
            return None
        parties = (U1, U2, ("merchant", "m1"))
        return next(p for p in parties if (p[0], pseudonym_of(p[1], SECRET)) == (one.owner_type, one.owner))

    @rule(who=PARTIES | TEXTS)
    def forget(self, who: Any) -> None:
        self.vault.newest_waiting = lambda: self.number
        there = who in self.made or any(text_of == who for _, text_of in self.owned)
        if not there:
            with pytest.raises(UnknownSubjectError):
                forget(self.vault, ANN, subject(*who))
            return
        forget(self.vault, ANN, subject(*who))
        own = {text_of for owner, text_of in self.owned if owner == who}
        self.owned = {(owner, text_of) for owner, text_of in self.owned if who not in (owner, text_of)}
        others = {text_of for owner, text_of in self.owned if owner != text_of}
        gone = {who} | {one for one in own - others if one[0] != "person"}
        self.owned = {(owner, text_of) for owner, text_of in self.owned if owner not in gone}
        self.made -= gone
        waiting = [[one for one in w.texts or () if not {self.party_of(one), (one.kind, one.text)} & gone]
                   for w in self.waiting]  # fmt: skip
        self.expected = [row(w.id, *texts) for w, texts in zip(self.waiting, waiting, strict=True)]
        if self.waiting:
            self.learner.learn(self.waiting)
            self.waiting = self.expected
            self.learn()

    @invariant()
    def as_the_twin_says(self) -> None:
        if not hasattr(self, "store"):
            return
        every = [U1, U2, ("merchant", "m1"), *((k, n) for k in ("device", "phone", "person") for n in "ab")]
        known = {one for _, one in self.owned}
        found = self.vault.clear_texts([subject(*one) for one in every])
        assert found == {subject(*one): one[1] for one in known}
        with self.store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT subject_type, pseudonym, kind, hash FROM subject_texts").all()
            made = connection.exec_driver_sql("SELECT subject_type, pseudonym FROM subjects").all()
        assert {(Subject(*one[:2]), Subject(*one[2:])) for one in rows} == {
            (subject(*owner), subject(*one)) for owner, one in self.owned if owner != one
        }
        assert {Subject(*one) for one in made} == {subject(*one) for one in self.made}


def test_what_is_taken_in_is_what_the_twin_keeps(copies: Copies) -> None:
    play(LearningPlayed, copies, examples=40, steps=20)
