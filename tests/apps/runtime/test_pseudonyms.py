"""A server over pseudonyms: the journal holds tokens, whoever asks gets ids, and no clear text is lost on its way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.runtime.intake import HandOver, Standing, waiting_text
from bonafide.apps.runtime.jobs import Overloaded
from bonafide.core.decision import Decision
from bonafide.core.door import decode_event
from bonafide.core.errors import StateError
from bonafide.core.pseudonym import ClearText, read_token
from bonafide.engine.basis import Basis
from bonafide.engine.engine import Engine
from bonafide.engine.pseudonyms import Known
from bonafide.office.journal.bases import KeptBasis, pack_inputs
from bonafide.office.journal.intake import INTAKE_TEXTS_MAX
from bonafide.office.journal.journal import Journal
from bonafide.office.vault.learning import Taken
from bonafide.office.vault.subjects import Subject
from tests.apps.runtime.rig import NOW_MS, Rig, told, within
from tests.engine.kit import SECRET, payment
from tests.engine.test_engine_same import fixed_log
from tests.engine.test_pseudonyms import hash_of, token_of
from tests.engine.tiny import tiny
from tests.office.journal.kit import record


class MemoryVault:
    """A vault in memory, which may fail. What a worker does is done by `learn`."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, int], str] = {}
        self.taken: Taken | None = None
        self.fails = False
        self.forgets = 0
        self.gone: dict[Subject, int] = {}

    def learn(self, journal: Journal) -> None:
        for row in journal.intake():
            self.texts.update({(one.kind, one.hash): one.text for one in row.texts or ()})
            self.taken = Taken(row.id, row.seal)

    def standing(self) -> Standing:
        if self.fails:
            raise StateError("no room")
        return Standing(self.taken, self.forgets)

    def marked(self) -> dict[Subject, int]:
        return dict(self.gone)

    def unmark(self, gone: Mapping[Subject, int]) -> None:
        for subject in gone:
            del self.gone[subject]

    def clear_of(self, kind: str, value: int) -> str | None:
        return self.texts.get((kind, value))


def with_measure(count: int = 200) -> list[Any]:
    """A log with at least one decision that proposes a measure."""
    log = fixed_log()[:count]
    assert any(isinstance(a, Decision) and a.measures for a in Engine(tiny(), secret=SECRET).decide(log))
    return log


def measured(answers: Sequence[Any]) -> list[Any]:
    """The answers that propose a measure."""
    return [answer for answer in answers if answer.get("measures")]


def test_whoever_asks_gets_the_id_and_the_journal_holds_the_token(tmp_path: Path) -> None:
    log = with_measure()

    async def use(rig: Rig) -> tuple[list[Any], list[Any], list[Any]]:
        first, again = told(await rig.send(*log)), told(await rig.send(*log))
        found = [rig.journal.find(answer["event_id"]) for answer in measured(first)]
        return first, again, [json.loads(one.record.answer) for one in found if one is not None]

    first, again, kept = within(tmp_path, use)
    assert [answer for answer in again if answer.get("status") != 409] == [
        answer for answer in first if answer.get("status") != 409
    ]
    assert measured(first)
    for clear, held in zip(measured(first), kept, strict=True):
        subject = clear["measures"][0]["subject_id"]
        assert read_token(subject) is None
        assert held["measures"][0]["subject_id"] == token_of(subject)
        held["measures"][0]["subject_id"] = subject
        assert held == clear


def test_a_decision_asked_for_again_says_the_id_that_the_vault_knows(tmp_path: Path) -> None:
    log, vault = with_measure(), MemoryVault()

    async def use(rig: Rig) -> None:
        answers = measured(told(await rig.send(*log)))
        for _ in ("waiting", "handed over"):
            for answer in answers:
                found = rig.runtime.find(answer["event_id"])
                assert found is not None
                assert json.loads(found.record.answer) == answer
            vault.learn(rig.journal)
            assert HandOver(rig.journal, vault, Known(), rig.said.append).step()
            assert rig.journal.waiting.rows == 0
        vault.texts.clear()  # as forgetting does
        found = rig.runtime.find(answers[0]["event_id"])
        assert found is not None
        assert read_token(json.loads(found.record.answer)["measures"][0]["subject_id"]) is not None

    within(tmp_path, use, vault=vault)


def test_clear_texts_are_durable_with_their_events_and_leave_when_the_vault_has_them(tmp_path: Path) -> None:
    log = [payment(i, i, user_id=f"u{i}", merchant_id="m") for i in range(5)]

    async def send(rig: Rig) -> None:
        for event in log:
            await rig.send(event)
        assert [row.size for row in rig.journal.intake()] == [2, 1, 1, 1, 1]

    within(tmp_path, send)
    journal, vault, said = Journal.open(tmp_path), MemoryVault(), list[str]()
    assert journal.waiting[:2] == (5, 6)
    hand_over = HandOver(journal, vault, Known(), said.append)
    vault.fails = True
    assert not hand_over.step()
    assert not hand_over.step()
    assert journal.waiting[:2] == (5, 6)
    vault.fails = False
    assert hand_over.step()
    assert said == ["what waits for the vault stays in the journal, sealed: no room", "the vault answers again"]
    assert journal.waiting[:2] == (5, 6), "it has none of them yet"
    vault.learn(journal)
    assert hand_over.step()
    assert journal.waiting[:2] == (0, 0)
    assert vault.texts == {
        **{("user", hash_of(f"u{i}")): f"u{i}" for i in range(5)}, ("merchant", hash_of("m")): "m",
    }  # fmt: skip
    journal.close()
    again = Journal.open(tmp_path)
    assert again.waiting == (0, 0, 5), "numbers never come again"
    again.close()


def test_what_was_taken_in_before_a_stop_is_gone_after_it(tmp_path: Path) -> None:
    vault = MemoryVault()

    async def send(rig: Rig) -> None:
        await rig.send(payment(1, 0, user_id="somebody"))
        vault.learn(rig.journal)

    within(tmp_path, send, vault=vault)
    journal = Journal.open(tmp_path)
    assert journal.waiting.rows == 0
    journal.close()


def test_once_what_waited_has_gone_the_journal_is_scrubbed_of_who_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, vault, scrubbed = Journal.open(tmp_path), MemoryVault(), list[int]()
    monkeypatch.setattr(journal, "scrub", lambda: scrubbed.append(journal.waiting.rows) or len(scrubbed) > 2)
    hand_over = HandOver(journal, vault, Known(), list[str]().append)
    for step, (forgets, learns) in enumerate(((0, True), (1, False), (1, False), (1, True), (1, True), (1, True))):
        if step < 2:
            journal.append([record(step)], texts=[ClearText(step + 1, "user", "somebody")])
        vault.forgets = forgets
        if learns:
            vault.learn(journal)
        assert hand_over.step()
    assert scrubbed == [0, 0, 0], "at the start, when all of before has gone, and again where somebody read"
    journal.close()


def test_of_much_that_waits_the_newest_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.apps.runtime.intake.LOOKED_AT_MAX", 4)
    monkeypatch.setattr("bonafide.apps.runtime.intake.LOOKED_AT_ONCE", 3)
    journal = Journal.open(tmp_path)
    for step in range(6):
        journal.append([record(step)], texts=[ClearText(step, "user", f"u{step}")])
        if step == 3:
            assert [waiting_text(journal, "user", hashed) for hashed in (0, 3, 9)] == ["u0", "u3", None]
    assert [waiting_text(journal, "user", hashed) for hashed in (2, 5)] == ["u2", "u5"]
    for hashed in (1, 9):
        with pytest.raises(Overloaded, match="come again"):
            waiting_text(journal, "user", hashed)
    journal.close()


def test_what_is_known_waits_once_until_the_process_ends_or_somebody_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bonafide.apps.runtime.intake.CLEAR_EVERY_ROUNDS", 2)
    vault = MemoryVault()

    async def use(rig: Rig) -> list[int]:
        known = rig.runtime.known
        hand_over = HandOver(rig.journal, vault, known, rig.said.append)
        sizes = []
        for number in range(5):
            await rig.send(payment(number, number))
            sizes.append(rig.journal.waiting.texts)
            vault.forgets += number == 2
            vault.learn(rig.journal)
            assert hand_over.step()
        return sizes

    assert within(tmp_path, use) == [2, 0, 0, 2, 0]


def test_a_full_intake_keeps_no_more_and_knows_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert INTAKE_TEXTS_MAX > 10**6
    monkeypatch.setattr("bonafide.office.journal.intake.INTAKE_TEXTS_MAX", 3)
    vault = MemoryVault()

    async def use(rig: Rig) -> None:
        await rig.send(payment(1, 0, user_id="u1", merchant_id="m1"))
        await rig.send(payment(2, 0, user_id="u2", merchant_id="m2"))
        assert rig.journal.waiting.texts == 3
        await rig.send(payment(3, 0, user_id="u3"))
        assert rig.journal.waiting.texts == 3
        vault.learn(rig.journal)
        assert HandOver(rig.journal, vault, Known(), rig.said.append).step()
        await rig.send(payment(4, 0, user_id="u2", merchant_id="m2"), payment(5, 0, user_id="u3"))
        vault.learn(rig.journal)
        assert sorted(vault.texts.values()) == ["m", "m1", "m2", "u1", "u2", "u3"]

    within(tmp_path, use)


def test_a_conflict_holds_tokens_and_its_ids_are_learned(tmp_path: Path) -> None:
    async def use(rig: Rig) -> None:
        await rig.send(payment(1, 0), payment(1, 0, user_id="other"))
        (kept,) = rig.journal.conflicts()
        assert decode_event(kept.conflict.content).user_id == token_of("other")  # type: ignore[union-attr]
        assert "other" in {text.text for row in rig.journal.intake() for text in row.texts or ()}

    within(tmp_path, use)


def test_digests_of_a_server_of_the_clear_log_and_of_its_tokens_are_equal(tmp_path: Path) -> None:
    log = with_measure()

    async def use(rig: Rig) -> list[Any]:
        return [
            answer.get("digest") for answer in told(await rig.send(*log)) if answer.get("status") in (None, "taught")
        ]

    live = within(tmp_path, use)
    journal = Journal.open(tmp_path)
    held = [decode_event(record.content) for _, records in journal.commits() for record in records]
    journal.close()
    for replayed in (log, held):
        answers = Engine(tiny(), secret=SECRET).answer(replayed)
        assert [msgspec.json.decode(a.body).get("digest") for a in answers if a.body] == live


def test_bases_about_who_was_forgotten_go_before_the_write_ahead_log_is_scrubbed(tmp_path: Path) -> None:
    """Also where it happened while no service ran."""
    journal, vault = Journal.open(tmp_path), MemoryVault()
    basis = [KeptBasis(n, NOW_MS, Basis(user, 9, [0.1234567])) for n, user in enumerate((7, 8))]
    journal.append([record(0), record(1)], bases=basis)
    vault.gone[Subject("user", 7)] = NOW_MS
    assert HandOver(journal, vault, Known(), lambda text: None).step()
    assert (journal.inputs_of(0), journal.inputs_of(1), vault.gone) == (None, [0.1234567], {})
    packed = pack_inputs([0.1234567])
    found = sum(path.read_bytes().count(packed) for path in tmp_path.glob("journal.db*"))
    assert found == 1
    journal.close()
