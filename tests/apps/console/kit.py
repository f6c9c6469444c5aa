"""What tests of the console have in common: people with devices, cases of real decisions, a browser's requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx

from bonafide.apps.console.doors import COOKIE
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.journal import Journal, Record
from tests.apps.server.bureau import PASSWORD, Bureau
from tests.apps.server.client import NOW_MS
from tests.office.cases.kit import FakeLog, alerting, bits

PEOPLE = {"ann": "analyst", "bob": "senior", "sue": "senior", "lee": "legal", "ivy": "auditor", "root": "admin"}
SCRIPT = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"
STEP_MS = 30_000


class Site:
    """One office, its people and its console."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        self.url = ""
        self.secrets = {name: bureau.settle(name, role) for name, role in PEOPLE.items()}
        self.log = FakeLog()
        self.opener = CaseOpener(bureau.store, self.log, bits, clock=lambda: bureau.now_ms)  # type: ignore[arg-type]
        self._number = 0

    def code(self, name: str) -> str:
        """A code of somebody's device that was not used yet."""
        self.bureau.now_ms += STEP_MS
        return self.bureau.code(self.secrets[name])

    def case(self, payments: int = 2, user: str = "u", merchant: str = "m", users: int = 1) -> int:
        """A new case of some payments, by so many users in turn; its number."""
        from bonafide.apps.server.ports import Found

        self._number += 1
        mark = f"{self._number}"
        begun = len(self.log.records)
        for at in range(payments):
            name = f"e{mark}-{at}"
            by = f"{user}{mark}" if users == 1 else f"{user}{mark}-{at % users}"
            told = {"user_id": by, "merchant_id": f"{merchant}{mark}", "order_id": f"o-{name}"}
            record = alerting(name, at=NOW_MS + at, **told)
            reasons = [{"code": "RC01", "zh": "因", "en": SCRIPT}]
            whole = json.loads(record.answer) | {"degraded": [], "reasons": reasons}
            answered = Record(record.received_ms, record.sender, record.content, json.dumps(whole).encode())
            self.bureau.runtime.answers[name] = Found(len(self.log.records), answered)
            self.log.records.append(record)
        # What subjects are told of a measure is read from the log itself.
        with closing(Journal.open(self.bureau.data.folder)) as journal:
            journal.append(self.log.records[begun:], bundle="ab" * 32)
        while self.opener.step():
            pass
        return max(case["number"] for case in self.ask("ann", "/v1/cases?sort=newest&limit=1000")["cases"])

    def ask(self, name: str, path: str) -> dict[str, list[dict[str, int]]]:
        """What the API says to somebody."""
        return self._asked(name, "GET", path, None)

    def step(self, name: str, path: str, body: dict[str, object]) -> dict[str, list[dict[str, int]]]:
        """A step that somebody takes without a browser."""
        return self._asked(name, "POST", path, body)

    def _asked(self, name: str, method: str, path: str, body: object) -> dict[str, list[dict[str, int]]]:
        # In a thread: where a browser is driven, this one has a loop that runs.
        with ThreadPoolExecutor(1) as pool:
            got = pool.submit(self.bureau.as_person, self.bureau.session(name), method, path, body).result()
        assert got.status < 300, got
        return got.json  # type: ignore[no-any-return]

    def browser(self) -> httpx.Client:
        """A browser without a script engine."""
        return httpx.Client(base_url=self.url, headers={"origin": self.url, "sec-fetch-site": "same-origin"})

    @contextmanager
    def signed_in(self, name: str) -> Iterator[httpx.Client]:
        """Somebody at a browser."""
        with self.browser() as browser:
            form = {"name": name, "password": PASSWORD.reveal(), "code": self.code(name)}
            got = browser.post("/sign-in", data=form)
            assert (got.status_code, COOKIE in browser.cookies) == (303, True), got.text
            yield browser
