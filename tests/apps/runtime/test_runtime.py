"""The runtime: answers are on disk, come back the same, and faults end as promised."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.runtime.jobs import Overloaded, ReadOnly
from bonafide.apps.runtime.runtime import Limits
from bonafide.core.decision import Decision
from bonafide.core.errors import InputError
from bonafide.core.events import Fact
from bonafide.engine.engine import Engine
from bonafide.office.journal.errors import JournalBrokenError, JournalFullError
from bonafide.office.journal.journal import Journal
from tests.apps.runtime.rig import NOW_MS, Rig, told, within
from tests.engine.kit import SECRET, payment
from tests.engine.test_pseudonyms import in_tokens
from tests.engine.tiny import login, payout, tiny


def decided(events: Sequence[Fact]) -> list[Any]:
    """What the engine alone says."""
    answers = Engine(tiny(), secret=SECRET).decide(events)
    return [msgspec.json.decode(msgspec.json.encode(a.to_wire())) for a in answers if isinstance(a, Decision)]


def hold_commits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have every commit wait until the event that is returned is set."""
    gate, append = threading.Event(), Journal.append

    def slow(self: Journal, *args: Any, **named: Any) -> None:
        gate.wait(30)
        append(self, *args, **named)

    monkeypatch.setattr(Journal, "append", slow)
    return gate


def contents(folder: Path) -> list[bytes]:
    journal = Journal.open(folder)
    try:
        return [record.content for _, records in journal.commits() for record in records]
    finally:
        journal.close()


def test_answers_are_those_of_the_engine_and_are_on_disk(tmp_path: Path) -> None:
    log = [payment(i, i * 1000, amount=100 + i) for i in range(20)]

    async def use(rig: Rig) -> list[Any]:
        return told([*(await rig.send(*log[:7])), *[r for e in log[7:] for r in await rig.send(e)]])

    assert within(tmp_path, use) == decided(log)
    assert contents(tmp_path) == [msgspec.json.encode(in_tokens(event)) for event in log]


def test_after_a_start_it_goes_on_where_it_stopped_with_and_without_a_snapshot(tmp_path: Path) -> None:
    log = [payment(i, i * 1000, amount=50_000) for i in range(12)]
    for first in (0, 4, 8):

        async def use(rig: Rig, part: Sequence[Fact] = log[first : first + 4]) -> list[Any]:
            return told(await rig.send(*part))

        assert within(tmp_path, use) == decided(log)[first : first + 4]
        if first == 4:
            for path in (tmp_path / "snapshots").iterdir():
                path.unlink()


def test_a_damaged_snapshot_gives_way_to_the_one_before_and_then_to_the_journal(tmp_path: Path) -> None:
    log = [payment(i, i * 1000) for i in range(9)]

    async def send_some(rig: Rig) -> int:
        start = rig.journal.next_seq
        await rig.send(*log[start : start + 3])
        return rig.runtime.recovered.snapshot_seq if rig.runtime.recovered else -1

    assert [within(tmp_path, send_some) for _ in range(2)] == [0, 3]
    newest, older = sorted((tmp_path / "snapshots").iterdir(), key=lambda p: -int(p.stem))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    assert within(tmp_path, send_some) == int(older.stem) == 3
    for path in (tmp_path / "snapshots").iterdir():
        path.write_bytes(b"")
    assert within(tmp_path, send_some) == 0


def test_a_snapshot_of_another_journal_is_not_used(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"

    def send(amount: int) -> Any:
        async def use(rig: Rig) -> Any:
            await rig.send(payment(rig.journal.next_seq, 0, amount=amount))
            return rig.runtime.recovered

        return use

    within(here, send(1))
    within(there, send(2))
    (there / "snapshots" / "1.snapshot").replace(here / "snapshots" / "1.snapshot")
    recovered = within(here, send(3))
    assert recovered.snapshot_seq == 0
    assert "another log" in recovered.refused[0]


def test_snapshots_are_begun_when_due_and_do_not_change_answers(tmp_path: Path) -> None:
    log = [payment(i, i * 1000, amount=30_000) for i in range(30)]

    async def use(rig: Rig) -> list[Any]:
        answers = []
        for event in log:
            answers += await rig.send(event)
        assert rig.runtime.figures.snapshots >= 1
        return told(answers)

    assert within(tmp_path, use, Limits(snapshot_every_events=10)) == decided(log)
    paths = list((tmp_path / "snapshots").iterdir())
    assert len(paths) == 2
    assert "30.snapshot" in {path.name for path in paths}


def test_fifty_at_once_with_one_id_have_one_effect_and_one_answer(tmp_path: Path) -> None:
    event = payment(1, 0)

    async def use(rig: Rig) -> list[Any]:
        answers = await asyncio.gather(*(rig.send(event) for _ in range(50)))
        return [answer for (answer,) in answers]

    answers = within(tmp_path, use)
    assert set(answers) == {answers[0]}
    assert len(contents(tmp_path)) == 1
    assert within(tmp_path, use) == answers
    assert len(contents(tmp_path)) == 1


def test_other_content_under_the_same_id_is_a_conflict_and_is_kept(tmp_path: Path) -> None:
    async def use(rig: Rig) -> list[Any]:
        answers = await rig.send(payment(1, 0, amount=1), payment(1, 0, amount=2))
        later = await rig.send(payment(1, 0, amount=3), payment(1, 0, amount=1))
        assert [r.status for r in (*answers, *later)] == [200, 409, 409, 200]
        assert later[1] == answers[0]
        return [(c.conflict.event_id, c.conflict.seq, c.conflict.sender) for c in rig.journal.conflicts()]

    assert within(tmp_path, use) == [("e1", 0, "k1")] * 2


def test_a_refused_event_stops_nobody_and_is_kept_as_a_dead_letter(tmp_path: Path) -> None:
    async def use(rig: Rig) -> Any:
        wrong = InputError.of_value("amount", -1, "more")
        replies = await rig.send(payment(1, 0), wrong, login(2, 0))
        assert [r.status for r in replies] == [200, 422, 202]
        assert told(replies)[2] == {"event_id": "e2", "seq": 1, "status": "taught"}
        return [(d.letter.reason, d.letter.field) for d in rig.journal.dead_letters()]

    assert within(tmp_path, use) == [("invalid-field", "amount")]


def test_what_does_not_fit_the_line_is_turned_away_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(rig: Rig) -> list[int]:
        gate = hold_commits(monkeypatch)
        first = asyncio.create_task(rig.send(*(payment(i, i) for i in range(8))))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await rig.send(*(payment(i, i) for i in range(8, 11)))
        gate.set()
        replies = [*(await first), *(await rig.send(payment(8, 8)))]
        return [reply.status for reply in replies]

    assert within(tmp_path, use, Limits(queue_events_max=10, deadline_ms=60_000)) == [200] * 9
    assert len(contents(tmp_path)) == 9


def test_when_the_oldest_has_waited_too_long_new_ones_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(rig: Rig) -> None:
        gate = hold_commits(monkeypatch)
        first = asyncio.create_task(rig.send(payment(1, 0)))
        await asyncio.sleep(0)
        (oldest,) = rig.runtime._open
        oldest.asked_s -= 31
        with pytest.raises(Overloaded, match="wait"):
            await rig.send(payment(2, 0))
        gate.set()
        assert [reply.status for reply in await first] == [200]
        assert [reply.status for reply in await rig.send(payment(2, 0))] == [200]

    within(tmp_path, use, Limits(deadline_ms=60_000))


def test_past_the_deadline_the_policy_advises_and_the_answer_can_be_had_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(rig: Rig) -> None:
        gate = hold_commits(monkeypatch)
        (advice,) = await rig.send(payout(1, 0))
        assert advice.status == 503
        (said,) = told([advice])
        assert said["degraded"] == ["deadline"]
        assert said["outcome"] == "hold"
        assert said["type"].endswith("/overloaded")
        gate.set()
        while rig.runtime.waiting_events:
            await asyncio.sleep(0)
        (answer,) = await rig.send(payout(1, 0))
        assert answer.status == 200
        assert rig.runtime.figures.turned_away["deadline"] == 1

    within(tmp_path, use, Limits(deadline_ms=30))
    assert len(contents(tmp_path)) == 1


def test_a_full_disk_makes_it_read_only_and_it_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bonafide.apps.runtime.runtime.RETRY_S", 0.01)
    append, full = Journal.append, [True]

    def fill(self: Journal, *args: Any, **named: Any) -> None:
        if full[0]:
            raise JournalFullError("the disk is full")
        append(self, *args, **named)

    async def use(rig: Rig) -> None:
        await rig.send(payment(1, 0))
        monkeypatch.setattr(Journal, "append", fill)
        (reply,) = await rig.send(payment(2, 0))
        assert (reply.status, told([reply])[0]["type"].rsplit("/")[-1]) == (503, "read-only")
        assert rig.runtime.state == "read-only"
        with pytest.raises(ReadOnly):
            await rig.send(payment(3, 0))
        full[0] = False
        while rig.runtime.state != "ready":
            await asyncio.sleep(0)
        replies = await rig.send(payment(2, 0), payment(3, 0))
        assert [r.status for r in replies] == [200, 200]
        assert told(replies) == decided([payment(1, 0), payment(2, 0), payment(3, 0)])[1:]

    within(tmp_path, use)


def test_stopped_while_the_disk_is_full_it_keeps_what_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(self: Journal, *args: Any, **named: Any) -> None:
        raise JournalFullError("the disk is full")

    async def use(rig: Rig) -> None:
        await rig.send(payment(1, 0))
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "append", fill)
            await rig.send(payment(2, 0))
            await rig.runtime.stop()
        assert not rig.ended

    async def again(rig: Rig) -> list[int]:
        return [r.status for r in await rig.send(payment(1, 0), payment(2, 0))]

    within(tmp_path, use)
    assert within(tmp_path, again) == [200, 200]
    assert len(contents(tmp_path)) == 2


def test_a_failed_sync_ends_the_process_and_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Journal, *args: Any, **named: Any) -> None:
        raise JournalBrokenError("the disk did not sync")

    async def use(rig: Rig) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "append", fail)
            asked = asyncio.create_task(rig.send(payment(1, 0)))
            while not rig.ended:
                await asyncio.sleep(0)
            assert not asked.done()
            asked.cancel()
        assert rig.ended == [4]
        assert rig.runtime.state == "failed"

    within(tmp_path, use, Limits(deadline_ms=60_000))
    assert contents(tmp_path) == []


def test_an_event_on_which_the_engine_fails_is_set_apart_and_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = [payment(i, i * 1000, amount=30_000) for i in range(6)]
    answer = Engine.answer_and_write

    def trip(self: Engine, events: Sequence[Fact], *more: Any) -> Any:
        answers = answer(self, events, *more)
        if any(event.event_id == "e3" for event in events):
            raise ZeroDivisionError
        return answers

    async def use(rig: Rig) -> list[Any]:
        monkeypatch.setattr(Engine, "answer_and_write", trip)
        first = await rig.send(*log[:2])
        other = payment(1, 1000, amount=31_000)
        replies = await asyncio.gather(rig.send(*log[2:5]), rig.send(log[5]), rig.send(other))
        flat = [*first, *replies[0], *replies[1]]
        assert [r.status for r in flat] == [200, 200, 200, 422, 200, 200]
        assert replies[2][0].status == 409
        assert len(rig.journal.conflicts()) == 1
        (again,) = await rig.send(log[3])
        assert again.status == 422
        assert {d.letter.reason for d in rig.journal.dead_letters()} == {"undecidable"}
        waiting = [text for row in rig.journal.intake() for text in row.texts or ()]
        assert {one.text for one in waiting} == {"u", "m"}  # also what a failed batch had made known
        return told([r for r in flat if r.status == 200])

    assert within(tmp_path, use) == decided([e for e in log if e.event_id != "e3"])


def test_a_failure_that_is_no_matter_of_single_events_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(self: Engine, events: Sequence[Fact], *more: Any) -> Any:
        raise ZeroDivisionError

    async def use(rig: Rig) -> None:
        monkeypatch.setattr(Engine, "answer_and_write", trip)
        asked = asyncio.create_task(rig.send(*(payment(i, 0) for i in range(20))))
        while not rig.ended:
            await asyncio.sleep(0)
        asked.cancel()

    within(tmp_path, use, Limits(deadline_ms=60_000))


def test_degraded_parts_are_a_record_in_the_log_and_outlast_a_start(tmp_path: Path) -> None:
    async def use(rig: Rig) -> list[str]:
        reply = await rig.runtime.degrade(["model"])
        assert reply.status == 202
        (answer,) = told(await rig.send(payment(1, 0)))
        return list(answer["degraded"])

    async def again(rig: Rig) -> tuple[Any, Any]:
        (before,) = told(await rig.send(payment(2, 0)))
        await rig.runtime.degrade([])
        (after,) = told(await rig.send(payment(3, 0)))
        return before["degraded"], after["degraded"]

    assert within(tmp_path, use) == ["model"]
    assert within(tmp_path, again) == (["model"], [])


def test_another_bundle_at_a_start_is_a_record_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(rig: Rig) -> Any:
        (answer,) = told(await rig.send(payment(rig.journal.next_seq, 0)))
        return answer["bundle"]

    first = within(tmp_path, use)
    other = tiny()._replace(hash="f" * 64)
    monkeypatch.setattr(Rig, "engine", lambda self: Engine(other, secret=SECRET))
    assert within(tmp_path, use) == "f" * 64
    kinds = [msgspec.json.decode(content)["type"] for content in contents(tmp_path)]
    assert kinds == ["payment", "bundle_activated", "payment"]
    assert first != "f" * 64
    assert msgspec.json.decode(contents(tmp_path)[1])["time"] < NOW_MS


def test_a_dead_letter_is_given_in_again_as_from_whoever_asks_and_kept_once(tmp_path: Path) -> None:
    class Admin:
        key_id = "admin"

    async def use(rig: Rig) -> None:
        wrong = InputError.of_value("amount", -1, "more")
        for _ in range(2):
            await rig.send(wrong)
        assert await rig.runtime.redrive(9, lambda body: payment(1, 0), Admin()) is None
        again = await rig.runtime.redrive(1, lambda body: wrong, Admin())
        assert again is not None
        assert again.status == 422
        late = payment(3, -40 * 86_400_000)
        await rig.send(payment(2, 0))
        refused = await rig.runtime.redrive(1, lambda body: late, Admin())
        assert refused is not None
        assert refused.status == 422
        taken = await rig.runtime.redrive(2, lambda body: payment(1, 0), Admin())
        assert taken is not None
        assert taken.status == 200
        kept = rig.journal.dead_letters()
        assert [(k.id, k.redriven_ms) for k in kept] == [(1, None), (2, NOW_MS)]
        found = rig.journal.find("e1")
        assert found is not None
        assert found.record.sender == "admin"

    within(tmp_path, use)
