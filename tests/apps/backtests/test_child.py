"""The process of a back-test: what it says comes back, it ends when told to, and it never outlives the service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from bonafide.apps.backtests import child
from bonafide.apps.backtests.child import run_child
from bonafide.apps.backtests.told import BACKTESTS, FIGURES, Progress
from tests.apps.backtests.test_run import Log, payments

pytestmark = pytest.mark.drill
PATIENCE_S = 60.0
T = TypeVar("T")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    found = Log(tmp_path)
    found.add(payments(0, 300))
    return found


def test_it_comes_to_its_end_and_says_how_far_it_is(log: Log) -> None:
    name, said = log.ask(), list[Progress]()
    assert run_child(log.data, name, said.append, threading.Event()) is None
    assert said[0].stage == "log"
    assert (log.data / BACKTESTS / name / FIGURES).is_file()


def test_what_is_wrong_is_its_last_word(log: Log) -> None:
    name = log.ask()
    (log.data / BACKTESTS / name / "bundle" / "rules.yaml").write_text("- nonsense\n", encoding="utf-8")
    told = run_child(log.data, name, lambda progress: None, threading.Event())
    assert told is not None
    assert "rules.yaml" in told
    assert str(log.data) not in told


def test_one_that_is_told_to_end_or_takes_too_long_is_ended(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    stop.set()
    told = run_child(log.data, log.ask(), lambda progress: None, stop)
    assert told is not None
    assert "ended with -9" in told
    monkeypatch.setattr(child, "TIMEOUT_S", 0.0)
    told = run_child(log.data, log.ask(), lambda progress: None, threading.Event())
    assert told is not None
    assert "took longer" in told


def test_it_ends_with_the_service_even_where_that_is_killed(log: Log) -> None:
    program = (
        "import sys, threading\nfrom pathlib import Path\nfrom bonafide.apps.backtests.child import run_child\n"
        "run_child(Path(sys.argv[1]), sys.argv[2], lambda told: None, threading.Event())"
    )
    service = subprocess.Popen([sys.executable, "-c", program, str(log.data), log.ask()])
    try:
        ours = waited_for(lambda: children(service.pid))
        service.send_signal(signal.SIGKILL)
        service.wait(PATIENCE_S)
        waited_for(lambda: not any(map(is_alive, ours)))
    finally:
        service.kill()
        service.wait(PATIENCE_S)


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in told.read_text().split()] if told.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def waited_for(ask: Callable[[], T]) -> T:
    """What a question gives once it gives something."""
    ends = time.monotonic() + PATIENCE_S
    while not (found := ask()):
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.05)
    return found
