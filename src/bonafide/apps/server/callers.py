"""Who asks, and whether they may: one decision, by one table, for machines and people, on every route."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.admission import RETRY_S, Admission
from bonafide.apps.server.answers import Scope, refused, retry_after
from bonafide.apps.server.browser import Browser
from bonafide.apps.server.head import read_head
from bonafide.apps.server.ports import Keys, Sender
from bonafide.core.errors import BonafideError, StateError
from bonafide.core.secret import Secret
from bonafide.office.access.errors import ForbiddenError, UnauthenticatedError
from bonafide.office.access.roles import ROLES
from bonafide.office.access.sender import Sender as SignedSender
from bonafide.office.audit.entry import FROM_MAX, Actor
from bonafide.office.people.matrix import ANYBODY, OF_A_SESSION, OF_PEOPLE, ROUTES, UNFINISHED, Deed, check_may
from bonafide.office.people.sessions import Session

if TYPE_CHECKING:
    from bonafide.office.people.sign_in import SignIn

CHALLENGE: Final = (b"www-authenticate", b"Bearer")


class SignedIn(NamedTuple):
    """The session that somebody asks with."""

    token: Secret
    session: Session


class Caller(NamedTuple):
    """Who asks."""

    sender: Sender
    """What they may send, and at which rate."""
    actor: Actor
    """What the audit log calls them."""
    signed_in: SignedIn | None = None
    """None for machines."""


class Callers:
    """Tells who asks by what their request brings, and lets in who may."""

    def __init__(self, admission: Admission, keys: Keys, browser: Browser, desk: SignIn | None) -> None:
        """`desk` None: nobody is signed in here."""
        self.browser = browser
        self._admission = admission
        self._keys = keys
        self._desk = desk

    async def of(self, scope: Scope, deed: Deed) -> Caller | None:
        """Who asks for a deed; None where anybody may, and nobody needs to say who they are.

        Raises Refused: 401 for who is not known, 403 for who may not, 429 for who has asked too much.
        """
        if ANYBODY in ROUTES.get(deed.name, ()):
            return None
        authorization = read_head(scope["headers"]).authorization
        if authorization is None and self.browser.token_of(scope["headers"]) is not None:
            caller = await self.person(scope, deed)
        else:
            sender = self.machine(authorization, deed, scope["path"])
            caller = Caller(sender, Actor(f"key:{sender.key_id}", origin_of(scope)))
        self._admission.require_rate(caller.sender)
        self._admission.charge(caller.sender, 1)
        return caller

    def machine(self, authorization: bytes | None, deed: Deed, path: str) -> Sender:
        """The sender whose key came with a request; raises Refused."""
        try:
            sender = self._keys.verify(authorization, self._admission.wall_ms())
        except StateError:
            raise refused("overloaded", "the keys cannot be read now; come again", retry_after(RETRY_S)) from None
        except BonafideError as error:
            raise refused("unauthenticated", error.message, CHALLENGE) from None
        _let_in(sender.role, deed)
        if deed.name in OF_A_SESSION:
            raise refused("forbidden", "this is about one's own session, which a key does not have")
        if deed.name in OF_PEOPLE:
            raise refused("forbidden", "this takes a person who is signed in, and a key is none")
        if not sender.may_use(path):
            raise refused("forbidden", f"this key is narrowed to other routes than {deed.name}")
        return sender

    async def person(self, scope: Scope, deed: Deed) -> Caller:
        """Who is signed in, by the cookie of their browser; raises Refused."""
        token = self.browser.token_of(scope["headers"])
        if token is None or self._desk is None:
            raise refused("unauthenticated", "there is no session; sign in, or send a key", CHALLENGE)
        try:
            session = await run_in_threadpool(self._desk.sessions.find, token, self._admission.wall_ms())
        except UnauthenticatedError as error:
            raise refused("unauthenticated", error.message, CHALLENGE) from None
        self.browser.check_ours(scope, token)
        _let_in(session.role, deed)
        if session.pending is not None and deed.name not in UNFINISHED[session.pending]:
            try:
                session.check_complete()
            except ForbiddenError as error:
                raise refused("forbidden", error.message) from None
        actor = Actor(f"person:{session.name}", origin_of(scope))
        return Caller(_sender_of(session.name, session.role), actor, SignedIn(token, session))


def origin_of(scope: Scope) -> str:
    """The address that a request comes from."""
    client = scope.get("client")
    return str(client[0])[:FROM_MAX] if client else ""


def _let_in(role: str, deed: Deed) -> None:
    try:
        check_may(role, deed)
    except ForbiddenError as error:
        raise refused("forbidden", error.message) from None


@lru_cache(maxsize=1_024)
def _sender_of(name: str, role: str) -> Sender:
    """What somebody may send: what their role says, under their own name."""
    held = ROLES[role]
    return SignedSender(f"person:{name}", role, held.types, None, held.source, None)
