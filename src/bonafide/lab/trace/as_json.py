"""A trace as one JSON object: everything, nothing rounded."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from bonafide.core.moment import show_moment
from bonafide.lab.trace.loops import End, Move
from bonafide.lab.trace.money import Loop, Money
from bonafide.lab.trace.owners import Owner
from bonafide.lab.trace.shared import Resource, Shared, Who
from bonafide.lab.trace.trace import Trace, Unclear


def trace_json(trace: Trace) -> dict[str, Any]:
    """A trace; times as RFC 3339, money in minor units, spans in milliseconds."""
    subject, money = trace.subject, trace.money
    found: dict[str, Any] = {
        "id": subject.id, "kind": subject.kind, "kinds": list(subject.kinds), "status": "traced",
        "until": _moment(trace.until_ms), "last_time": _moment(trace.last_ms),
        "users": list(subject.people.users), "merchants": list(subject.people.merchants),
        "money": _money(money, follows=trace.follows_money), "shared": _shared(trace.shared),
        "changed_inputs": list(trace.changed_inputs),
    }  # fmt: skip
    if trace.flows is not None:
        flows = [
            {**flow._asdict(), "first": show_moment(flow.first), "last": show_moment(flow.last)}
            for flow in trace.flows.partners
        ]
        found["account"] = {"owner": _owner(trace.owner), "flows": flows, "flow_count": trace.flows.number}
    return found


def unclear_json(unclear: Unclear) -> dict[str, Any]:
    """Why there is no trace."""
    return {"id": unclear.id, "status": unclear.kind, "kinds": list(unclear.kinds), "near": list(unclear.near)}


def _money(money: Money, *, follows: bool) -> dict[str, Any]:
    return {
        "followed": follows, "currency": money.currency, **money.totals._asdict(),
        "between": [{"account_id": b.account_id, "owner": _owner(b.owner), "loops": b.loops} for b in money.between],
        "loops": [_loop(loop, money) for loop in money.loops],
    }  # fmt: skip


def _loop(loop: Loop, money: Money) -> dict[str, Any]:
    path = loop.path
    parts = [move.part for move in path.moves]
    lost = [max(0, before - part) for before, part in pairwise(parts)]
    return {
        "payment_id": path.payment.event_id, "user_id": path.user_id, "merchant_id": path.merchant_id,
        "roles": list(loop.roles), "amount": path.amount, "returned": path.returned, "home": path.home,
        "returned_share": path.home / path.amount, "fee_at_most": path.fee_at_most, "closes": path.closes,
        "hops": loop.hops, "delay_ms": path.delay_ms,
        "path": [_move(move, less, money) for move, less in zip(path.moves, [0, *lost], strict=True)],
    }  # fmt: skip


def _move(move: Move, less: int, money: Money) -> dict[str, Any]:
    return {
        "event_id": move.event_id, "seq": move.seq, "type": move.type, "time": show_moment(move.time),
        "from": _end(move.source, move, money), "to": _end(move.target, move, money), "amount": move.amount,
        "currency": move.currency, "part": move.part, "less": less,
    }  # fmt: skip


def _end(end: End | None, move: Move, money: Money) -> dict[str, Any] | None:
    if end is None:
        return None
    owner = money.owners.of(end.id, move.time) if end.kind == "account" else None
    return {**end._asdict(), "owner": _owner(owner)}


def _owner(owner: Owner | None) -> dict[str, str] | None:
    return None if owner is None else owner._asdict()


def _shared(shared: Shared) -> dict[str, Any]:
    return {
        "resources": [_resource(resource) for resource in shared.resources],
        "self_purchases": [
            {**one._asdict(), "shared": [{"kind": kind, "id": name} for kind, name in one.shared]}
            for one in shared.self_purchases
        ],
        "merchants": [common._asdict() for common in shared.merchants],
        "parcels": [{**parcel._asdict(), "order_ids": list(parcel.order_ids)} for parcel in shared.parcels],
        "parcels_reused": shared.parcels_reused,
    }  # fmt: skip


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "kind": resource.kind, "id": resource.id, "used_by": _who(resource.subject), "users": resource.users,
        "merchants": resource.merchants, "public": resource.is_public, "others": [_who(w) for w in resource.others],
    }  # fmt: skip


def _who(who: Who) -> dict[str, Any]:
    return {"kind": who.kind, "id": who.id, "first": show_moment(who.first), "last": show_moment(who.last)}


def _moment(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else show_moment(moment_ms)
