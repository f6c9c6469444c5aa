"""A service with a real office over a store of its own: machines with keys, people with sessions, a clock to move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bonafide.apps.server.browser import COOKIE
from bonafide.apps.server.office import open_office
from bonafide.engine.bundle import load_bundle
from bonafide.engine.shipped import find_bundle
from bonafide.office.access.keys import Keys
from bonafide.office.audit.entry import Actor
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.journal.journal import Journal
from bonafide.office.people.oidc_provider import Provider
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.sessions import csrf_of
from bonafide.office.people.totp import STEP_MS, code_at
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.apps.server.client import NOW_MS, Answer, Client
from tests.apps.server.standin import TestRuntime, TestSettings
from tests.office.people.kit import HERE, PASSWORD, quick, secret_in

ROOT = Actor("terminal:root", "terminal")


class Browser(NamedTuple):
    """What the browser of somebody who is signed in holds."""

    cookie: str
    csrf: str

    def sent(self, *, csrf: str | None = "right", **more: str) -> dict[str, str]:
        """The headers of a request from our own page; `csrf` None leaves the token out."""
        given = {"cookie": self.cookie, "origin": "http://127.0.0.1:8321", "host": "127.0.0.1:8321",
                 "sec_fetch_site": "same-origin"} | more  # fmt: skip
        return given if csrf is None else given | {"x_csrf_token": self.csrf if csrf == "right" else csrf}


class Bureau(Client):
    """A client of a service whose office is real."""

    def __init__(
        self, data: DataDir, store: Store, *, passwords: Passwords | None = None, settings: TestSettings | None = None,
        provider: Provider | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.now_ms = NOW_MS
        self.data, self.store = data, store
        self.keys = Keys(store, cache_ms=0, clock=lambda: self.now_ms, actor=ROOT)
        self.office = open_office(
            store, data, self.keys, None, clock=lambda: self.now_ms, passwords=passwords or quick(), provider=provider
        )  # fmt: skip
        super().__init__(TestRuntime(), self.keys, settings, office=self.office, **more)  # type: ignore[arg-type]
        assert self.office.secret is not None
        self.people, self.desk, self.vault, self.log = self.office.secret

    def key(self, role: str, **narrowed: Any) -> str:
        """A machine's key."""
        return self.keys.create(role, **narrowed)[0].reveal()

    def signed_in(self, name: str, role: str = "admin") -> Browser:
        """Somebody with a password and a second factor, in a new session."""
        if name not in {person.name for person in self.people.list()}:
            self.settle(name, role)
        return self.session(name)

    def settle(self, name: str, role: str) -> bytes:
        """Somebody who has chosen a password and set up the second factor; returns the factor's secret."""
        first, _ = self.people.create(ROOT, name, role)
        token, _ = self.desk.sign_in(name, first, HERE)
        token, _ = self.desk.change_password(token, first, PASSWORD, HERE)
        secret = secret_in(self.desk.begin_totp(token, HERE))
        self.desk.confirm_totp(token, self.code(secret), HERE)
        return secret

    def session(self, name: str) -> Browser:
        """One more session of somebody, without the way there."""
        row = next(person for person in self.people.list() if person.name == name)
        with self.store.writing() as connection:
            token, _ = self.desk.sessions.begin(connection, row, self.now_ms)
        return Browser(f"{COOKIE}={token.reveal()}", csrf_of(token))

    def code(self, secret: bytes, steps: int = 0) -> str:
        """What a device shows."""
        return code_at(secret, self.now_ms // STEP_MS + steps)

    def as_person(
        self, who: Browser, method: str, path: str, body: Any = None, *, csrf: str | None = "right", **headers: str
    ) -> Answer:  # fmt: skip
        """A request from our own page."""
        text = b"" if body is None else json.dumps(body).encode()
        sent = who.sent(csrf=csrf, **headers)
        return self.ask(method, path, text, key=None, content_type="application/json", **sent)

    def as_machine(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A request with a key."""
        text = b"" if body is None else json.dumps(body).encode()
        return self.ask(method, path, text, key=key, content_type="application/json", **headers)

    def deeds(self) -> list[tuple[str, str, str, str]]:
        """The audit log in short: who, what, on what, how it ended."""
        return [(entry.who, entry.what, entry.on_what, entry.outcome) for entry in self.log.entries()]


def has_decided(data: DataDir) -> str:
    """Leave a data directory as a service leaves it that has decided with the starter bundle; returns its hash."""
    folder = find_bundle("starter")
    content = load_bundle(folder).hash
    keep_bundle(folder, data.folder, content)
    with closing(Journal.open(data.folder)) as journal:
        journal.append((), bundle=content)
    return content


def cookie_of(answer: Answer) -> Browser:
    """What a browser holds after a sign-in."""
    return Browser(answer.headers["set-cookie"].partition(";")[0], answer.json["csrf_token"])


@contextmanager
def opened(folder: Path, **more: Any) -> Iterator[Bureau]:
    """A bureau in a folder."""
    data = DataDir.open(folder / "data")
    with Store.open(data.office) as store:
        bureau = Bureau(data, store, **more)
        yield bureau
        bureau.keys.close()


__all__ = ["HERE", "PASSWORD", "ROOT", "Browser", "Bureau", "cookie_of", "has_decided", "opened"]
