"""Merchants over a store of one test: a log in memory, a vault, people, and the worker's way from one to the others."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from bonafide.core.business_numbers.europe import is_vat
from bonafide.core.door import convert_event
from bonafide.core.moment import DAY_MS
from bonafide.core.pseudonym import ClearText, party_of, personal_texts, show_token, with_texts
from bonafide.office.admission.desk import Admissions
from bonafide.office.admission.watch import MerchantWatch
from bonafide.office.journal import Record
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_messages
from bonafide.office.vault.learning import Learner
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.office.vault.vault import Vault
from bonafide.testing.webhooks.made import MadeLog
from tests.office.people.kit import HERE, PASSWORD, Office

SECRET = bytes(range(16))
PAPERS = [{"kind": "licence", "id": "doc-1"}, {"kind": "identity", "id": "doc-2"}]


def token(text: str) -> str:
    return show_token(pseudonym_of(text, SECRET))


class Town:
    """What is told goes into a log; `work` does what the worker does."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.office = store, folder, Office(store)
        self.clock = self.office.clock
        self.vault = Vault(store, self.office.keyring, SECRET, clock=self.clock)
        self.log = MadeLog()
        self.desk = Admissions(self.vault, SECRET)
        self._ids = count(1)
        self.begin()

    def begin(self) -> None:
        """A worker that has just been started."""
        self.watch = MerchantWatch(self.vault, self.log, self.folder, SECRET, self.clock)
        self.learner = Learner(self.vault)

    def person(self, name: str, role: str = "merchant_ops") -> Session:
        return self.office.settled(name, role).session

    def again(self, name: str) -> Session:
        """Another session of the same person."""
        self.clock.now_ms += 60_000
        return self.office.desk.sign_in(name, PASSWORD, HERE, code=self.office.code(name)).session

    def tell(self, *events: dict[str, Any], known: bool = True) -> None:
        """A commit of events; `known`: what they name has been taken into the vault."""
        records, texts = [], []
        for given in events:
            told = {"event_id": f"e{next(self._ids)}", "time": self.clock.now_ms, **given}
            event = convert_event(told)
            party = party_of(event)
            for _, kind, text in personal_texts(event):
                owner = None if party is None or (kind, text) == party else party
                whose = ("", 0) if owner is None else (owner[0], pseudonym_of(owner[1], SECRET))
                texts.append(ClearText(pseudonym_of(text, SECRET), kind, text, *whose))
            content = msgspec.json.encode(with_texts(event, lambda _, text: token(text)))
            answer = b'{"event_id":"%b","status":"taught"}' % event.event_id.encode()
            records.append(Record(self.clock.now_ms, "k1", content, answer))
        self.log.append(*records)
        self.texts = texts
        if known:
            self.learn()

    def learn(self) -> None:
        """Take what was told last into the vault."""
        number = next(self._ids)
        if self.texts:
            self.learner.learn([IntakeRow(number, len(self.texts), tuple(self.texts), b"%032d" % number)])

    def apply(self, merchant: str = "m1", known: bool = True, **more: Any) -> None:
        """A merchant applies; everything of it is its own unless it is told."""
        self.tell(application(merchant, self.clock.now_ms, **more), known=known)

    def work(self) -> None:
        """All that the worker has to do now."""
        while self.watch.step():
            pass

    def newest(self, merchant: str = "m1") -> dict[str, Any]:
        """The newest review of a merchant."""
        found: dict[str, Any] = self.desk.show(merchant)["reviews"][0]
        return found

    def codes(self, merchant: str = "m1") -> set[str]:
        return {one["code"] for one in self.newest(merchant)["findings"] if one["asks"] != "admit"}

    def messages(self) -> list[dict[str, Any]]:
        """What the platform is told, at rest."""
        with self.store.reading() as connection:
            rows = connection.execute(select(outbox_messages).order_by(outbox_messages.c.no)).all()
        assert [row.no for row in rows] == list(range(1, len(rows) + 1))
        return [msgspec.json.decode(row.body) for row in rows]


def number(n: int) -> str:
    """A number that holds."""
    return next(one for last in range(10) if is_vat(one := f"DE{10_000_000 + n % 89_999_999}{last}"))


def application(merchant: str, now_ms: int, **more: Any) -> dict[str, Any]:
    n = sum(merchant.encode()) * 7919
    return {
        "type": "merchant_application", "merchant_id": merchant, "legal_name": f"明华{n}贸易有限公司",
        "registration_no": "91110000600037341L" if merchant == "m1" else number(n),
        "representative_id": f"rep-{merchant}", "category": "toys", "account_id": f"acc-{merchant}",
        "phone_id": f"ph-{merchant}", "address": f"人民路{n}号",
        "opened_on": now_ms - 900 * DAY_MS,
        "documents": [{**paper, "id": f"{merchant}-{paper['id']}"} for paper in PAPERS], **more,
    }  # fmt: skip
