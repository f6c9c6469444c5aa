"""Changes of the lists allow, block and watch: asked for by one person, where they do harm approved by another.

The store keeps who, why and until when; the service writes each change into the log as a `list_changed` record, from
which on it has effect. Entries are kept as tokens, reasons sealed: people write names into them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import func, select

from bonafide.core.errors import BonafideError, MissingError, UsageError
from bonafide.core.events import TEXT_LENGTH_MAX, ListChanged
from bonafide.core.moment import DAY_MS, show_moment, show_span
from bonafide.core.pseudonym import read_token, show_token
from bonafide.core.text import is_tidy, to_nfc
from bonafide.office.access.checks import check_said
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import ITSELF, Actor
from bonafide.office.audit.log import append
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.bundles.steps import APPROVAL_MS
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import list_approvals, list_changes, list_outcomes
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.pseudonym import pseudonym_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

ListName = Literal["allow", "block", "watch"]
ListAction = Literal["add", "remove"]
LISTS: Final[tuple[ListName, ...]] = ("allow", "block", "watch")
FAMILY: Final = "lists"
EXPIRES_MAX_MS: Final = 366 * DAY_MS
"""Nobody stands on a list for longer without somebody looking again."""
REASON_LENGTH_MAX: Final = 500
CHANGES_MAX: Final = 1_000_000
PENDING_AT_ONCE: Final = 256
_ROUTE: Final = {"change": "POST /v1/lists", "approve": "POST /v1/lists/{number}/approve"}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change. Times are milliseconds since 1970 UTC."""

    number: int
    list: ListName
    action: ListAction
    entry: str
    """A token."""
    expires_ms: int | None
    reason: str
    person: str
    made_ms: int
    needs_two: bool
    approved_by: str | None
    seq: int | None
    """Where it stands in the log; None where it has no effect yet."""

    @property
    def event_id(self) -> str:
        """The id of its record: the same however often it is written."""
        return f"list_changed:{self.number}"

    def record(self, time_ms: int) -> ListChanged:
        """Its record at a time of the log."""
        return ListChanged(
            event_id=self.event_id, time=time_ms, list=self.list, action=self.action, entry=self.entry,
            expires=self.expires_ms, by=f"person:{self.person}",
        )  # fmt: skip

    def to_wire(self) -> dict[str, Any]:
        """The change as JSON shows it."""
        told = {"number": self.number, "list": self.list, "action": self.action, "entry": self.entry,
                "reason": self.reason, "person": self.person, "approved_by": self.approved_by,
                "waits": self.needs_two and self.approved_by is None, "seq": self.seq}  # fmt: skip
        expires = None if self.expires_ms is None else show_moment(self.expires_ms)
        return {**told, "time": show_moment(self.made_ms), "expires": expires}


def needs_two(name: ListName, action: ListAction) -> bool:
    """Whether a change makes anything harder for whoever it names: to be blocked, or not to be allowed any more.

    >>> needs_two("block", "add"), needs_two("allow", "remove"), needs_two("watch", "add")
    (True, True, False)
    """
    return (name, action) in {("block", "add"), ("allow", "remove")}


class Lists:
    """The lists of one data directory. All of it may be called by several threads; none is a coroutine."""

    def __init__(
        self, store: Store, secret: bytes, keyring: Keyring, *, clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        self._store = store
        self._secret = secret
        self._key = keyring.derived("reasons of lists")
        self._clock = clock
        self._draw = draw

    def token_of(self, entry: str) -> str:
        """What stands for an entry; one that is a token already stands for itself. UsageError for what is none."""
        if read_token(entry) is not None:
            return entry
        text = to_nfc(entry, TEXT_LENGTH_MAX)
        if not 0 < len(text) <= TEXT_LENGTH_MAX or not is_tidy(text):
            raise UsageError(f"entry: give 1 to {TEXT_LENGTH_MAX} characters, without control characters")
        return show_token(pseudonym_of(text, self._secret))

    def change(
        self, who: Session, origin: str, name: ListName, action: ListAction, entry: str, reason: str,
        expires_ms: int | None = None,
    ) -> Change:  # fmt: skip
        """Ask for a change. It takes effect when the service writes it, where it does harm after `approve`."""
        with self._acting(who, origin, "change", name) as (connection, now, actor):
            check_said("reason", reason, REASON_LENGTH_MAX)
            if (expires_ms is None) != (action == "remove"):
                raise UsageError("expires: whoever joins a list leaves it at a stated time; who is removed has none")
            if expires_ms is not None and not now < expires_ms <= now + EXPIRES_MAX_MS:
                raise UsageError(f"expires: give a time to come, at most {show_span(EXPIRES_MAX_MS)} from now")
            number = (connection.scalar(select(func.max(list_changes.c.number))) or 0) + 1
            if number > CHANGES_MAX:
                raise NotNowError(f"the lists were changed {CHANGES_MAX} times, as often as they may be")
            token = self.token_of(entry)
            row = {
                "number": number, "list": name, "action": action, "entry": token,
                "expires_ms": expires_ms, "person": who.name, "made_ms": now, "needs_two": needs_two(name, action),
                "reason": seal(self._key, reason.encode(), f"list change {number}", self._draw),
            }  # fmt: skip
            connection.execute(list_changes.insert().values(**row))
            append(connection, actor, "list.change", f"list:{name}", now,
                   details={"number": number, "action": action, "entry": token})  # fmt: skip
            return self._one(connection, number)

    def approve(self, who: Session, origin: str, number: int) -> Change:
        """Approve a change that does harm, which somebody else has asked for."""
        with self._acting(who, origin, "approve", "") as (connection, now, actor):
            found = self._one(connection, number)
            if not found.needs_two:
                raise NotNowError(f"change {number}: one person is enough for it")
            if found.person == who.name:
                raise ForbiddenError("nobody approves what they have asked for; somebody else has to look at it")
            if found.approved_by is not None:
                raise NotNowError(f"change {number}: {found.approved_by} has approved it already")
            if now >= found.made_ms + APPROVAL_MS:
                raise NotNowError(f"change {number}: is older than {show_span(APPROVAL_MS)}; ask for it again")
            connection.execute(list_approvals.insert().values(number=number, person=who.name, made_ms=now))
            append(connection, actor, "list.approve", f"list:{found.list}", now, details={"number": number})
            return self._one(connection, number)

    def pending(self) -> list[Change]:
        """Changes that are to be written into the log, in their order, some at a time."""
        ready = list_changes.c.needs_two.is_(False) | list_approvals.c.number.is_not(None)
        with self._store.reading() as connection:
            asked = _JOINED.where(ready, list_outcomes.c.number.is_(None)).order_by(list_changes.c.number)
            return [self._change_of(row) for row in connection.execute(asked.limit(PENDING_AT_ONCE))]

    def note_outcome(self, change: Change, seq: int) -> None:
        """Where in the log a change stands."""
        with self._store.writing(FAMILY) as connection:
            if self._one(connection, change.number).seq is not None:
                return
            now = self._clock()
            connection.execute(list_outcomes.insert().values(number=change.number, seq=seq, made_ms=now))
            append(connection, ITSELF, "list.in_force", f"list:{change.list}", now,
                   details={"number": change.number, "event": seq})  # fmt: skip

    def changes(
        self, name: ListName | None = None, entry: str | None = None, limit: int = 1_000, before: int | None = None
    ) -> Sequence[Change]:  # fmt: skip
        """The newest changes (before the one of a number), the oldest of them first; of one list, or of one entry."""
        wanted = [] if name is None else [list_changes.c.list == name]
        wanted += [] if entry is None else [list_changes.c.entry == self.token_of(entry)]
        wanted += [] if before is None else [list_changes.c.number < before]
        with self._store.reading() as connection:
            asked = _JOINED.where(*wanted).order_by(list_changes.c.number.desc()).limit(limit)
            return [self._change_of(row) for row in connection.execute(asked)][::-1]

    def standing(self, name: ListName) -> list[Change]:
        """What put those on a list who stand on it now."""
        now, last = self._clock(), {}
        with self._store.reading() as connection:
            asked = _JOINED.where(list_changes.c.list == name, list_outcomes.c.number.is_not(None))
            for row in connection.execute(asked.order_by(list_outcomes.c.seq)):
                last[row.entry] = row
            return [
                self._change_of(row) for row in last.values() if row.action == "add" and row.expires_ms > now
            ]  # fmt: skip

    def version(self) -> int:
        """Grows with every change."""
        return self._store.version(FAMILY)

    @contextmanager
    def _acting(self, who: Session, origin: str, action: str, name: str) -> Iterator[tuple[Connection, int, Actor]]:
        actor = Actor(f"person:{who.name}", origin)
        try:
            who.check_complete()
            check_may(who.role, Deed("route", _ROUTE[action]))
            with self._store.writing(FAMILY) as connection:
                yield connection, self._clock(), actor
        except BonafideError as error:
            with suppress(StoreError), self._store.writing() as connection:
                append(connection, actor, f"list.{action}", f"list:{name}" if name in LISTS else "list",
                       self._clock(), outcome="refused", details={"why": type(error).__name__})  # fmt: skip
            raise

    def _one(self, connection: Connection, number: int) -> Change:
        row = connection.execute(_JOINED.where(list_changes.c.number == number)).one_or_none()
        if row is None:
            raise MissingError(f"change {number}: there is none of this number; bonafide list show shows them")
        return self._change_of(row)

    def _change_of(self, row: Any) -> Change:
        told = {name: getattr(row, name) for name in Change.__struct_fields__ if name != "reason"}
        reason = unseal(self._key, bytes(row.reason), f"list change {row.number}").decode()
        return Change(**told, reason=reason)


_JOINED: Final = (
    select(list_changes, list_approvals.c.person.label("approved_by"), list_outcomes.c.seq)
    .outerjoin(list_approvals, list_approvals.c.number == list_changes.c.number)
    .outerjoin(list_outcomes, list_outcomes.c.number == list_changes.c.number)
)
