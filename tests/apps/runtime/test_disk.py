"""What else the disk and the system may refuse while the runtime works: nothing of it ends in silence."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from bonafide.apps.runtime import snapshots
from bonafide.apps.runtime.runtime import Limits
from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.journal.errors import JournalFullError
from bonafide.office.journal.journal import Journal
from tests.apps.runtime.rig import Rig, within
from tests.engine.kit import payment

WAIT_S = 10.0


def full(*given: Any, **named: Any) -> Any:
    raise JournalFullError("the disk is full")


def test_a_disk_too_full_to_drop_old_dead_letters_stops_no_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(rig: Rig) -> None:
        monkeypatch.setattr(Journal, "expire", full)
        for number in range(3):
            (reply,) = await rig.send(payment(number, 0))
            assert reply.status == 200
        assert rig.runtime.state == "ready"

    within(tmp_path, use, Limits(deadline_ms=2_000))


def test_a_disk_that_fills_while_it_stops_ends_the_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(rig: Rig) -> None:
        monkeypatch.setattr(Journal, "append", full)
        waiting = asyncio.create_task(rig.send(payment(1, 0)))
        await asyncio.sleep(0)  # it is in the line, and the disk is found full only once the stop has begun
        await asyncio.wait_for(rig.runtime.stop(), WAIT_S)
        assert (await waiting)[0].status == 503
        assert not rig.ended

    within(tmp_path, use, Limits(deadline_ms=60_000))


def test_where_no_process_can_be_made_decisions_go_on_without_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fork() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("os.fork", no_fork)

    async def use(rig: Rig) -> None:
        for number in range(6):
            (reply,) = await rig.send(payment(number, 0))
            assert reply.status == 200
        assert not rig.ended
        assert 2 <= len([said for said in rig.said if "no snapshot was begun" in said]) <= 3

    within(tmp_path, use, Limits(snapshot_every_events=2, deadline_ms=2_000))


def test_a_snapshot_for_which_there_is_no_room_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*given: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(snapshots, "sync", no_room)

    async def use(rig: Rig) -> None:
        for number in range(3):
            await rig.send(payment(number, 0))

    within(tmp_path, use, Limits(snapshot_every_events=2))  # one in a child, and one at the stop
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_snapshot_beyond_the_log_gives_way_to_those_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    for name in ("900", "901"):  # of a journal that was longer, before an older one was put back
        (tmp_path / "snapshots" / f"{name}.snapshot").write_bytes(b"none")

    async def use(rig: Rig) -> None:
        for number in range(6):
            await rig.send(payment(number, 0))
        assert rig.runtime.figures.snapshots

    within(tmp_path, use, Limits(snapshot_every_events=2))
    left = sorted(int(path.stem) for path in (tmp_path / "snapshots").iterdir())
    assert left[-1] == 6
    assert not {900, 901} & set(left)


def test_it_ends_also_where_nobody_can_be_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*given: Any, **named: Any) -> None:
        raise RuntimeError

    async def use(rig: Rig) -> None:
        monkeypatch.setattr(rig.runtime, "_say", cannot)
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "append", cannot)
            asked = asyncio.create_task(rig.send(payment(1, 0)))
            async with asyncio.timeout(WAIT_S):
                while not rig.ended:
                    await asyncio.sleep(0.01)
            asked.cancel()

    within(tmp_path, use, Limits(deadline_ms=60_000))


def test_a_kept_bundle_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[tuple[int, int]] = set()
    fsync = os.fsync

    def note(descriptor: int) -> None:
        found = os.fstat(descriptor)
        synced.add((found.st_dev, found.st_ino))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", note)
    kept = keep_bundle(find_bundle("paylater"), tmp_path, shipped_bundle("paylater").hash)
    for path in (kept, *kept.rglob("*"), kept.parent):
        found = path.stat()
        assert (found.st_dev, found.st_ino) in synced, path
