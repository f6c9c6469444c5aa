"""A small platform that circulates money: one ring, a friend, a public network; and what a replay of it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bonafide.core.events import (
    AccountLink,
    Fact,
    Login,
    MerchantApplication,
    Payment,
    PaymentStatus,
    Payout,
    Refund,
    Registration,
    Shipment,
    Transfer,
)
from bonafide.core.moment import HOUR_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.lab.explain.folder import Results, open_results
from tests.lab.runs import BUNDLE, as_lines, replayed

START_MS = 1_767_600_000_000
CNY: dict[str, Any] = {"currency": "CNY"}
FOLLOWS = "- {name: user_loops_30d, event: loop_closed, by: user_id, take: count, over: 30d}\n"


def write_trace_bundle(folder: Path, *, follows: bool = True) -> Path:
    """The small bundle, with a feature that makes it follow money."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in BUNDLE.items():
        (folder / name).write_text(text + FOLLOWS * (follows and name == "features.yaml"), encoding="utf-8")
    return folder


@cache
def trace_bundle(*, follows: bool = True) -> Bundle:
    with TemporaryDirectory() as folder:
        return load_bundle(write_trace_bundle(Path(folder), follows=follows))


def at(hours: float) -> int:
    return START_MS + round(hours * HOUR_MS)


def payment(name: str, user: str, merchant: str, hours: float, amount: int, **fields: Any) -> Payment:
    return Payment(
        event_id=name, time=at(hours), user_id=user, merchant_id=merchant, order_id=f"o-{name}", amount=amount,
        **CNY, **fields,
    )  # fmt: skip


def transfer(name: str, source: str, target: str, hours: float, amount: int) -> Transfer:
    return Transfer(
        event_id=name, time=at(hours), from_account_id=source, to_account_id=target, amount=amount, **CNY
    )  # fmt: skip


def payout(name: str, merchant: str, account: str, hours: float, amount: int) -> Payout:
    return Payout(event_id=name, time=at(hours), merchant_id=merchant, account_id=account, amount=amount, **CNY)


def link(name: str, account: str, kind: Any, owner: str, hours: float = 0) -> AccountLink:
    return AccountLink(event_id=name, time=at(hours), account_id=account, owner_type=kind, owner_id=owner)


def parcel(name: str, order: str, user: str, merchant: str, hours: float, number: str) -> Shipment:
    return Shipment(
        event_id=name, time=at(hours), order_id=order, merchant_id=merchant, user_id=user, status="created",
        tracking_no=number,
    )  # fmt: skip


def application(name: str, merchant: str, **fields: Any) -> MerchantApplication:
    return MerchantApplication(
        event_id=name, time=at(0), merchant_id=merchant, legal_name=f"{merchant} Ltd", registration_no=f"r-{merchant}",
        category="phones", **fields,
    )  # fmt: skip


def ring_log() -> list[Fact]:
    """User u1 pays shop m1 three times: the money comes home over a go-between, in parts, and by a refund. Shop m2 has
    the account and the representative of m1; the shop's till and u1's phone are one device; u2 only shops. An account
    bears the same id as a user, a network is everybody's, a parcel's number stands on two orders."""
    crowd: list[Fact] = [
        Registration(event_id=f"rg{n}", time=at(0), user_id=f"c{n}", ip="10.0.0.1") for n in range(14)
    ]  # fmt: skip
    return [
        application("ap1", "m1", representative_id="wang", account_id="am", phone_id="t1"),
        application("ap2", "m2", representative_id="wang", account_id="am"),
        *crowd,
        Registration(event_id="rg-u1", time=at(0), user_id="u1", phone_id="t9", device_id="d1", ip="10.0.0.1"),
        Registration(event_id="rg-u2", time=at(0), user_id="u2", phone_id="t9", device_id="d2"),
        Login(event_id="lg1", time=at(1), subject_type="merchant", subject_id="m1", device_id="d1"),
        link("l1", "a1", "user", "u1"), link("l2", "am", "merchant", "m1"), link("l3", "ag", "person", "zhao"),
        link("l4", "u2", "user", "u2"),
        payment("p1", "u1", "m1", 2, 100_000, device_id="d1", address_id="x1"),
        payment("p9", "u2", "m1", 3, 4_500, device_id="d2", address_id="x1"),
        payout("w1", "m1", "am", 5, 104_000),
        transfer("t1", "am", "ag", 6, 96_000),
        transfer("t2", "ag", "a1", 8, 95_000),
        parcel("s1", "o-p1", "u1", "m1", 8, "SF1"), parcel("s2", "o-p9", "u2", "m1", 9, "SF1"),
        payment("p2", "u1", "m1", 30, 50_000, device_id="d1"),
        payout("w2", "m1", "a1", 31, 20_000), payout("w3", "m1", "a1", 54, 25_000),
        payment("p3", "u1", "m1", 60, 8_000),
        Refund(
            event_id="r1", time=at(62), order_id="o-p3", user_id="u1", merchant_id="m1", amount=8_000, to="bank",
            account_id="a1", **CNY,
        ),
        PaymentStatus(
            event_id="st", time=at(63), payment_id="p3", order_id="o-p3", user_id="u1", merchant_id="m1",
            status="completed",
        ),
        payment("p1", "u1", "m1", 2, 100_000, device_id="d1", address_id="x1"),
        payment("p1", "u1", "m1", 64, 1, device_id="d-refused"),
    ]  # fmt: skip


def left_by(folder: Path, log: Sequence[Fact], *, follows: bool = True, rows: int = 5) -> Results:
    """What a replay leaves, the bundle's copy included."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(log))
    replayed(folder / "out", path, bundle=trace_bundle(follows=follows), rows=rows)
    write_trace_bundle(folder / "out" / "bundle", follows=follows)
    return open_results(folder / "out")
