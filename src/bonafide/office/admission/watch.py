"""From the log to reviews: each application is reviewed once it has been taken in, and again when something changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from bonafide.core.pseudonym import read_token, show_token
from bonafide.office.admission.drifting import Drifting
from bonafide.office.admission.following import Following
from bonafide.office.admission.gathered import Applied, Gathered, Link
from bonafide.office.admission.known import KnownMerchants
from bonafide.office.admission.limiting import follow_limits
from bonafide.office.admission.lists import KeptLists
from bonafide.office.admission.past import Past
from bonafide.office.admission.rows import (
    Cause,
    find_merchant,
    find_review,
    next_number,
    put_merchant,
    put_review,
)
from bonafide.office.admission.told import message_of
from bonafide.office.merchants.application import Application, Merchant, Owner, Standing
from bonafide.office.merchants.drift import Drift
from bonafide.office.merchants.register import Register
from bonafide.office.merchants.review import HOLD_MS, Beside, Finding, Review, is_ones_own, review
from bonafide.office.merchants.screening import Screening
from bonafide.office.merchants.table import ADMITTED
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.placing import place_messages
from bonafide.office.store.tables import (
    merchant_accounts,
    merchant_applications,
    merchant_devices,
    merchant_outcomes,
    merchant_reviews,
)
from bonafide.office.vault.texts import insert_new

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

UNKNOWN_WAIT_MS: Final = 60_000
"""How long an application waits at most for its texts, which come with it and are taken in about a second later. Where
none waits any more it is passed over: its merchant was forgotten meanwhile."""
LAPSES_AT_ONCE: Final = 64


class MerchantWatch:
    """Reads a log from where the last one stopped. One at a time works on a data directory."""

    def __init__(
        self, vault: Vault, log: Log, folder: Path, secret: bytes, clock: Callable[[], int],
        texts_wait: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        """texts_wait: whether any clear text has come with the log that the vault has not taken in."""
        self._vault = vault
        self._store = vault.store
        self._following = Following(vault.store, log, clock)
        self._secret = secret
        self._clock = clock
        self._texts_wait = texts_wait
        self._known = KnownMerchants(vault)
        self._lists = KeptLists(folder)
        self._drifting = Drifting()

    def step(self) -> int:
        """Take in the next events, or else look at what time alone has changed; returns how much was done, 0 where
        there was nothing to do. StateError where something cannot be read or written: the same comes again then."""
        try:
            return self._read() or self._lapse() or self._drift()
        except BaseException:
            self._known.forget()  # it may hold what was not written
            self._following.begin_anew()
            raise

    def _read(self) -> int:
        following = self._following
        read = following.read(self._is_ready)
        if not following.is_due(read):
            return read
        found, day = following.found, following.place.day
        if day > following.newest_day_written:
            self._drifting.begin({merchant for merchant, _ in found.trade}, day)
        if found.applied or found.links or found.stands:
            self._known.register()
        with self._store.writing() as connection:
            self._write(connection, found, day)
            following.write(connection)
        following.done()
        return max(read, 1)

    def _is_ready(self, one: Applied) -> bool:
        if self._clock() - one.received_ms >= UNKNOWN_WAIT_MS:
            return True
        with self._store.reading() as connection:
            is_known = self._known.clear_application(connection, one.event, ()) is not None
        return is_known or not self._texts_wait()

    def _write(self, connection: Connection, found: Gathered, day: int) -> None:
        for link in found.links:
            row = {"account": link.account, "owner_type": link.owner_type, "owner": link.owner}
            ours = merchant_accounts.c.account == link.account
            if not connection.execute(update(merchant_accounts).where(ours).values(**row)).rowcount:
                connection.execute(merchant_accounts.insert().values(**row))
        insert_new(connection, merchant_devices, [{"merchant": m, "device": d} for m, d in sorted(found.devices)])
        for merchant, device in sorted(found.devices):
            self._known.has_device(merchant, device)
        self._drifting.count(connection, found.trade, day)
        for merchant, standing in found.stands.items():
            self._stand(connection, merchant, standing)
        for one in found.applied:
            self._apply(connection, one)
        for link in found.links:
            self._linked(connection, link)

    def _apply(self, connection: Connection, one: Applied) -> None:
        table, merchant = merchant_applications, read_token(one.event.merchant_id)
        there = connection.scalar(select(table.c.number).where(table.c.event_id == one.event.event_id))
        if merchant is None or there is not None:
            return
        application = self._known.clear_application(connection, one.event, _devices(connection, merchant))
        if application is None:  # forgotten meanwhile
            return
        known = self._known.loaded.get(application.merchant)
        if known is not None:
            application = application.with_earlier(known.application)
        number = next_number(connection, table)
        row = {"number": number, "merchant": merchant, "event_id": one.event.event_id, "seq": one.seq,
               "content": one.content}  # fmt: skip
        connection.execute(table.insert().values(**row))
        put_merchant(connection, merchant, self._clock(), application=number)
        if known is not None and application == known.application and self._waits_for_second(connection, merchant):
            return  # nothing new: whoever refuses second looks at what the first has looked at
        self._review(connection, application, number, "application", f"application:{one.event.event_id}", one.seq)

    def _linked(self, connection: Connection, link: Link) -> None:
        """An account was linked: whoever is paid to it is reviewed again, where it is somebody else's."""
        token = show_token(link.account)
        for merchant in self._known.loaded.holders("account", token):
            told = merchant.application
            owner = Owner(link.owner_type, show_token(link.owner))
            if is_ones_own(told, owner, self._known.loaded):
                continue
            self._again(connection, merchant, "account", f"account:{link.event_id}:{told.merchant}")

    def _again(
        self, connection: Connection, merchant: Merchant, cause: Cause, trigger: str, drifts: tuple[Drift, ...] = ()
    ) -> None:  # fmt: skip
        found = find_merchant(connection, read_token(merchant.key) or 0)
        if found is None or found.review is None:
            return
        table = merchant_applications.c
        seq = connection.scalar(select(table.seq).where(table.number == found.application)) or 0
        self._review(connection, merchant.application, found.application, cause, trigger, seq, drifts)

    def _review(
        self, connection: Connection, application: Application, number: int, cause: Cause, trigger: str, seq: int,
        drifts: tuple[Drift, ...] = (),
    ) -> None:  # fmt: skip
        register, now = self._known.loaded, self._clock()
        merchant = read_token(application.merchant) or 0
        past = Past.of(connection, self._vault, merchant, now)
        identity = read_token(application.representative)
        clear = None if identity is None else self._vault.clear_of("person", identity)
        owner, before = _owner(connection, application.account), self._before(connection, merchant, past)
        beside = Beside(owner, before, drifts, clear or "", past.still_open)
        told = past.continued(_reviewed(application, register, now, self._lists.screening(), beside))
        found = find_merchant(connection, merchant)
        standing: Standing = "applied" if found is None else found.standing
        if standing == "applied" and told.decision in ADMITTED:
            standing = "active"
        self._keep(connection, merchant, number, told, cause, trigger, standing, seq)
        self._known.put(Merchant(application, standing))

    def _waits_for_second(self, connection: Connection, merchant: int) -> bool:
        found = find_merchant(connection, merchant)
        kept = None if found is None or found.review is None else find_review(connection, self._vault, found.review)
        return kept is not None and kept.is_refused_by_one

    def _before(self, connection: Connection, merchant: int, past: Past) -> Merchant | None:
        """What the merchant is compared with: what it was last admitted with, and where it stands now."""
        known = self._known.loaded.get(show_token(merchant))
        said = None if past.accepted is None else self._known.told_by(connection, merchant, past.accepted)
        return known if known is None or said is None else Merchant(said, known.standing)

    def _keep(
        self, connection: Connection, merchant: int, application: int, told: Review, cause: Cause, trigger: str,
        standing: Standing, seq: int,
    ) -> None:  # fmt: skip
        made = put_review(connection, self._vault, merchant, application, told, cause, trigger)
        if made is None:
            return
        put_merchant(connection, merchant, told.made_ms, review=made, standing=standing, application=application)
        kept = find_review(connection, self._vault, made)
        assert kept is not None
        follow_limits(connection, self._vault, kept, told.made_ms)
        place_messages(connection, [message_of(kept, seq, told.made_ms, self._secret)], told.made_ms)

    def _stand(self, connection: Connection, merchant: int, standing: Standing) -> None:
        """A merchant was suspended by a measure, or is no longer."""
        found = find_merchant(connection, merchant)
        if found is None or found.standing in ("refused", "closed") or found.standing == standing:
            return
        if standing == "active" and found.standing != "suspended":
            return
        put_merchant(connection, merchant, self._clock(), standing=standing)
        known = self._known.loaded.get(show_token(merchant))
        if known is not None:
            self._known.put(Merchant(known.application, standing))

    def _lapse(self) -> int:
        """End the holds of proposed refusals that two people have not made theirs in time; the platform is told."""
        now, table = self._clock(), merchant_reviews
        due = (table.c.proposed == "refuse", table.c.lapsed_ms.is_(None), table.c.made_ms <= now - HOLD_MS)
        asked = select(table.c.number, merchant_applications.c.seq).join(
            merchant_applications, merchant_applications.c.number == table.c.application
        )
        settled = select(merchant_outcomes.c.review)
        with self._store.reading() as connection:
            rows = connection.execute(
                asked.where(*due, table.c.number.not_in(settled)).order_by(table.c.number).limit(LAPSES_AT_ONCE)
            ).all()
        if not rows:
            return 0
        with self._store.writing() as connection:
            for number, seq in rows:
                connection.execute(update(table).where(table.c.number == number).values(lapsed_ms=now))
                kept = find_review(connection, self._vault, number)
                if kept is not None and kept.settled is None:
                    place_messages(connection, [message_of(kept, seq, now, self._secret)], now)
        return len(rows)

    def _drift(self) -> int:
        """Compare the trade of some merchants with that before, once for each day of the log."""
        wanted = self._drifting.next()
        if not wanted:
            return 0
        register = self._known.register()
        with self._store.writing() as connection:
            for merchant in wanted:
                known = register.get(show_token(merchant))
                if known is None:
                    continue
                drifts = self._drifting.of(connection, merchant, known.application.category)
                if drifts:
                    self._again(connection, known, "drift", self._drifting.trigger(merchant, drifts), drifts)
        return len(wanted)


def _reviewed(
    application: Application, register: Register, now_ms: int, screening: Screening, beside: Beside
) -> Review:  # fmt: skip
    """The review; one that fails, for a reason that is ours, is left to people, and no other waits for it."""
    try:
        return review(application, register, now_ms, screening=screening, beside=beside)
    except Exception as error:  # noqa: BLE001  (whatever it is: it would come again for ever)
        failed = Finding("review_failed", {"error": type(error).__name__})
        still = () if beside.open is None else (Finding(beside.open),)
        return Review(application.merchant, now_ms, (*still, failed), again=beside.before is not None)


def _owner(connection: Connection, account: str | None) -> Owner | None:
    value = None if account is None else read_token(account)
    if value is None:
        return None
    table = merchant_accounts.c
    row = connection.execute(select(table.owner_type, table.owner).where(table.account == value)).one_or_none()
    return None if row is None else Owner(row.owner_type, show_token(row.owner))


def _devices(connection: Connection, merchant: int) -> list[int]:
    table = merchant_devices.c
    return list(connection.scalars(select(table.device).where(table.merchant == merchant).order_by(table.device)))
