"""A desk for people who come from a provider, and browsers that go there and come back."""

from __future__ import annotations

from typing import Any

import pytest

from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.audit.log import AuditLog
from bonafide.office.people.identities import Identity
from bonafide.office.people.oidc import CameBack, OidcDesk
from bonafide.office.people.oidc_provider import Provider
from bonafide.office.people.sessions import Session
from tests.office.people.issuer import Issuer
from tests.office.people.kit import HERE, ROOT, Office

ANN = "ann-at-home"
UNKNOWN_KEY = "the token is signed with a key that is not the provider's"


class Door:
    """One provider, and one desk."""

    def __init__(self, office: Office, issuer: Issuer, **more: Any) -> None:
        self.office, self.issuer = office, issuer
        self.provider = Provider(issuer.settings(**more), office.clock)
        self.desk = OidcDesk(office.store, office.keyring, self.provider, clock=office.clock)

    def identity(self, value: str = ANN, claim: str = "sub") -> Identity:
        return Identity(self.issuer.url, claim, value)

    def invited(self, name: str = "ann", role: str = "analyst", value: str = ANN, claim: str = "sub") -> None:
        self.office.people.invite(ROOT, name, role, self.identity(value, claim))

    def come(self, sub: str = ANN, *, origin: str = HERE, before: Secret | None = None, **claims: Any) -> CameBack:
        begun = self.desk.start()
        return self.desk.come_back(begun.cookie, self.issuer.consent(begun.url, sub, **claims), origin, before=before)

    def refused(self, *given: Any, **claims: Any) -> str:
        """Why nobody was let in, as the audit log has it; the browser is told nothing of it."""
        with pytest.raises(UnauthenticatedError, match="the provider's answer lets nobody in here"):
            self.come(*given, **claims)
        entry = AuditLog(self.office.store).newest(1)[0]
        assert (entry.what, entry.outcome, entry.details["way"]) == ("session.sign_in", "refused", "oidc")
        return str(entry.details["wrong"])


def session_of(came: CameBack) -> Session:
    assert came.signed_in is not None
    return came.signed_in.session
