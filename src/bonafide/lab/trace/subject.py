"""Whose trace it is: a user, a merchant, an account or an event, and who stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import polars as pl

from bonafide.lab.explain.folder import NEAR_CANDIDATES_MAX, Results, alike, closest

Kind = Literal["user", "merchant", "account", "event"]
KINDS: Final[tuple[Kind, ...]] = ("user", "merchant", "account", "event")

_NAMED_BY: Final[tuple[tuple[Kind, str, str | None], ...]] = (
    ("user", "user_id", None), ("merchant", "merchant_id", None), ("account", "account_id", None),
    ("account", "from_account_id", None), ("account", "to_account_id", None), ("event", "event_id", None),
    ("user", "subject_id", "subject_type"), ("merchant", "subject_id", "subject_type"),
    ("account", "subject_id", "subject_type"),
    ("user", "owner_id", "owner_type"), ("merchant", "owner_id", "owner_type"),
)  # fmt: skip
"""A kind, a field that names one, and the field that must say so where the first names several kinds."""
_PEOPLE: Final = ("user", "merchant")
PEOPLE_MAX: Final = 12
"""Users, and merchants, that are looked at for one subject, at most."""


class People(NamedTuple):
    """Users and merchants by id."""

    users: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()

    def matching(self, user: str, merchant: str) -> pl.Expr:
        """Whether a record names one of them in these columns."""
        return pl.col(user).is_in(list(self.users)) | pl.col(merchant).is_in(list(self.merchants))

    def of_subject(self, kind: str = "subject_type", name: str = "subject_id") -> pl.Expr:
        """Whether the subject that two columns name is one of them."""
        users = (pl.col(kind) == "user") & pl.col(name).is_in(list(self.users))
        return users | ((pl.col(kind) == "merchant") & pl.col(name).is_in(list(self.merchants)))

    def rows_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The records that may name one of them, wherever; cheap, so that what follows looks at few."""
        fields = ("user_id", "merchant_id", "subject_id", "owner_id")
        return rows_naming(frame, fields, pl.Series([[*self.users, *self.merchants]], dtype=pl.List(pl.String)))

    def together(self, other: People) -> People:
        """All of both, each once."""
        users, merchants = (tuple(dict.fromkeys(a + b)) for a, b in zip(self, other, strict=True))
        return People(users, merchants)

    def __contains__(self, subject: object) -> bool:
        match subject:
            case ("user", str(name)):
                return name in self.users
            case ("merchant", str(name)):
                return name in self.merchants
            case _:
                return False


class Subject(NamedTuple):
    """What a trace is about."""

    id: str
    kind: Kind
    kinds: tuple[Kind, ...]
    """All that the id names in the log."""
    people: People
    """Whose devices, addresses and accounts are looked at."""


class Named:
    """Finds what an id is in the log, and who stands behind it as an event or an account."""

    def __init__(self, name: str) -> None:
        self._id = name
        self._kinds: set[Kind] = set()
        self._event: dict[str, object] | None = None
        self._of_account: list[tuple[str, str]] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Look for the id in every field that names a user, a merchant, an account or an event."""
        for kind, field, type_field in _NAMED_BY:
            if field not in frame.columns or (type_field is not None and type_field not in frame.columns):
                continue
            named = pl.col(field) == self._id
            found = frame.filter(named if type_field is None else named & (pl.col(type_field) == kind))
            if found.is_empty():
                continue
            self._kinds.add(kind)
            if kind == "event" and self._event is None:
                self._event = found.row(0, named=True)
            elif field == "account_id":
                self._of_account += _users_of_account(found)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What the id names, in the order of KINDS."""
        return tuple(kind for kind in KINDS if kind in self._kinds)

    def accounts(self, kind: Kind) -> tuple[str, ...]:
        """The accounts whose owners stand behind the subject: itself, or those between which an event transfers."""
        if kind == "account":
            return (self._id,)
        ends = [(self._event or {}).get(name) for name in ("from_account_id", "to_account_id")]
        return tuple(end for end in ends if isinstance(end, str)) if kind == "event" else ()

    def subject(self, kind: Kind, owners: Sequence[tuple[str, str]]) -> Subject:
        """The trace's subject; `owners` of its `accounts`, as far as they are known. Behind an account that no
        user or merchant is known to own stand those who got or gave money through it."""
        match kind:
            case "user":
                people = People(users=(self._id,))
            case "merchant":
                people = People(merchants=(self._id,))
            case "event":
                people = _people_of(self._event or {}).together(_as_people(owners))
            case _:
                owned = _as_people(owners)
                people = owned if any(owned) else _as_people(self._of_account)
        return Subject(self._id, kind, self.kinds, people)


class Near:
    """Finds the ids of a log that were most likely meant."""

    def __init__(self, name: str) -> None:
        self._id = name
        self._found: dict[str, None] = {}

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep ids that look alike, a bounded number."""
        for field in dict.fromkeys(field for _, field, _ in _NAMED_BY):
            if field in frame.columns and len(self._found) < NEAR_CANDIDATES_MAX:
                found = frame.filter(alike(field, self._id))[field].unique(maintain_order=True)
                self._found.update(dict.fromkeys(found.to_list()))

    def closest(self) -> list[str]:
        """The likeliest first."""
        return closest(self._id, list(self._found)[:NEAR_CANDIDATES_MAX])


def people_decided(results: Results, event_id: str) -> People:
    """The user and the merchant of an event that was decided on; nobody where it was not."""
    rows = results.decided(event_id)
    return _people_of(rows[0]) if rows else People()


def _people_of(row: dict[str, object]) -> People:
    """Whom an event names: its user and merchant, the subject of a sign-in, the owner of a linked account."""
    named: list[tuple[object, object]] = [(kind, row.get(f"{kind}_id")) for kind in _PEOPLE]
    named += [(row.get(f"{role}_type"), row.get(f"{role}_id")) for role in ("subject", "owner")]
    return _as_people([(str(kind), name) for kind, name in named if isinstance(name, str)])


def _users_of_account(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Who got or gave money through an account in payouts, refunds, repayments and applications."""
    found: list[tuple[str, str]] = []
    for kind, types in (("merchant", ("payout", "merchant_application")), ("user", ("refund", "repayment"))):
        if f"{kind}_id" in rows.columns:
            names = rows.filter(pl.col("type").is_in(types))[f"{kind}_id"].drop_nulls().unique(maintain_order=True)
            found += [(kind, name) for name in names]
    return found


def _as_people(named: Sequence[tuple[str, str]]) -> People:
    """Users and merchants, each once, a bounded number."""
    kept = dict.fromkeys(pair for pair in named if pair[0] in _PEOPLE)
    users, merchants = (tuple(name for kind, name in kept if kind == wanted)[:PEOPLE_MAX] for wanted in _PEOPLE)
    return People(users, merchants)


def rows_naming(frame: pl.DataFrame, fields: Sequence[str], names: pl.Series) -> pl.DataFrame:
    """The records in which one of some fields, as far as the frame has them, holds one of some names (one list)."""
    held = [pl.col(field).is_in(names).fill_null(value=False) for field in fields if field in frame.columns]
    return frame.filter(pl.any_horizontal(held)) if held else frame.clear()
