"""`trace`: the way of money, and who shares what, of one user, merchant, account or event of a replay."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import polars as pl

from bonafide.core.text import to_nfc
from bonafide.engine.bundle import Bundle
from bonafide.lab.explain.folder import Results
from bonafide.lab.trace.flows import Flows, Through
from bonafide.lab.trace.loops import Moves, loops_told
from bonafide.lab.trace.money import Money, money_of
from bonafide.lab.trace.own import Own
from bonafide.lab.trace.owners import Links, Owner
from bonafide.lab.trace.passes import Passes, Reader
from bonafide.lab.trace.shared import Others, Shared
from bonafide.lab.trace.subject import Kind, Named, Near, People, Subject, people_decided

_ID_LENGTH_MAX: Final = 256
FINDING: Final = "Finding the subject and the money's ways"
SUBJECTS: Final = "Finding what it used"
OTHERS: Final = "Finding who else used that"
NEAREST: Final = "Finding what may have been meant"


class Trace(NamedTuple):
    """What is known about a subject's money and ties."""

    subject: Subject
    until_ms: int | None
    """Nothing later counts; None for the end of the log."""
    last_ms: int | None
    """The latest time in the log up to then."""
    money: Money
    shared: Shared
    owner: Owner | None
    """Of a subject that is an account: whose it is."""
    flows: Flows | None
    """Of a subject that is an account: what went through it."""
    follows_money: bool
    """Whether the bundle that decided asks where money went."""
    changed_inputs: tuple[str, ...]
    """Inputs that are longer or shorter than they were at the replay."""


class Unclear(NamedTuple):
    """An id that names nothing, or several things."""

    id: str
    kind: Literal["unknown", "several", "another"]
    """`another`: not of the kind that was asked for."""
    kinds: tuple[Kind, ...]
    near: tuple[str, ...]


class Latest:
    """The latest time of a log."""

    time_ms: int | None = None

    def feed(self, frame: pl.DataFrame) -> None:
        """Look at the times."""
        latest = frame["time"].max()
        if isinstance(latest, int):
            self.time_ms = max(latest, self.time_ms or 0)


def trace(results: Results, name: str, kind: Kind | None, until_ms: int | None, passes: Passes) -> Trace | Unclear:
    """The trace of an id, or why there is none.

    kind: as what the id is meant where it names several. until_ms: nothing later counts. The log is read two or three
    times, since who else used something can be asked only when it is known what was used; no pass holds more than one
    chunk and what it found. Raises ExplainError where the log or the bundle is no longer there.
    """
    name = to_nfc(name, _ID_LENGTH_MAX)
    bundle = results.bundle(results.summary["bundle"])
    reader = Reader(results, until_ms, passes)
    told = loops_told(results, until_ms)
    people = People((name,), (name,)).together(people_decided(results, name))
    named, own, links, latest = Named(name), Own(people), Links(), Latest()
    moves, through = Moves(told), Through(name)
    reader.read(FINDING, [named, own, links, latest, moves, through])
    unclear = _unclear(reader, name, kind, named.kinds)
    if unclear is not None:
        return unclear
    chosen = kind or named.kinds[0]
    accounts = named.accounts(chosen)
    latest_owners = links.owners(set(accounts))
    owners = [owner for account in accounts if (owner := latest_owners.latest(account)) is not None]
    subject = named.subject(chosen, owners)
    money = money_of(subject, told, moves.ends(), links, bundle.settings.currency)
    shared = _shared(reader, subject, own)
    return Trace(
        subject, until_ms, latest.time_ms, money, shared, owners[0] if owners and chosen == "account" else None,
        through.flows() if chosen == "account" else None, follows_money(bundle),
        tuple(str(path) for path in results.changed_inputs),
    )  # fmt: skip


def follows_money(bundle: Bundle) -> bool:
    """Whether a bundle asks where credit's money went; if not, no decision tells of loops."""
    return bool(bundle.compiled.features.layout.followed.funds)


def _unclear(reader: Reader, name: str, kind: Kind | None, kinds: tuple[Kind, ...]) -> Unclear | None:
    """What keeps an id from being traced; None where nothing does."""
    if not kinds:
        near = Near(name)
        reader.read(NEAREST, [near])
        return Unclear(name, "unknown", (), tuple(near.closest()))
    if kind is None and len(kinds) > 1:
        return Unclear(name, "several", kinds, ())
    if kind is not None and kind not in kinds:
        return Unclear(name, "another", kinds, ())
    return None


def _shared(reader: Reader, subject: Subject, own: Own) -> Shared:
    """What the subject's people have in common with others."""
    people = subject.people
    if any((kind, name) not in own.people for kind, names in _each(people) for name in names):
        own = Own(people)
        reader.read(SUBJECTS, [own])
    uses, paid = own.uses(people), own.paid(people)
    others = Others(uses, own.tracking(people))
    if others.asks:
        reader.read(OTHERS, [others])
    return others.shared(uses, paid, people)


def _each(people: People) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("user", people.users), ("merchant", people.merchants))
