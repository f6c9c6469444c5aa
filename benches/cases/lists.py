"""How fast very many cases are listed, filtered and sorted through the API of a real service, on either store.

`BONAFIDE_STORE_URL` names an empty PostgreSQL database; without it the office's store is SQLite's.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Table

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.office.access.keys import now_ms
from bonafide.office.cases.rows import STATES
from bonafide.office.cases.urgency import rank_ms
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_subjects, cases, people
from bonafide.testing.faults.server import Launch, Server

ROUNDS: Final = 15
ROWS_AT_ONCE: Final = 5_000
SORTS: Final = ("priority", "due", "newest", "money", "number")
FILTERS: Final = (
    "", "state=open", "state=open&state=reopened", "state=decided", "queue=review", "assignee=p3", "overdue=true",
    "typology=broker_ring", "typology=perfect_bill&state=assigned&assignee=p5", "subject=~0000000000000007",
)  # fmt: skip
PEOPLE: Final = 40


def measure(number: int) -> None:
    """Fill a store, ask for every filter in every order, and print what it took."""
    url = os.environ.get("BONAFIDE_STORE_URL")
    with TemporaryDirectory(prefix="bonafide-cases-") as folder:
        data = Path(folder) / "data"
        launch = Launch(environment={} if url is None else {"BONAFIDE_STORE_URL": url})
        key = json.loads(launch.run("access", "key", "create", "--role", "admin", "--data", str(data), "--json"))["key"]
        _fill(url or data / "office.db", number)
        with Server(data, launch) as server:
            server.start()
            _ask_all(server.port, key, number, "SQLite" if url is None else "PostgreSQL")


def _ask_all(port: int, key: str, number: int, store: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times: dict[str, list[float]] = {}
    for wanted in FILTERS:
        for sort in SORTS:
            after = ""
            for _ in range(ROUNDS):  # page after page
                query = "&".join(part for part in (wanted, f"sort={sort}", f"after={after}" if after else "") if part)
                begun = perf_counter()
                connection.request("GET", f"/v1/cases?{query}", headers={"authorization": f"Bearer {key}"})
                answer = connection.getresponse()
                body = json.loads(answer.read())
                times.setdefault(wanted, []).append((perf_counter() - begun) * 1_000)
                assert answer.status == 200, body
                after = body["next_after"] or ""
    print(f"{store}, {number:,} cases, pages of 100, milliseconds through the API")
    print(f"{'filter':<48}{'median':>8}{'most':>8}{'n':>6}")
    for wanted, told in times.items():
        print(f"{wanted or 'undecided':<48}{statistics.median(told):>8.1f}{max(told):>8.1f}{len(told):>6}")
    whole = [one for told in times.values() for one in told]
    print(f"{'all':<48}{statistics.median(whole):>8.1f}{max(whole):>8.1f}{len(whole):>6}")


def _fill(place: Path | str, number: int) -> None:
    draw, now = random.Random(11), now_ms()
    with Store.open(place) as store:
        names = [{"name": f"p{i}", "role": "analyst", "password": "x", "totp_step": -1, "totp_confirmed": True,
                  "created_ms": now} for i in range(PEOPLE)]  # fmt: skip
        with store.writing() as connection:
            connection.execute(people.insert(), names)
        _insert(store, cases, (_case(draw, i, now) for i in range(1, number + 1)))
        _insert(store, case_subjects, (one for i in range(1, number + 1) for one in _subjects(draw, i, now)))
        _insert(store, case_events, (_event(draw, i, now) for i in range(1, number + 1)))


def _insert(store: Store, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == ROWS_AT_ONCE:
            _write(store, table, some)
            some = []
    if some:
        _write(store, table, some)


def _write(store: Store, table: Table, rows: list[dict[str, Any]]) -> None:
    with store.writing() as connection:
        connection.execute(table.insert(), rows)


def _case(draw: random.Random, number: int, now: int) -> dict[str, Any]:
    opened = now - draw.randrange(120 * DAY_MS)
    state = draw.choices(STATES, (20, 10, 5, 55, 2, 8))[0]
    stake, due = round(10 ** draw.uniform(3, 8)), opened + 72 * HOUR_MS
    held, decided = state in {"assigned", "waiting", "decided"}, state == "decided"
    return {
        "number": number, "queue": draw.choices(("alerts", "review"), (9, 1))[0], "state": state,
        "closed": state in {"decided", "merged"},
        "assignee": f"p{draw.randrange(PEOPLE)}" if held else None, "opened_ms": opened, "last_ms": opened,
        "due_ms": due, "rank_ms": rank_ms(due, stake), "waits_until_ms": now + DAY_MS if state == "waiting" else None,
        "asked": None, "currency": "CNY", "stake": stake, "caught": stake // 2, "events": 1, "users": 1,
        "merchants": 1, "typologies": 1 << draw.randrange(16), "outcome": "verify",
        "label": "cash_out" if decided else None, "grade": "suspected" if decided else None, "measure": None,
        "decided_ms": opened + DAY_MS if decided else None, "decided_by": "p1" if decided else None, "second": None,
        "step": None, "merged_into": 1 if state == "merged" else None,
    }  # fmt: skip


def _subjects(draw: random.Random, number: int, now: int) -> Iterator[dict[str, Any]]:
    for kind in ("user", "merchant", "device"):
        token = f"~{draw.randrange(50_000):016x}"
        yield {"number": number, "kind": kind, "token": token, "mentions": 1, "last_ms": now, "binds": kind != "device"}


def _event(draw: random.Random, number: int, now: int) -> dict[str, Any]:
    return {
        "number": number, "seq": number, "event_id": f"p{number}", "type": "payment", "time_ms": now, "amount": 100,
        "currency": "CNY", "outcome": "verify", "score_e6": 700_000, "user_id": f"~{draw.randrange(50_000):016x}",
        "merchant_id": f"~{draw.randrange(5_000):016x}", "order_id": f"o{number}", "goods": "physical",
        "shipped": False, "refunded": 0, "refund_to": None, "loop_amount": 0, "loop_home": 0,
    }  # fmt: skip
