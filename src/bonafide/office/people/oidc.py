"""Signing in through a provider of identities: OpenID Connect's authorization code flow with PKCE, state and nonce.

What a sign-in needs to remember between leaving and coming back travels with the browser, in a cookie that only we can
open; so strangers who begin and never come back cost nothing, and an answer that was meant for another browser is worth
nothing here. Each comes back once. The token says who somebody is; our own table, never the token, what they may do.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import delete, func, select, update

from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import MINUTE_MS
from bonafide.core.secret import Secret, unprinted
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.people import totp, waits
from bonafide.office.people.errors import SlowDownError
from bonafide.office.people.identities import Identity, find_identity
from bonafide.office.people.oidc_provider import Provider
from bonafide.office.people.oidc_token import TokenError
from bonafide.office.people.rows import find_row, person_of
from bonafide.office.people.sessions import Sessions, end_session
from bonafide.office.people.sign_in import SignedIn
from bonafide.office.store.database import Store
from bonafide.office.store.tables import oidc_used, people
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection

LASTS_MS: Final = 10 * MINUTE_MS
"""How long somebody may take to sign in there and come back."""
USED_MAX: Final = 100_000
"""Answers of the last LASTS_MS; beyond, nobody is let in for a moment, since one could come back twice."""
RANDOM_BYTES: Final = 32
COOKIE_LENGTH_MAX: Final = 4_096
TO_LENGTH_MAX: Final = 512
HOME: Final = "/"
_TO: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path on this host: no scheme and no host, however a browser reads it."""
_START, _CODE = "oidc start", "oidc code"
_AGAIN: Final = "the sign-in does not belong to this browser, was used, or took too long; begin again"
_NOBODY: Final = "the provider's answer lets nobody in here"
_UNKNOWN: Final = "person:unknown"


class _Started(msgspec.Struct, frozen=True):
    """What a browser carries while it is away."""

    state: str
    nonce: str
    verifier: str
    to: str
    begun_ms: int

    def __repr__(self) -> str:
        return unprinted(self)


class _Vouched(msgspec.Struct, frozen=True):
    """What a browser carries until the code of the second factor is given."""

    id: str
    name: str
    to: str
    begun_ms: int


class Begun(NamedTuple):
    """Where to send the browser, and what it carries."""

    url: str
    cookie: Secret

    def __repr__(self) -> str:
        return unprinted(self)  # state and nonce stand in the URL


class CameBack(NamedTuple):
    """Somebody came back: signed in, or with a ticket for the code that is still to be given."""

    to: str
    signed_in: SignedIn | None
    ticket: Secret | None


class OidcDesk:
    """Where people sign in who come from a provider. Methods wait for the network, and for the store."""

    def __init__(
        self, store: Store, keyring: Keyring, provider: Provider, *, clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        self._store = store
        self._provider = provider
        self._clock = clock
        self._draw = draw
        self._key = keyring.derived("oidc")
        self._totp_key = keyring.derived("second factor")
        self._sessions = Sessions(store, draw)

    def start(self, to: str = HOME) -> Begun:
        """Begin to sign in; `to` is the path to go on to afterwards. UsageError for one that leads elsewhere."""
        if len(to) > TO_LENGTH_MAX or not _TO.fullmatch(to):
            raise UsageError(f"to: give a path on this host, at most {TO_LENGTH_MAX} characters")
        state, nonce, verifier = (_text(self._draw(RANDOM_BYTES)) for _ in range(3))
        begun = _Started(state, nonce, verifier, to, self._clock())
        return Begun(self._provider.authorization_url(state, nonce, verifier), self._sealed(begun, _START))

    def come_back(
        self, cookie: Secret | None, answer: Mapping[str, str], origin: str, *, before: Secret | None = None
    ) -> CameBack:  # fmt: skip
        """What the provider answered, through the browser that carries `cookie`.

        Raises UnauthenticatedError, in words that say nothing of the token; SlowDownError after too many tries;
        ProviderError (a StateError) where the provider cannot be asked.
        """
        begun = self._opened(cookie, _START, _Started)
        if not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode("utf-8", "replace")):
            raise UnauthenticatedError(_AGAIN)
        with self._store.writing() as connection:
            waits.count_try(connection, f"oidc {origin}", origin, self._clock())
            self._use(connection, begun.state)
        try:
            claims = self._claims(answer, begun)
        except TokenError as error:
            self._refuse(origin, _UNKNOWN, str(error))
            raise UnauthenticatedError(_NOBODY) from None
        return self._let_in(claims, begun.to, origin, before)

    def give_code(self, ticket: Secret | None, code: str, origin: str, *, before: Secret | None = None) -> CameBack:
        """The code of one's own second factor, where the provider vouched for none."""
        vouched = self._opened(ticket, _CODE, _Vouched)
        name = vouched.name
        with self._store.writing() as connection:
            waits.count_try(connection, name, origin, self._clock())
        signed_in = None
        with self._store.writing() as connection:
            now = self._clock()
            found = find_row(connection, name, to_change=True)
            step = None
            if found is not None and found.disabled_ms is None and found.totp_confirmed:
                secret = unseal(self._totp_key, bytes(found.totp), f"totp {name}")
                step = totp.step_of_code(secret, code, now, found.totp_step)
            if step is not None:
                self._use(connection, vouched.id)
                connection.execute(update(people).where(people.c.name == name).values(totp_step=step))
                waits.passed(connection, name, origin)
                signed_in = self._begin(connection, name, origin, before, now, vouched=False)
        if signed_in is None:
            self._refuse(origin, f"person:{name}", "code or standing")
            raise UnauthenticatedError("the code is not right, or this user may not sign in")
        return CameBack(vouched.to, signed_in, None)

    def _claims(self, answer: Mapping[str, str], begun: _Started) -> Mapping[str, Any]:
        self._provider.check_issuer(answer.get("iss"))
        if "error" in answer or "code" not in answer:
            raise TokenError("the provider did not sign anybody in")
        return self._provider.redeem(answer["code"], begun.nonce, begun.verifier)

    def _let_in(self, claims: Mapping[str, Any], to: str, origin: str, before: Secret | None) -> CameBack:
        identity, vouched = self._identity(claims), self._is_vouched(claims)
        told, wrong, came = _UNKNOWN, "somebody who is not known here", None
        with self._store.writing() as connection:
            now = self._clock()
            found = None if identity is None else find_identity(connection, identity)
            if found is not None:
                told, wrong = f"person:{found.name}", "standing"
            if found is not None and found.disabled_ms is None:
                waits.passed(connection, f"oidc {origin}", origin)
                if found.totp_confirmed and not vouched:
                    ticket = _Vouched(_text(self._draw(RANDOM_BYTES)), found.name, to, now)
                    came = CameBack(to, None, self._sealed(ticket, _CODE))
                else:
                    came = CameBack(to, self._begin(connection, found.name, origin, before, now, vouched), None)
        if came is None:
            self._refuse(origin, told, wrong)
            raise UnauthenticatedError(_NOBODY)
        return came

    def _begin(
        self, connection: Connection, name: str, origin: str, before: Secret | None, now: int, vouched: bool
    ) -> SignedIn:
        connection.execute(update(people).where(people.c.name == name).values(signed_in_ms=now))
        if before is not None:
            end_session(connection, before)
        token, session = self._sessions.begin(
            connection, person_of(find_row(connection, name)), now, vouched=vouched
        )  # fmt: skip
        details = {"way": "oidc", "second_factor": "theirs" if vouched else "ours"}
        append(connection, Actor(f"person:{name}", origin), "session.sign_in", f"person:{name}", now, details=details)
        return SignedIn(token, session)

    def _identity(self, claims: Mapping[str, Any]) -> Identity | None:
        settings = self._provider.settings
        value = claims.get(settings.claim)
        if not isinstance(value, str) or (settings.claim == "email" and claims.get("email_verified") is not True):
            return None
        return Identity(settings.issuer, settings.claim, value)

    def _is_vouched(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token says that a second factor was given in a way that the settings count."""
        given = claims.get("amr")
        said = {one for one in (*(given if isinstance(given, list) else ()), claims.get("acr")) if isinstance(one, str)}
        return bool(said & self._provider.settings.second_factors)

    def _use(self, connection: Connection, once: str) -> None:
        """Take note that something that travels with a browser was used. UnauthenticatedError where it was before."""
        table, now, hashed = oidc_used, self._clock(), sha256(once.encode()).digest()
        connection.execute(delete(table).where(table.c.used_ms <= now - LASTS_MS))
        if connection.scalar(select(func.count()).where(table.c.state == hashed)):
            raise UnauthenticatedError(_AGAIN)
        if (connection.scalar(select(func.count()).select_from(table)) or 0) >= USED_MAX:
            raise SlowDownError(LASTS_MS)
        connection.execute(table.insert().values(state=hashed, used_ms=now))

    def _refuse(self, origin: str, whom: str, wrong: str) -> None:
        with self._store.writing() as connection:
            details = {"way": "oidc", "wrong": wrong}
            append(
                connection, Actor(whom, origin), "session.sign_in", whom, self._clock(), outcome="refused",
                details=details,
            )  # fmt: skip

    def _sealed(self, carried: _Started | _Vouched, place: str) -> Secret:
        return Secret(_text(seal(self._key, msgspec.json.encode(carried), place, self._draw)))

    def _opened(self, cookie: Secret | None, place: str, shape: Any) -> Any:
        """What a browser carries; UnauthenticatedError for anything that we did not give, or gave too long ago."""
        text = "" if cookie is None else cookie.reveal()
        try:
            if len(text) > COOKIE_LENGTH_MAX:
                raise ValueError
            box = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            found = msgspec.json.decode(unseal(self._key, box, place), type=shape)
        except (ValueError, StateError):
            raise UnauthenticatedError(_AGAIN) from None
        if not found.begun_ms <= self._clock() < found.begun_ms + LASTS_MS:
            raise UnauthenticatedError(_AGAIN)
        return found


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
