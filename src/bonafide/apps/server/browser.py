"""How a browser holds a session: the cookie it comes in, and the signs that a request comes from our own pages."""

from __future__ import annotations

from typing import Final

from bonafide.apps.server.answers import Headers, Scope, refused
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.people.sessions import ABSOLUTE_MS, check_csrf

COOKIE: Final = "bonafide"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""A browser takes a cookie of such a name over TLS only, from this very host, for all of it (RFC 6265bis, 4.1.3.2)."""
CSRF_HEADER: Final = b"x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""They change nothing, so that no token of the session's own pages is asked for."""
_OUR_SITES: Final = frozenset({b"same-origin", b"none"})
_FROM_ELSEWHERE: Final = "the request does not come from a page of this service"


class Browser:
    """What is set and expected, by whether browsers reach the service over TLS."""

    def __init__(self, is_secure: bool) -> None:
        self.cookie: Final = SECURE_COOKIE if is_secure else COOKIE
        self._rest = f"; Path=/; HttpOnly; SameSite=Strict{'; Secure' if is_secure else ''}"
        self._schemes = (b"https://",) if is_secure else (b"http://", b"https://")
        self._begins = f"{self.cookie}=".encode()

    def token_of(self, headers: Headers) -> Secret | None:
        """The session's token that a request brings; None where it brings none, or two that differ."""
        found = {
            part.strip(b" \t")[len(self._begins) :]
            for name, value in headers if name == b"cookie"
            for part in value.split(b";") if part.strip(b" \t").startswith(self._begins)
        }  # fmt: skip
        return Secret(found.pop().decode("latin-1")) if len(found) == 1 else None

    def given(self, token: Secret) -> str:
        """The header's value that gives a browser a session; the browser lets it go when no session lasts longer."""
        return f"{self.cookie}={token.reveal()}{self._rest}; Max-Age={ABSOLUTE_MS // SECOND_MS}"

    @property
    def taken(self) -> str:
        """The header's value that takes a session away from a browser."""
        return f"{self.cookie}={self._rest}; Max-Age=0"

    def check_origin(self, headers: Headers) -> None:
        """Refused (403) for what a browser says to come from elsewhere. What says nothing of it is no browser's."""
        said = dict(headers)
        if said.get(b"sec-fetch-site", b"none") not in _OUR_SITES:
            raise refused("forbidden", _FROM_ELSEWHERE)
        origin = said.get(b"origin")
        if origin is not None and origin.lower() not in {
            scheme + said.get(b"host", b"").lower() for scheme in self._schemes
        }:
            raise refused("forbidden", _FROM_ELSEWHERE)

    def check_ours(self, scope: Scope, token: Secret) -> None:
        """Refused (403) unless a request with a session comes from our own pages, as far as it must."""
        headers = scope["headers"]
        self.check_origin(headers)
        if scope["method"] not in SAFE_METHODS:
            given = next((value for name, value in headers if name == CSRF_HEADER), b"")
            try:
                check_csrf(token, given.decode("latin-1"))
            except ForbiddenError as error:
                raise refused("forbidden", error.message) from None
