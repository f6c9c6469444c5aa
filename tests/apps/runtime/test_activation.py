"""Another bundle while it decides: each decision has one, the log says which, and a crash leaves the old or the new."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.runtime import control
from bonafide.apps.runtime.activation import NotNowError, bundle_at
from bonafide.apps.runtime.jobs import Overloaded
from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.core.errors import StateError
from bonafide.core.events import BundleActivated, Fact, ListChanged
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import Engine
from bonafide.office.journal.errors import JournalFullError
from bonafide.office.journal.journal import Journal
from tests.apps.runtime.rig import LIMITS, Rig, told, within
from tests.engine.kit import SECRET, payment
from tests.engine.tiny import TINY, login, payout, tiny

NEW_FEATURE = "- {name: merchant_sum_2h, event: payment, by: merchant_id, take: sum, of: amount, over: 2h}\n"
NEW_RULE = (
    "- {id: BUSY, when: merchant_sum_2h > 300, typology: cash_out_merchant, weight: 0.6, reason: RC2, source: t}\n"
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bundle]:
    """Makes bundles that differ from the tiny one, and has the rig find them."""
    monkeypatch.setattr(Rig, "bundles", {})

    def make(name: str, *, replace: tuple[str, str, str] | None = None, more: dict[str, str] | None = None) -> Bundle:
        folder = tmp_path / "made" / name
        shutil.copytree(TINY, folder)
        for file, text in (more or {}).items():
            (folder / file).write_text((folder / file).read_text() + text)
        if replace is not None:
            file, was, now = replace
            text = (folder / file).read_text()
            assert was in text
            (folder / file).write_text(text.replace(was, now))
        bundle = load_bundle(folder)
        Rig.bundles[bundle.hash] = bundle
        return bundle

    return make


def lighter(make: Callable[..., Bundle], weight: str) -> Bundle:
    """A bundle whose first rule weighs something else."""
    return make(f"w{weight}", replace=("rules.yaml", "weight: 0.4", f"weight: {weight}"))


def wider(make: Callable[..., Bundle]) -> Bundle:
    """A bundle that needs more than is kept."""
    return make("wider", more={"features.yaml": NEW_FEATURE, "rules.yaml": NEW_RULE})


async def activate(rig: Rig, bundle: Bundle) -> int:
    return await asyncio.get_running_loop().run_in_executor(None, rig.runtime.activate, bundle, "person:cy")


def some(first: int, count: int = 4) -> list[Fact]:
    return [payment(i, i * 60_000, amount=100 + 17 * i) for i in range(first, first + count)]


def log_of(folder: Path) -> tuple[list[Any], list[Any], tuple[tuple[int, str], ...]]:
    """The events, the answers, and what came into force, as a journal has them."""
    journal = Journal.open(folder)
    try:
        records = [record for _, records in journal.commits() for record in records]
        events = [msgspec.json.decode(record.content) for record in records]
        return events, [msgspec.json.decode(record.answer) for record in records], journal.head.activations
    finally:
        journal.close()


def check_pinned(folder: Path) -> None:
    """Every decision says the bundle that the log's records have in force at its place."""
    events, answers, activations = log_of(folder)
    force = activations[0][1]
    for seq, (event, answer) in enumerate(zip(events, answers)):
        assert bundle_at(activations, seq) == force
        if "bundle" in answer:
            assert answer["bundle"] == force, seq
        if event["type"] == "bundle_activated":
            force = event["bundle"]
    assert activations[-1] == (activations[-1][0], force)


def slow_twin(parts: Sequence[tuple[Bundle, Sequence[Fact]]]) -> list[Any]:
    """What fresh engines say that took in all before: no swap, no warming."""
    before: list[Fact] = []
    said = []
    for bundle, events in parts:
        engine = Engine(bundle, secret=SECRET)
        engine.take_in(before)
        said += [msgspec.json.decode(answer.body) for answer in engine.answer(list(events))]
        before += events
    return said


def without_place(answers: Sequence[Any]) -> list[Any]:
    """Control records take places of their own, which the slow twin does not see."""
    return [{k: v for k, v in answer.items() if k not in ("seq", "digest")} for answer in answers]


def test_a_bundle_that_fits_decides_from_the_next_event_on(tmp_path: Path, made: Callable[..., Bundle]) -> None:
    other, wide = lighter(made, "0.7"), wider(made)

    async def use(rig: Rig) -> list[Any]:
        answers = await rig.send(*some(0), login(90, 0))
        assert await activate(rig, other) == 6
        answers += await rig.send(*some(4))
        assert rig.runtime.figures.switch_seconds.number == 1
        assert await activate(rig, wide) == 11
        answers += await rig.send(*some(8))
        assert await activate(rig, wide) == 11  # it is in force already
        return told(answers)

    got = within(tmp_path / "data", use)
    wanted = slow_twin([(tiny(), [*some(0), login(90, 0)]), (other, some(4)), (wide, some(8))])
    assert without_place(got) == without_place(wanted)
    events, _, activations = log_of(tmp_path / "data")
    assert [(e["bundle"], e["by"]) for e in events if e["type"] == "bundle_activated"] == [
        (other.hash, "person:cy"), (wide.hash, "person:cy"),
    ]  # fmt: skip
    assert activations == ((0, tiny().hash), (6, other.hash), (11, wide.hash))
    check_pinned(tmp_path / "data")


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_start_goes_on_with_what_decided_last_and_answers_the_same(
    tmp_path: Path, made: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch, snapshots: bool
) -> None:  # fmt: skip
    other, wide = lighter(made, "0.7"), wider(made)

    async def first(rig: Rig) -> None:
        await rig.send(*some(0))
        await activate(rig, wide)
        await rig.send(*some(4))
        await activate(rig, other)  # what is kept has the shape of the wide one still
        await rig.send(*some(8))

    async def second(rig: Rig) -> list[Any]:
        assert rig.runtime.recovered is not None
        assert rig.runtime.recovered.snapshot_seq == (14 if snapshots else 0)
        assert rig.runtime.bundle.hash == other.hash
        return told(await rig.send(*some(12)))

    within(tmp_path / "data", first)
    if not snapshots:
        shutil.rmtree(tmp_path / "data" / "snapshots")
    monkeypatch.setattr(Rig, "engine", lambda self: Engine(other, secret=SECRET))
    got = within(tmp_path / "data", second)
    assert without_place(got) == without_place(
        slow_twin([(tiny(), some(0)), (wide, some(4)), (other, some(8)), (other, some(12))])[-4:]
    )
    check_pinned(tmp_path / "data")


def test_a_start_with_another_bundle_that_needs_more_is_an_activation(
    tmp_path: Path, made: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = wider(made)

    async def use(rig: Rig) -> list[Any]:
        return told(await rig.send(*some(rig.journal.next_seq)))

    within(tmp_path / "data", use)
    monkeypatch.setattr(Rig, "engine", lambda self: Engine(wide, secret=SECRET))
    got = within(tmp_path / "data", use)
    assert without_place(got) == without_place(slow_twin([(wide, some(0)), (wide, some(5))])[-4:])
    check_pinned(tmp_path / "data")


def test_twenty_swaps_under_load_lose_nothing_and_mix_nothing(tmp_path: Path, made: Callable[..., Bundle]) -> None:
    bundles = [lighter(made, f"0.{i}") for i in range(11, 15)] + [wider(made)]

    async def load(rig: Rig, first: int) -> int:
        count = 0
        for start in range(first, first + 600, 20):
            replies = await rig.send(*(payment(i, i * 100, user_id=f"u{i % 7}") for i in range(start, start + 20)))
            count += sum(reply.status == 200 for reply in replies)
        return count

    async def use(rig: Rig) -> int:
        loads = [asyncio.create_task(load(rig, 10_000 * i)) for i in range(3)]
        for i in range(20):
            await activate(rig, bundles[i % len(bundles)])
            await asyncio.sleep(0)
        return sum([await one for one in loads])

    assert within(tmp_path / "data", use, Limits(deadline_ms=60_000)) == 1_800
    events, _, activations = log_of(tmp_path / "data")
    assert len(activations) == 21
    assert sum(event["type"] == "payment" for event in events) == 1_800
    check_pinned(tmp_path / "data")


def test_a_bundle_under_which_other_events_count_does_not_take_over(
    tmp_path: Path, made: Callable[..., Bundle]
) -> None:  # fmt: skip
    narrow = made("narrow", replace=("bundle.yaml", "lateness: 2d", "lateness: 1h"))

    async def use(rig: Rig) -> None:
        await rig.send(payment(0, 0), payment(1, -2 * 3_600_000))
        with pytest.raises(NotNowError, match="lateness"):
            await activate(rig, narrow)
        (answer,) = told(await rig.send(payment(2, 1)))
        assert answer["bundle"] == tiny().hash

    within(tmp_path / "data", use)
    assert len(log_of(tmp_path / "data")[0]) == 3


class Killed(BaseException):
    pass


def crash(folder: Path, bundle: Bundle, arm: Callable[[], None]) -> None:
    """Activate a bundle in a process that dies where `arm` has it die; what is on disk stays as it was then."""

    async def run() -> None:
        rig = Rig(folder, LIMITS)
        rig.runtime.start()
        rig.runtime.run(asyncio.get_running_loop())
        await rig.send(*some(0))
        arm()
        with pytest.raises(StateError):
            await activate(rig, bundle)
        rig.runtime._thread.join()
        assert rig.ended == [4]
        rig.runtime._sweeper.cancel()
        rig.journal.close()

    asyncio.run(run())


@pytest.mark.parametrize("shape", ["fits", "needs more"])
@pytest.mark.parametrize("point", ["before the record", "before the commit", "behind the commit", "before it decides"])
def test_a_crash_leaves_the_old_or_the_new_and_never_both(
    tmp_path: Path, made: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch, point: str, shape: str
) -> None:
    bundle = lighter(made, "0.7") if shape == "fits" else wider(made)
    append, data = Journal.append, tmp_path / "data"

    def die(*args: Any, **named: Any) -> Any:
        raise Killed

    def die_behind(self: Journal, *args: Any, **named: Any) -> None:
        append(self, *args, **named)
        raise Killed

    def arm() -> None:
        where: dict[str, tuple[Any, str, Any]] = {
            "before the record": (control, "make_sure", die), "before the commit": (Journal, "append", die),
            "behind the commit": (Journal, "append", die_behind), "before it decides": (control, "take_over", die),
        }  # fmt: skip
        monkeypatch.setattr(*where[point])

    crash(data, bundle, arm)
    monkeypatch.undo()
    monkeypatch.setattr(Rig, "bundles", {bundle.hash: bundle, tiny().hash: tiny()})
    is_new = point in ("behind the commit", "before it decides")
    events, _, activations = log_of(data)
    assert [e["type"] for e in events[4:]] == (["bundle_activated"] if is_new else [])
    assert activations[-1][1] == (bundle.hash if is_new else tiny().hash)
    # The next start is told what the log says, as `bonafide serve` tells it.
    in_force = bundle if is_new else tiny()
    monkeypatch.setattr(Rig, "engine", lambda self: Engine(in_force, secret=SECRET))

    async def use(rig: Rig) -> list[Any]:
        return told(await rig.send(*some(4)))

    got = within(data, use)
    assert without_place(got) == without_place(slow_twin([(tiny(), some(0)), (in_force, some(4))])[-4:])
    check_pinned(data)


def test_an_engine_that_is_made_anew_decides_under_the_bundle_in_force(
    tmp_path: Path, made: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = lighter(made, "0.7")
    answer_and_write, failing = Engine.answer_and_write, [True]

    def fail(self: Engine, events: Sequence[Fact], *args: Any) -> Any:
        if any(event.event_id == "e7" for event in events):
            raise ZeroDivisionError
        return answer_and_write(self, events, *args)

    async def use(rig: Rig) -> list[Any]:
        await rig.send(*some(0))
        await activate(rig, other)
        monkeypatch.setattr(Engine, "answer_and_write", fail)
        replies = await rig.send(*some(4, 5))
        assert [reply.status for reply in replies].count(200) == 4
        return told(reply for reply in replies if reply.status == 200)  # type: ignore[arg-type]

    assert failing
    assert {answer["bundle"] for answer in within(tmp_path / "data", use)} == {other.hash}


def test_while_the_disk_is_full_an_activation_waits(
    tmp_path: Path, made: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bonafide.apps.runtime.runtime.RETRY_S", 0.01)
    other, append, full = lighter(made, "0.7"), Journal.append, [True]

    def fill(self: Journal, *args: Any, **named: Any) -> None:
        if full[0]:
            raise JournalFullError("the disk is full")
        append(self, *args, **named)

    async def use(rig: Rig) -> None:
        await rig.send(payment(0, 0))
        monkeypatch.setattr(Journal, "append", fill)
        waiting = asyncio.create_task(activate(rig, other))
        while rig.runtime.state != "read-only":
            await asyncio.sleep(0)
        full[0] = False
        assert await waiting == 2
        (answer,) = told(await rig.send(payment(1, 1)))
        assert answer["bundle"] == other.hash

    within(tmp_path / "data", use)
    check_pinned(tmp_path / "data")


def test_a_control_record_is_written_once(tmp_path: Path) -> None:
    def change(time: int) -> Fact:
        return ListChanged(event_id="list_changed:1", time=time, list="block", action="add", entry="~00000000000000ff")

    async def use(rig: Rig) -> list[int]:
        await rig.send(payout(0, 5))
        note = rig.runtime.note
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(None, note, "list_changed:1", change) for _ in range(2)]

    assert within(tmp_path, use) == [1, 1]
    assert [event["type"] for event in log_of(tmp_path)[0]] == ["payout", "list_changed"]


def test_who_asks_while_it_stops_is_told(tmp_path: Path, made: Callable[..., Bundle]) -> None:
    other = lighter(made, "0.7")

    async def use(rig: Rig) -> Runtime:
        await rig.send(payment(0, 0))
        return rig.runtime

    runtime = within(tmp_path / "data", use)
    with pytest.raises(Overloaded):
        runtime.activate(other)
    with pytest.raises(Overloaded, match="stopping"):
        runtime._control._in_turn(lambda: 1)


def test_a_record_that_names_no_kept_bundle_stops_the_start(tmp_path: Path, made: Callable[..., Bundle]) -> None:
    other = lighter(made, "0.7")

    async def use(rig: Rig) -> None:
        await rig.send(payment(0, 0))
        await activate(rig, other)

    within(tmp_path, use)
    shutil.rmtree(tmp_path / "snapshots")
    journal = Journal.open(tmp_path)
    runtime = Runtime(lambda: Engine(tiny(), secret=SECRET), journal, tmp_path, LIMITS, wall_ms=lambda: 0)
    with pytest.raises(StateError, match="is not kept here"):
        runtime.start()
    journal.close()
    assert BundleActivated.decided is False
