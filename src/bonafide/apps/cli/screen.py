"""What people see: progress and messages on stderr, results on stdout; and one way to end a command."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bonafide.core.errors import BonafideError, ConfigError, InputError, StateError, UsageError

messages = Console(stderr=True, highlight=False, soft_wrap=True)
_PLAIN_EVERY_S = 5.0
"""How often progress is told where no terminal can show a bar."""


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    NO = 1
    USAGE = 2
    REFUSED = 3
    STOPPED = 4


_EXIT_OF: dict[type[BonafideError], Exit] = {
    UsageError: Exit.USAGE, ConfigError: Exit.USAGE, InputError: Exit.REFUSED, StateError: Exit.STOPPED
}  # fmt: skip


def say(text: str) -> None:
    """A message for the person at the terminal."""
    messages.print(text, markup=False)


def show_json(result: Any) -> None:
    """The one JSON object of `--json`."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(error: BonafideError) -> NoReturn:
    """End the command with an error's sentence and exit code."""
    say(f"bonafide: {error}")
    code = next((code for kind, code in _EXIT_OF.items() if isinstance(error, kind)), Exit.NO)
    raise typer.Exit(code)


@contextmanager
def errors_told() -> Iterator[None]:
    """Ends the command in one sentence where an error of ours or of the file system comes out of the block."""
    try:
        yield
    except BonafideError as error:
        fail(error)
    except OSError as error:
        say_refused(error)
        raise typer.Exit(Exit.STOPPED) from None


def say_refused(error: OSError) -> None:
    """What the operating system did not do, and the way out."""
    name = f"{error.filename}: " if error.filename else ""
    told = "what was written so far is incomplete; make room or choose another place, and run it again"
    say(f"bonafide: {name}{error.strerror or error}; {told}")


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float, float], None]]:
    """A bar with time left on a terminal, a line now and then elsewhere. Yields a function of (done, total)."""
    if messages.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                   TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())  # fmt: skip
        with Progress(*columns, console=messages, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    say(f"{title} ...")
    begun = told = time.monotonic()

    def tell(done: float, total: float) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _PLAIN_EVERY_S and 0 < done < total:
            told = now
            left = (now - begun) * (total - done) / done
            say(f"{title}: {100 * done / total:.0f} %, about {left:.0f} s left")

    yield tell


@contextmanager
def stages_shown(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Named stages with the time that passes. Yields a function of (name, number from 0, how many)."""
    if not messages.is_terminal:
        say(title)
        yield lambda name, number, total: say(f"  {number + 1}/{total} {name}")
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=messages) as shown:
        task = shown.add_task(title, total=None)
        yield lambda name, number, total: shown.update(task, description=f"{title} {number + 1}/{total} {name}")
