"""`bonafide demo --console`: a simulated platform that lives, with the console over it, until somebody stops it."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bonafide.apps.cli.screen import progress_bar, say
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.apps.cli.living import Guest
    from bonafide.lab.simulate import Simulation

SPEED: Final = 600.0
"""Seconds of the platform that pass in one second."""
CARRIED_OUT_EVERY: Final = 20
"""Half seconds between two looks of the platform at what it was asked to do."""
HISTORY_PART: Final = 10_000
TOUR: Final = """Two minutes:
  1. Sign in as ann. The overview shows what is undecided, and decisions as they are made.
  2. Queue: the most urgent case is first. j and k move, Enter opens it.
  3. Why: the reasons of the gravest event. Money and links: who paid whom, dashed where it came home.
  4. Claim and decide: cash-out, confirmed, and ask for "freeze credit" about a user. It waits for a second person.
  5. Sign out, sign in as bob, open the case from "Waiting" in the queue, and confirm it."""


def living_demo(simulation: Simulation, speed: float) -> None:
    """Simulate, serve, let events flow, and say where to look; it ends when somebody stops it.

    Raises UsageError where the console is not installed, StateError where the service does not start.
    """
    from bonafide.apps.cli.living import Living, events_of, flow, split
    from bonafide.apps.console.run import INSTALL, is_installed
    from bonafide.lab.base_rates import EVENTS
    from bonafide.lab.simulated import write_run

    if not is_installed():
        raise UsageError(f"--console: the console takes one step more: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="bonafide-demo-") as folder:
        with progress_bar("Simulating") as bar:
            write_run(simulation, Path(folder), bar)
        before, now = split(events_of(Path(folder) / EVENTS))
        with Living(Path(folder) / "data") as living:
            guests, key = living.guests(), living.key()
            with progress_bar("What came before") as bar:
                for at in range(0, len(before), HISTORY_PART):
                    living.send(key, before[at : at + HISTORY_PART])
                    bar(min(at + HISTORY_PART, len(before)), len(before))
            _invite(living.console(), guests)
            stop = threading.Event()
            threading.Thread(target=_show_codes, args=(guests, stop), daemon=True).start()
            try:
                for tick, due in enumerate(flow(now, speed)):
                    living.send(key, due)
                    if tick % CARRIED_OUT_EVERY == 0:
                        living.carry_out(key)
                say("\nEverything that was simulated has happened; the console stays. Ctrl-C ends it.")
                threading.Event().wait()
            except KeyboardInterrupt:
                say("\nStopping.")
            finally:
                stop.set()


def _invite(url: str, guests: list[Guest]) -> None:
    from bonafide.apps.cli.living import PASSWORD

    print(f"\nThe console: {url}\nPassword of everybody: {PASSWORD}", flush=True)
    for guest in guests:
        print(f"  {guest.name:<5} {guest.role}", flush=True)
    print(f"\n{TOUR}\n\nCtrl-C ends the demo. Codes of their devices, each for one sign-in:", flush=True)


def _show_codes(guests: list[Guest], stop: threading.Event) -> None:
    """The codes of everybody's devices, anew with each: over one another on a terminal, else a line each time."""
    from bonafide.office.people.totp import STEP_MS

    end = "\r" if sys.stdout.isatty() else "\n"
    while not stop.is_set():
        print("  ".join(f"{guest.name} {guest.code()}" for guest in guests), end=end, flush=True)
        left_ms = STEP_MS - time.time_ns() // 1_000_000 % STEP_MS
        stop.wait(left_ms / 1_000 + 0.05)
