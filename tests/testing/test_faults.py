"""The faults: what strace is told, what its log says, what damage does, and what a child server shows."""

from __future__ import annotations

import os
import signal
import sys
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import StateError
from bonafide.office.journal.lock import WORKER_LOCK_FILE, FolderLock
from bonafide.testing.faults import (
    DAMAGES,
    Injection,
    Launch,
    Server,
    count_calls,
    crash_points,
    damage,
    has_strace,
    plan_damage,
    strace_command,
)  # fmt: skip
from bonafide.testing.faults.calls import CALLS, CrashPoint
from bonafide.testing.faults.damage import SECTOR_BYTES, Damage
from bonafide.testing.faults.unsynced import Lost, forget, unsynced
from bonafide.testing.load import Feed, Ledger, Load, Platform, run_load, singles

STAND_IN = Launch((sys.executable, str(Path(__file__).with_name("stand_in.py"))))
START_MS = 1_767_225_600_000
needs_strace = pytest.mark.skipif(not has_strace(), reason="strace is not installed")


def test_a_kill_is_told_to_strace_and_does_not_use_seccomp() -> None:
    command = strace_command(["serve"], [CrashPoint("fdatasync", 7).injection])
    assert command == [
        "strace", "-D", "-f", "-q", "-y", "-s", "0", "-o", "/dev/null", "-e", "trace=?fdatasync",
        "-e", "inject=?fdatasync:signal=SIGKILL:when=7", "serve",
    ]  # fmt: skip


def test_an_error_stops_the_process_at_the_calls_named_only(tmp_path: Path) -> None:
    injection = Injection(("fsync", "fdatasync"), error="EIO", when="3+")
    command = strace_command(["serve"], [injection], calls=("write", "fsync"), log=tmp_path)
    assert "--seccomp-bpf" in command
    assert "trace=?write,?fsync,?fdatasync" in command
    assert "inject=?fsync,?fdatasync:error=EIO:when=3+" in command
    assert injection.shown() == "EIO at fsync/fdatasync 3+"


def test_calls_are_counted_by_the_thread_that_makes_most() -> None:
    log = [
        "10 write(1</x>, \"\"..., 1) = 1", "11 write(1</x>, \"\"..., 1 <unfinished ...>", "10 fdatasync(3</y>) = 0",
        "11 <... write resumed>) = 1", "11 write(1</x>, \"\"..., 1) = 1", "11 +++ exited with 0 +++",
        "--- SIGTERM {si_signo=SIGTERM} ---",
    ]  # fmt: skip
    assert count_calls(log) == {"fdatasync": 1, "write": 2}


@given(st.dictionaries(st.sampled_from(CALLS), st.integers(1, 500), max_size=6), st.integers(0, 300), st.integers())
def test_crash_points_lie_within_the_counts_and_are_all_different(counts: dict[str, int], n: int, seed: int) -> None:
    points = crash_points(counts, n, seed)
    assert points == crash_points(counts, n, seed)
    assert len(points) == min(n, sum(counts.values()))
    assert len(set(points)) == len(points)
    assert all(1 <= point.nth <= counts[point.call] for point in points)


def test_seldom_calls_are_taken_whole() -> None:
    points = crash_points({"rename": 2, "fdatasync": 900, "write": 900}, 100, seed=1)
    assert sum(point.call == "rename" for point in points) == 2
    assert sum(point.call == "fdatasync" for point in points) == 49


@given(st.binary(min_size=1, max_size=3 * SECTOR_BYTES), st.sampled_from(DAMAGES), st.integers())
def test_damage_changes_what_it_says(content: bytes, kind: str, seed: int) -> None:
    what = plan_damage(len(content), kind, Random(seed))  # type: ignore[arg-type]
    path = Path(f"/proc/self/fd/{os.memfd_create('content')}")
    path.write_bytes(content)
    changed = damage(path, what)
    after = path.read_bytes()
    os.close(int(path.name))
    assert changed == (after != content)
    assert len(after) == (what.offset if kind == "cut" else len(content))
    if kind == "flip":
        assert sum((a ^ b).bit_count() for a, b in zip(content, after)) == 1


def test_damage_reads_as_it_is() -> None:
    assert Damage("flip", 9, bit=3).shown() == "flip at byte 9 bit 3"
    assert Damage("swap", 512, other=0).shown() == "swap at byte 512 with 0"
    assert Damage("cut", 9).shown() == "cut at byte 9"


def test_only_what_a_sync_covered_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    log = [
        f'7 pwrite64(4<{path}>, ""..., 100, 0) = 100',
        f'7 pwrite64(4<{path}>, ""..., 50, 100 <unfinished ...>',
        "7 <... pwrite64 resumed>) = 50",
        f"7 fdatasync(4<{path}> <unfinished ...>",
        f'8 pwrite64(4<{path}>, ""..., 10, 200) = 10',
        "7 <... fdatasync resumed>) = 0",
        f'7 write(4<{path}>, ""..., 5) = 5',
        f"7 fsync(4<{path}>) = -1 EIO (Input/output error) (INJECTED)",
        f'7 write(5<{tmp_path}-beside/x>, ""..., 5) = 5',
    ]
    assert unsynced(log, tmp_path) == [Lost(path, 200, 10), Lost(path, None, 5)]
    path.write_bytes(b"x" * 215)
    assert forget(unsynced(log, tmp_path)) == 15
    assert path.read_bytes() == b"x" * 200 + bytes(15)
    assert forget([Lost(tmp_path / "gone", 0, 5), Lost(path, 500, 5)]) == 0


def loaded(server: Server, events: int = 60) -> Ledger:
    ledger = Ledger()
    feed = Feed(singles(islice(Platform(3, START_MS), events), "k"))
    run_load(lambda: Load(server.port, feed, ledger, connections=2))
    return ledger


@needs_strace
def test_a_server_dies_at_the_chosen_call(tmp_path: Path) -> None:
    with Server(tmp_path / "data", STAND_IN) as server:
        assert server.start([CrashPoint("fdatasync", 20).injection]) is not None
        ledger = loaded(server)
        assert server.wait() == -signal.SIGKILL
        assert ledger.acknowledged == 19


@needs_strace
def test_a_failed_sync_is_what_the_server_sees_and_the_log_shows(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    with Server(tmp_path / "data", STAND_IN) as server:
        injections = [Injection(("fdatasync",), error="EIO", when="20")]
        assert server.start(injections, calls=CALLS, strace_log=log) is not None
        ledger = loaded(server)
        assert server.wait() == 4
        assert "Input/output error" in server.last_words()
        assert ledger.acknowledged == 19
        lost = unsynced(server.calls(log), server.data)
        assert [one.path.name for one in lost] == ["journal.db"]
        assert forget(lost) == lost[0].length


def test_a_server_that_ends_before_it_is_ready_is_told_from_one_that_is(tmp_path: Path) -> None:
    with Server(tmp_path / "data", STAND_IN) as first, Server(tmp_path / "data", STAND_IN) as second:
        assert first.start() is not None
        assert first.rss_bytes() > 0 < first.peak_rss_bytes()
        assert second.start() is None
        assert second.wait() == 4
        assert "another server" in second.last_words()
        assert not second.alive
        assert second.rss_bytes() == 0
        first.signal(signal.SIGTERM)
        assert first.wait() == 0
        assert first.start() is not None


def test_nobody_works_on_a_data_directory_after_its_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data, STAND_IN._replace(environment={"STAYS": "1"})) as server:
        assert server.start() is not None
        server.kill()
        with pytest.raises(StateError, match="is using this data directory"):
            FolderLock(data, WORKER_LOCK_FILE)
    FolderLock(data, WORKER_LOCK_FILE).release()
