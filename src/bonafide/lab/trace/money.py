"""The money that came home by ways that a subject stands on: its loops, their totals, who passed them on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import polars as pl

from bonafide.lab.trace.loops import Path, Told, paths_of
from bonafide.lab.trace.owners import Links, Owner, Owners
from bonafide.lab.trace.subject import Subject


class Loop(NamedTuple):
    """A loop and what the subject is in it."""

    path: Path
    roles: tuple[str, ...]
    """payer, merchant, between (the money went through an account of it), event, account."""
    hops: int
    """Moves after the payment; a payout to the merchant's own account, or to nobody's, is none."""


class Between(NamedTuple):
    """An account that money went through on its way home."""

    account_id: str
    owner: Owner | None
    loops: int


class Totals(NamedTuple):
    """All loops of a subject together; of a payment that came home in parts, all parts."""

    payments: int
    closed: int
    """Payments of which at least half came home."""
    amount: int
    """Of these payments."""
    home: int
    median_delay_ms: int | None
    """From a payment to the event that closed its loop, else to the last that brought some of it home."""
    median_hops: float | None


class Money(NamedTuple):
    """The money that came home."""

    loops: tuple[Loop, ...]
    """Newest first."""
    totals: Totals
    between: tuple[Between, ...]
    """Those in the most loops first."""
    owners: Owners
    currency: str
    """In which parts and sums are counted."""


def money_of(subject: Subject, told: Told, ends: pl.DataFrame, links: Links, currency: str) -> Money:
    """The loops that a subject takes part in."""
    accounts = _accounts(subject, links)
    paths = paths_of(told, ends, _wanted(subject, accounts))
    owners = links.owners({account for path in paths for account in path.accounts})
    loops = [Loop(path, roles, hops(path, owners)) for path in paths if (roles := _roles(subject, path, owners))]
    loops.sort(key=lambda loop: (-loop.path.last.time, -loop.path.last.seq))
    return Money(tuple(loops), totals_of(loops), _between(loops, owners), owners, currency)


def _accounts(subject: Subject, links: Links) -> tuple[str, ...]:
    match subject.kind:
        case "account":
            return (subject.id,)
        case "user" | "merchant":
            return links.accounts_of(subject.people)
        case _:
            return ()


def _wanted(subject: Subject, accounts: Sequence[str]) -> pl.Expr:
    """Whether a step may concern the subject."""
    if subject.kind == "event":
        return pl.col("event_id") == subject.id
    names = ("account_id", "from_account_id", "to_account_id")
    touched = pl.any_horizontal(pl.col(name).is_in(list(accounts)).fill_null(value=False) for name in names)
    if subject.kind == "account":
        return touched
    return touched | (pl.col(f"{subject.kind}_id") == subject.id).fill_null(value=False)


def _roles(subject: Subject, path: Path, owners: Owners) -> tuple[str, ...]:
    """What a subject is in a loop; nothing where an account was another's when the money went through."""
    match subject.kind:
        case "event":
            return ("event",)
        case "account":
            return ("account",)
        case kind:
            of_way = [owners.of(a, move.time) for move in path.moves[1:] for a in _accounts_of_move(path, move.seq)]
            found = [("payer", kind == "user" and path.user_id == subject.id)]
            found.append(("merchant", kind == "merchant" and path.merchant_id == subject.id))
            found.append(("between", Owner(kind, subject.id) in of_way and not any(held for _, held in found)))
            return tuple(role for role, held in found if held)


def _accounts_of_move(path: Path, seq: int) -> list[str]:
    return [
        end.id
        for move in path.moves if move.seq == seq
        for end in (move.source, move.target) if end is not None and end.kind == "account"
    ]  # fmt: skip


def hops(path: Path, owners: Owners) -> int:
    """How many moves the money took after the payment, as the law of funds counts them: a payout counts where it
    reaches a user's account."""
    counted = len(path.moves) - 1
    for move in path.moves[1:-1]:
        if move.type == "payout" and move.target is not None:
            owner = owners.of(move.target.id, move.time)
            counted -= owner is None or owner.kind != "user"
    return counted


def totals_of(loops: Sequence[Loop]) -> Totals:
    """The sums over loops, newest first."""
    latest: dict[tuple[str, int], Loop] = {}
    closing: dict[tuple[str, int], Loop] = {}
    for loop in reversed(loops):
        key = (loop.path.payment.event_id, loop.path.payment.seq)
        latest[key] = loop
        if loop.path.closes:
            closing[key] = loop
    told = [closing.get(key, loop) for key, loop in latest.items()]
    return Totals(
        payments=len(latest),
        closed=len(closing),
        amount=sum(loop.path.amount for loop in latest.values()),
        home=sum(loop.path.home for loop in latest.values()),
        median_delay_ms=round(median(loop.path.delay_ms for loop in told)) if told else None,
        median_hops=float(median(loop.hops for loop in told)) if told else None,
    )


def _between(loops: Sequence[Loop], owners: Owners) -> tuple[Between, ...]:
    counted = Counter(account for loop in loops for account in loop.path.between)
    found = [Between(account, owners.latest(account), number) for account, number in counted.items()]
    return tuple(sorted(found, key=lambda one: (-one.loops, one.account_id)))
