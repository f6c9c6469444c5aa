"""A simulated platform that lives: a service of its own, people who may sign in, and events that flow into it.

What `bonafide demo --console` shows, and what pictures of the console are taken of. Everything goes over HTTP, as it
would on a platform; the events' times are moved so that the last of them is now.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import polars as pl

from bonafide.core.errors import StateError
from bonafide.core.moment import DAY_MS
from bonafide.core.secret import unprinted
from bonafide.lab.log_files import scan_log
from bonafide.office.people.totp import STEP_MS, code_at

BATCH: Final = 500
START_S: Final = 120.0
END_S: Final = 20.0
LIVE_DAYS: Final = 2
"""So much of the run flows while somebody looks; what came before is taken in as fast as it goes."""
TICK_S: Final = 0.5
CATCH_UP_S: Final = 60.0
LOOK_EVERY_S: Final = 2.0
PEOPLE: Final = (("ann", "analyst"), ("bob", "senior"), ("lee", "legal"), ("cy", "admin"))
PASSWORD: Final = "a demo needs no secrets"
_TIMES: Final = ("time", "from_time", "to_time", "due_time", "valid_until")
_COMMAND: Final = (sys.executable, "-c", "from bonafide.apps.cli import main; main()")


class Guest(NamedTuple):
    """Somebody who may sign in, with a device that this process stands in for."""

    name: str
    role: str
    secret: bytes

    def __repr__(self) -> str:
        return unprinted(self)

    def code(self) -> str:
        """What the device shows now."""
        return code_at(self.secret, _now_ms() // STEP_MS)


class Living:
    """A service over a data directory, with its console, as child processes; use it as a context."""

    def __init__(self, data: Path, console_port: int = 0, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._environment = {**os.environ, **(environment or {})}
        self.url = ""
        self.console_url = ""
        self._port = console_port
        self._said: list[str] = []
        self._console_there = threading.Event()

    def __enter__(self) -> Living:
        command = [*_COMMAND, "serve", "--data", str(self.data), "--port", "0", "--console", "on",
                   "--console-port", str(self._port), "--log-format", "json"]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self._environment, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self._process.wait(END_S)
            raise StateError(f"the service did not start: {' '.join(self._said[-3:]).strip()}")
        self.url = line.split()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process of the service."""
        return self._process.pid

    def console(self) -> str:
        """Where the console is; StateError where it does not come."""
        if not self._console_there.wait(START_S):
            raise StateError(f"the console did not start: {' '.join(self._said[-3:]).strip()}")
        return self.console_url

    def guests(self) -> list[Guest]:
        """People of every role, each with a password and a device; made by the first admin over HTTP."""
        first = (self.data / "first-admin-password").read_text(encoding="utf-8").strip()
        admin = self._settle("admin", "admin", first)
        cookie, csrf = self.session(admin)
        found = []
        for name, role in PEOPLE:
            made = self.ask("POST", "/v1/people", {"name": name, "role": role}, cookie, csrf)[0]
            found.append(self._settle(name, role, made["one_time_password"]))
        return found

    def key(self) -> str:
        """A key of the platform."""
        done = subprocess.run(
            [*_COMMAND, "access", "key", "create", "--role", "platform", "--data", str(self.data), "--json"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return str(json.loads(done.stdout)["key"])

    def send(self, key: str, events: Sequence[dict[str, Any]]) -> None:
        """Give events in, some hundred at a time."""
        for at in range(0, len(events), BATCH):
            self.ask("POST", "/v1/events", list(events[at : at + BATCH]), key=key)

    def carry_out(self, key: str) -> int:
        """Say of the newest measures that the platform was asked for that they are applied; returns how many."""
        asked = self.ask("GET", "/v1/measures?state=requested&limit=100", None, key=key)[0]["measures"]
        for one in asked:
            with suppress(StateError):  # it has ended meanwhile
                self.ask("POST", f"/v1/measures/{one['measure_id']}/status", {"status": "applied"}, key=key)
        return len(asked)

    def caught_up(self, who: tuple[str, str], seconds: float = CATCH_UP_S) -> bool:
        """Wait until the worker has read what came before: whether it opens no more cases and measures.

        `who`: a session of somebody who may see them.
        """
        until, last = time.monotonic() + seconds, -1
        while time.monotonic() < until:
            figures = self.ask("GET", "/v1/cases/figures", None, *who)[0]["queues"]["alerts"]
            measures = self.ask("GET", "/v1/measures?limit=1", None, *who)[0]["figures"]
            seen = sum(figures.values()) + sum(measures.values())
            if seen == last and figures["open"] and measures["requested"] + measures["applied"]:
                return True
            last = seen
            time.sleep(LOOK_EVERY_S)
        return False

    def hand_in(self, who: tuple[str, str], statement: str) -> bool:
        """Hand in an appeal that came by letter, against the newest measure in force; whether there is one."""
        found = self.ask("GET", "/v1/measures?state=applied&limit=1", None, *who)[0]["measures"]
        for one in found[:1]:
            self.ask("POST", "/v1/appeals", {"measure_id": one["measure_id"], "statement": statement}, *who)
        return bool(found)

    def _settle(self, name: str, role: str, first: str) -> Guest:
        """Go the way of somebody new: the one-time password, a password, a device."""
        told, cookie = self.ask("POST", "/v1/session", {"name": name, "password": first})
        told, cookie = self.ask(
            "POST", "/v1/session/password", {"old": first, "new": PASSWORD}, cookie, told["csrf_token"]
        )
        url = self.ask("POST", "/v1/session/totp", {}, cookie, told["csrf_token"])[0]["enrolment_url"]
        text = parse_qs(urlsplit(url).query)["secret"][0]
        guest = Guest(name, role, base64.b32decode(text + "=" * (-len(text) % 8)))
        code = code_at(guest.secret, _now_ms() // STEP_MS - 1)  # the step before, so that the present one is left
        self.ask("POST", "/v1/session/totp", {"code": code}, cookie, told["csrf_token"])
        return guest

    def session(self, guest: Guest) -> tuple[str, str]:
        """A session of somebody: the cookie and the token that changes want."""
        body = {"name": guest.name, "password": PASSWORD, "code": guest.code()}
        told, cookie = self.ask("POST", "/v1/session", body)
        return cookie, told["csrf_token"]

    def ask(
        self, method: str, path: str, body: Any, cookie: str = "", csrf: str = "", *, key: str = ""
    ) -> tuple[Any, str]:  # fmt: skip
        """What the API answers, and the cookie that it gives. StateError where it refuses."""
        headers = {"content-type": "application/json", "cookie": cookie, "x-csrf-token": csrf}
        headers = {name: value for name, value in headers.items() if value}
        if key:
            headers["authorization"] = f"Bearer {key}"
        connection = HTTPConnection(self.url.partition("//")[2], timeout=START_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 400:
            raise StateError(f"{path}: {told.get('detail', answer.status)}")
        return told, (answer.getheader("set-cookie") or "").partition(";")[0]

    def _read(self) -> None:
        """What the service logs: kept for a failure, and looked through for the console's address."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)
            del self._said[:-50]
            with suppress(ValueError, AttributeError):
                told = json.loads(line)
                if told.get("event") == "console" and told.get("url"):
                    self.console_url = told["url"]
                    self._console_there.set()


def events_of(path: Path) -> list[dict[str, Any]]:
    """The events of a simulated run as the platform would send them, their times moved so that the last is now.

    Verdicts stay behind: they are what the office is there to say.
    """
    frame = scan_log(path).filter(pl.col("type") != "verdict").collect()
    times = [name for name in _TIMES if name in frame.columns]
    shift = _now_ms() - int(frame["time"].max())  # type: ignore[arg-type]
    frame = frame.with_columns(pl.col(name) + shift for name in times)
    return [{name: value for name, value in row.items() if value is not None} for row in frame.iter_rows(named=True)]


def split(events: Sequence[dict[str, Any]], days: int = LIVE_DAYS) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What lies before the last days, and what lies in them."""
    last = events[-1]["time"] - days * DAY_MS
    at = next((place for place, one in enumerate(events) if one["time"] >= last), len(events))
    return list(events[:at]), list(events[at:])


def flow(events: Sequence[dict[str, Any]], speed: Callable[[], float]) -> Iterator[list[dict[str, Any]]]:
    """Events as they come when `speed()` seconds of the platform pass in one: what is due, every half second."""
    if not events:
        return
    at, until, before = 0, float(events[0]["time"]), time.monotonic()
    while at < len(events):
        time.sleep(TICK_S)
        now = time.monotonic()
        until, before = until + (now - before) * speed() * 1_000, now
        end = at
        while end < len(events) and events[end]["time"] <= until:
            end += 1
        yield list(events[at:end])
        at = end


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
