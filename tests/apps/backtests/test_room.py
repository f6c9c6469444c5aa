"""Back-tests wait in a bounded line, run one at a time, and what came of the last ones is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bonafide.apps.backtests.room import KEPT_MAX, WAITING_MAX, Room, Shown
from bonafide.apps.backtests.told import BACKTESTS, FIGURES, Progress, report_name
from bonafide.core.errors import MissingError
from bonafide.office.bundles.errors import NotNowError

WAIT_S = 30.0


class Runner:
    """Stands in for the process: waits until it is let go, then writes what one writes, or fails."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.has_begun = threading.Event()
        self.go = threading.Semaphore(0)
        self.told: str | None = None
        self.fault: Exception | None = None

    def __call__(
        self, data: Path, name: str, tell: Callable[[Progress], None], stop: threading.Event
    ) -> str | None:  # fmt: skip
        self.begun.append(name)
        self.has_begun.set()
        tell(Progress("log", 1, 2))
        assert self.go.acquire(timeout=WAIT_S) or stop.is_set()
        if self.fault is not None:
            raise self.fault
        folder = data / BACKTESTS / name
        (folder / FIGURES).write_text('{"events": 1}', encoding="utf-8")
        (folder / report_name("en")).write_text("<p>", encoding="utf-8")
        return self.told


class Place:
    """A room with a runner and a clock."""

    def __init__(self, data: Path) -> None:
        self.data, self.runner, self.now = data, Runner(), 0
        self.room = Room(data, self.runner, self.tick)

    def tick(self) -> int:
        self.now += 1
        return self.now

    def ask(self, files: dict[str, bytes] | None = None) -> str:
        return self.room.ask("ann", "a" * 64, "b" * 64, "mine", files).asked.id

    def ended(self, name: str) -> Shown:
        """Let one go and wait until it has ended."""
        self.runner.go.release()
        waited = threading.Event()
        for _ in range(int(WAIT_S * 200)):
            found = self.room.one(name)
            if found.ended is not None:
                return found
            waited.wait(0.005)
        raise AssertionError("it did not end")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    for _ in range(WAITING_MAX + 2):
        found.runner.go.release()
    found.room.stop()


def test_they_run_one_at_a_time_in_the_order_in_which_they_were_asked_for(place: Place) -> None:
    names = [place.ask() for _ in range(WAITING_MAX + 1)]
    with pytest.raises(NotNowError, match="wait already"):
        place.ask()
    for name in names:
        assert place.room.figures(name) is None
        assert place.ended(name).state == "done"
        assert place.room.figures(name) == {"events": 1}
        assert place.room.report(name, "en") == b"<p>"
    assert place.runner.begun == names
    assert [one.asked.id for one in place.room.all()] == names[::-1]


def test_one_that_fails_says_why_and_keeps_none_after_it_from_running(place: Place) -> None:
    place.runner.told = "too large"
    found = place.ended(place.ask())
    assert (found.state, found.ended and found.ended.told) == ("failed", "too large")
    place.runner.told, place.runner.fault = None, RuntimeError("in its text stands what nobody is told")
    found = place.ended(place.ask())
    assert (found.state, found.ended and found.ended.told) == ("failed", "it failed (RuntimeError)")
    with pytest.raises(MissingError):
        place.room.report(found.asked.id, "en")
    place.runner.fault = None
    assert place.ended(place.ask()).state == "done"


def test_what_was_asked_survives_the_service_and_says_that_it_was_cut_short(place: Place) -> None:
    done, waiting = place.ask({"rules.yaml": b"[]", "lists/a.txt": b"x"}), place.ask()
    assert place.ended(done).state == "done"
    later = Room(place.data, place.runner)
    assert later.one(done).state == "done"
    cut = later.one(waiting)
    assert (cut.state, "the service ended" in (cut.ended.told if cut.ended else "")) == ("failed", True)
    assert (place.data / BACKTESTS / done / "bundle" / "lists" / "a.txt").read_bytes() == b"x"
    assert (place.data / BACKTESTS).stat().st_mode & 0o777 == 0o700
    for nobody in ("f" * 16, "..", "features"):
        with pytest.raises(MissingError):
            later.one(nobody)


def test_one_is_ended_early_whether_it_runs_or_waits(place: Place) -> None:
    runs, waits, after = place.ask(), place.ask(), place.ask()
    assert place.runner.has_begun.wait(WAIT_S)
    assert place.room.end(waits, "bob").state == "queued"
    place.room.end(runs, "ann")
    for name, who in ((runs, "ann"), (waits, "bob")):
        found = place.ended(name)
        assert (found.state, found.ended and found.ended.told) == ("failed", f"{who} ended it")
    assert place.ended(after).state == "done"
    assert place.runner.begun == [runs, after]
    with pytest.raises(NotNowError, match="has ended"):
        place.room.end(runs, "ann")


def test_the_oldest_go_first(place: Place) -> None:
    names = []
    for _ in range(KEPT_MAX + 2):
        names.append(place.ask())
        place.ended(names[-1])
    place.ended(place.ask())  # by now the ones before have been cleared away
    kept = {one.asked.id for one in place.room.all()}
    assert len(kept) in (KEPT_MAX, KEPT_MAX + 1)
    assert names[0] not in kept
    assert names[-1] in kept
