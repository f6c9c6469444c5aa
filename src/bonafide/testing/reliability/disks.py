"""Disks that fail, fill up, or may not be written to."""

from __future__ import annotations

import http.client
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from bonafide.testing.faults.calls import CALLS, SYNCS, WRITES, count_calls
from bonafide.testing.faults.disks import MOUNT_REFUSED, can_mount, remount, small_disk
from bonafide.testing.faults.injection import STRACE_MISSING, Injection, has_strace
from bonafide.testing.faults.unsynced import forget, unsynced
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import Site

CANNOT_GO_ON: Final = 4
"""The exit code of a server that cannot go on."""
DISK_BYTES: Final = 256 << 20
FREE_BYTES: Final = (4 << 20, 24 << 20)
RESUME_S: Final = 15.0
EVENTS: Final = 1_500


def failing_sync(setting: Setting) -> Row:
    """A sync says EIO, once or from then on; what it did not sync is zeroed before the restart."""
    row = Row(
        "failing sync", "fsync and fdatasync answer EIO at a call of chance, once or for good; unsynced writes zeroed"
    )
    random = setting.random("sync")
    log = setting.folder / "sync.log"
    most = max((count for call, count in _counted(setting).items() if call in SYNCS), default=1)
    lived = 0
    with setting.site(row, "sync", often=True) as site:
        for trial in range(setting.trials(60, 4)):
            when = f"{random.randint(1, most)}{'+' if trial % 2 else ''}"
            if site.start([Injection(SYNCS, error="EIO", when=when)], calls=CALLS, strace_log=log):
                row.failed += not site.check().good
                site.load(events=EVENTS)
            lived += site.server.alive
            if site.server.alive:
                site.server.kill()
            elif (code := site.server.wait()) != CANNOT_GO_ON:
                row.broke(f"exit {code} after EIO at sync {when}: {site.server.last_words(1)}")
            forget(unsynced(site.server.calls(log), site.data))
            row.trials += 1
        _finish(site)
    row.note(
        f"in {lived} of {row.trials} the server went on: the call was not reached, or what it synced is only a cache"
    )
    return row


def full(setting: Setting) -> Row:
    """A disk fills up under load, and is given room again."""
    row = Row("disk full", "tmpfs with a few MB left; room is made while the server runs", "disks filled")
    random = setting.random("full")
    resumed_ms: list[float] = []
    for trial in range(setting.trials(10, 1)):
        folder = setting.folder / f"full-{trial}"
        folder.mkdir()
        with (
            small_disk(folder, DISK_BYTES) as disk,
            setting.site(row, f"full-{trial}-site", data=disk / "data") as site,
        ):
            site.start()
            ballast = _fill(disk, random.randint(*FREE_BYTES))
            _until_full(site)
            took_s = _resumed(site, ballast)
            if took_s is None:
                row.broke(f"not ready {RESUME_S:.0f} s after room was made: {site.server.last_words(1)}")
            else:
                resumed_ms.append(took_s * 1e3)
                site.load(events=EVENTS)
            row.failed += not site.check().good
            site.server.kill()
            row.failed += not site.check_log().good
            row.trials += 1
    if resumed_ms:
        row.note(f"ready again at most {max(resumed_ms):.0f} ms after room was made")
    return row


def read_only(setting: Setting) -> Row:
    """Started on a disk that is read-only, and writes that fail with EROFS while it runs."""
    row = Row(
        "read-only disk", "started on a disk mounted read-only; EROFS from a write of chance on, or ENOSPC for some"
    )
    random = setting.random("read-only")
    if can_mount():
        _started_read_only(setting, row)
    else:
        row.note(f"not started on a read-only disk: {MOUNT_REFUSED}")
    with setting.site(row, "erofs") as site:
        for trial in range(setting.trials(40, 2)):
            first = random.randint(1, 200)
            error, when = ("EROFS", f"{first}+") if trial % 2 == 0 else ("ENOSPC", f"{first}..{first + 30}")
            writes = [name for name in WRITES if name.startswith("p")]
            if site.start([Injection(tuple(writes), error=error, when=when)]):
                row.failed += not site.check().good
                site.load(events=EVENTS, seconds=5.0)
            if not site.server.alive and (code := site.server.wait()) != CANNOT_GO_ON:
                row.broke(f"exit {code} after {error} at writes {when}: {site.server.last_words(1)}")
            site.server.kill()
            row.trials += 1
        _finish(site)
    return row


def _started_read_only(setting: Setting, row: Row) -> None:
    folder = setting.folder / "read-only"
    folder.mkdir()
    with small_disk(folder, DISK_BYTES) as disk, setting.site(row, "read-only-site", data=disk / "data") as site:
        site.start()
        site.load(events=EVENTS)
        site.server.signal(signal.SIGTERM)
        site.server.wait()
        remount(disk, read_only=True)
        if site.start():
            site.server.kill()
            row.broke("started on a read-only disk")
        elif (code := site.server.wait()) != CANNOT_GO_ON:
            row.broke(f"exit {code} on a read-only disk: {site.server.last_words(1)}")
        remount(disk, read_only=False)
        row.trials += 1
        _finish(site)


def _counted(setting: Setting) -> dict[str, int]:
    log = setting.folder / "sync.log"
    with setting.site(Row("counted", ""), "sync-counted", often=True) as site:
        site.start(calls=SYNCS, strace_log=log)
        site.load(events=EVENTS)
        site.server.kill()
        return count_calls(site.server.calls(log))


def _fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes on the disk."""
    ballast = disk / "ballast"
    told = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, told.f_bavail * told.f_frsize - left))
    return ballast


def _until_full(site: Site) -> None:
    """Load until the server says that it does not take events any more; it must say so, and still answer questions."""
    refused = site.ledger.refused
    before = refused[503]
    deadline = perf_counter() + 120.0
    while site.server.alive and refused[503] < before + 16 and perf_counter() < deadline:
        site.load(seconds=1.0)
    if not site.server.alive:
        site.row.broke(f"exit {site.server.wait()} on a full disk: {site.server.last_words(1)}")
    elif refused[503] == before:
        site.row.broke("the disk never filled up")
    elif _status(site, "/readyz") == 200:
        site.row.broke("/readyz says ready while the disk is full")
    elif _status(site, "/healthz") != 200:
        site.row.broke("/healthz does not answer while the disk is full")


def _resumed(site: Site, ballast: Path) -> float | None:
    ballast.unlink()
    return waited(lambda: _status(site, "/readyz") == 200, RESUME_S)


def waited(holds: Callable[[], bool], seconds: float) -> float | None:
    """How many seconds it took until something held; None when it did not in time."""
    began = perf_counter()
    while not holds():
        if perf_counter() - began > seconds:
            return None
        sleep(0.02)
    return perf_counter() - began


def _status(site: Site, path: str) -> int:
    with suppress(OSError, http.client.HTTPException), site.ask() as asker:
        return asker.get(path).status
    return 0


def _finish(site: Site) -> None:
    """A last start without faults, and the comparison of the whole log."""
    site.start(recovery=True)
    site.load(events=EVENTS // 4)
    site.check()
    site.server.kill()
    site.check_log()


def _no_strace() -> str:
    return "" if has_strace() else STRACE_MISSING


def _no_mount() -> str:
    return "" if can_mount() else MOUNT_REFUSED


DRILLS: Final = (
    Drill("sync", failing_sync, _no_strace), Drill("full", full, _no_mount), Drill("readonly", read_only, _no_strace),
)  # fmt: skip
