"""`bonafide demo --console`: a simulated platform that lives, with the console over it, until somebody stops it."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bonafide.apps.cli.screen import progress_bar, say
from bonafide.core.errors import StateError, UsageError

if TYPE_CHECKING:
    from bonafide.apps.cli.living import Guest, Living
    from bonafide.lab.simulate import Simulation

SPEED: Final = 600.0
"""Seconds of the platform that pass in one second."""
CARRIED_OUT_EVERY: Final = 20
"""Half seconds between two looks of the platform at what it was asked to do."""
HISTORY_PART: Final = 10_000
LETTER: Final = (
    "我买的是给母亲治病的药，有发票和签收记录，请解除。"
    "The order was medicine for my mother; I have the bill and the parcel's receipt. Please lift this."
)
"""What the customer writes whose appeal a visitor finds."""


def living_demo(simulation: Simulation, speed: float) -> None:
    """Simulate, serve, let events flow, and say where to look; it ends when somebody stops it.

    Raises UsageError where the console is not installed, StateError where the service does not start.
    """
    from bonafide.apps.cli.living import Living, events_of, flow, split
    from bonafide.apps.console.run import INSTALL, is_installed
    from bonafide.apps.console.tour import PACE_VARIABLE, read_pace
    from bonafide.lab.base_rates import EVENTS
    from bonafide.lab.simulated import write_run

    if not is_installed():
        raise UsageError(f"--console: the console takes one step more: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="bonafide-demo-") as folder:
        with progress_bar("Simulating") as bar:
            write_run(simulation, Path(folder), bar)
        before, now = split(events_of(Path(folder) / EVENTS))
        pace = Path(folder) / "pace"
        pace.write_text(f"{speed:g}", encoding="ascii")
        with Living(Path(folder) / "data", environment={PACE_VARIABLE: str(pace)}) as living:
            guests, key = living.guests(), living.key()
            with progress_bar("What came before") as bar:
                for at in range(0, len(before), HISTORY_PART):
                    living.send(key, before[at : at + HISTORY_PART])
                    bar(min(at + HISTORY_PART, len(before)), len(before))
            appealed = _open_desk(living, key, guests)
            _invite(living.console(), guests)
            stop = threading.Event()
            threading.Thread(target=_show_codes, args=(guests, stop), daemon=True).start()
            try:
                for tick, due in enumerate(flow(now, lambda: read_pace(pace) or speed)):
                    living.send(key, due)
                    if tick % CARRIED_OUT_EVERY == 0:
                        living.carry_out(key)
                        appealed()
                say("\nEverything that was simulated has happened; the console stays. Ctrl-C ends it.")
                threading.Event().wait()
            except KeyboardInterrupt:
                say("\nStopping.")
            finally:
                stop.set()


def _open_desk(living: Living, key: str, guests: list[Guest]) -> Callable[[], None]:
    """Wait until the office has read what came before, have the platform carry out what it asks for, and one customer
    appeal. What comes back tries that once more, as long as there was no measure to appeal against."""
    say("The office reads what came before ...")
    lawyer, done = living.session(next(guest for guest in guests if guest.role == "legal")), [False]

    def appeal() -> None:
        with suppress(StateError):  # the measure has ended meanwhile; another is found
            done[0] = done[0] or living.hand_in(lawyer, LETTER)

    living.caught_up(lawyer)
    living.carry_out(key)
    appeal()
    return appeal


def _invite(url: str, guests: list[Guest]) -> None:
    from bonafide.apps.cli.living import PASSWORD

    tour = f"{url}/tour"
    print(f"\nA tour of two minutes: {tour}\nSign in as ann; the password of everybody: {PASSWORD}", flush=True)
    for guest in guests:
        print(f"  {guest.name:<5} {guest.role}", flush=True)
    if sys.stdout.isatty() and has_screen(os.environ):
        webbrowser.open(tour)
    print("\nCtrl-C ends the demo. Codes of their devices, each for one sign-in:", flush=True)


def has_screen(environment: Mapping[str, str]) -> bool:
    """Whether a browser that is opened here would be seen.

    >>> has_screen({"DISPLAY": ":0"})
    True
    """
    return sys.platform == "darwin" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _show_codes(guests: list[Guest], stop: threading.Event) -> None:
    """The codes of everybody's devices, anew with each: over one another on a terminal, else a line each time."""
    from bonafide.office.people.totp import STEP_MS

    end = "\r" if sys.stdout.isatty() else "\n"
    while not stop.is_set():
        print("  ".join(f"{guest.name} {guest.code()}" for guest in guests), end=end, flush=True)
        left_ms = STEP_MS - time.time_ns() // 1_000_000 % STEP_MS
        stop.wait(left_ms / 1_000 + 0.05)
