"""A provider of identities as its own description has it: where to send somebody, and what a code is worth.

The description comes from the configured issuer and from nowhere else. It and the keys are kept for a while; a key that
is not known has them asked for again, at most once in REST_MS, so that made-up tokens do not become questions.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from bonafide.core.errors import StateError
from bonafide.core.moment import HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.core.secret import Secret, unprinted
from bonafide.office.people.oidc_fetch import Fetched, FetchError, fetch, read_place
from bonafide.office.people.oidc_token import (
    TokenError,
    Wanted,
    check_library,
    key_for,
    key_id_of,
    read_keys,
    read_token,
)

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

KEPT_MS: Final = HOUR_MS
"""How long the provider's description and its keys are taken to be what they were."""
REST_MS: Final = MINUTE_MS
"""How soon they are asked for again where a key is not known."""
FAILED_REST_MS: Final = 5 * SECOND_MS
"""How soon they are asked for again where that failed; until then the same is said without asking."""
DESCRIPTION: Final = "/.well-known/openid-configuration"
CODE_LENGTH_MAX: Final = 2_048
_REFUSED: Final = range(400, 500)


class ProviderError(StateError):
    """The provider cannot be asked now, or answers what no provider answers."""


class OidcSettings(NamedTuple):
    """What the settings say of the provider."""

    issuer: str
    client_id: str
    client_secret: Secret | None
    """None: a public client, which proves itself by PKCE alone."""
    redirect_url: str
    claim: str
    """The claim that says who somebody is."""
    second_factors: frozenset[str]
    """Values of `amr` or `acr` by which a second factor was given; empty: it is ours to ask for."""


class _Description(msgspec.Struct, frozen=True):
    """What is read of the provider's description (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Answer(msgspec.Struct, frozen=True):
    id_token: str

    def __repr__(self) -> str:
        return unprinted(self)


Fetch = Callable[..., Fetched]
T = TypeVar("T")


class Provider:
    """One provider. Its methods may be called by several threads, and wait for the network within bounds."""

    def __init__(
        self, settings: OidcSettings, clock: Callable[[], int], *, tls: ssl.SSLContext | None = None,
        fetch: Fetch = fetch,
    ) -> None:  # fmt: skip
        check_library()
        self.settings = settings
        self._clock = clock
        self._fetch = fetch
        self._tls = tls
        self._lock = Lock()
        self._description = _Kept(self._read_description)
        self._keys = _Kept(self._read_keys)

    def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to sign in there."""
        made = self.settings
        scope = " ".join(["openid", *({"email": ["email"], "sub": []}.get(made.claim, ["profile"]))])
        challenge = _text(sha256(verifier.encode("ascii")).digest())
        asked = {
            "response_type": "code", "client_id": made.client_id, "redirect_uri": made.redirect_url, "scope": scope,
            "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        url = self._described().authorization_endpoint
        return f"{url}{'&' if '?' in url else '?'}{urlencode(asked, quote_via=quote)}"

    def check_issuer(self, given: str | None) -> None:
        """TokenError where an answer says that it is of another issuer (RFC 9207)."""
        must = self._described().authorization_response_iss_parameter_supported
        if (given is None and must) or (given is not None and given != self.settings.issuer):
            raise TokenError("the answer is of another issuer")

    def redeem(self, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
        """The claims that a code is worth; TokenError where it is worth none, ProviderError where nobody knows."""
        if not 1 <= len(code) <= CODE_LENGTH_MAX or not code.isascii() or not code.isprintable():
            raise TokenError("the code is none")
        description = self._described()
        form, headers = self._proof(description)
        form |= {"grant_type": "authorization_code", "code": code, "redirect_uri": self.settings.redirect_url,
                 "code_verifier": verifier}  # fmt: skip
        answer = self._asked(description.token_endpoint, form, headers)
        if answer.status in _REFUSED:
            raise TokenError("the provider does not take the code")
        token = self._decoded(answer, _Answer).id_token
        kid, alg = key_id_of(token)
        wanted = Wanted(self.settings.issuer, self.settings.client_id, nonce, self._clock())
        return read_token(token, self._key(kid, alg), alg, wanted)

    def _proof(self, description: _Description) -> tuple[dict[str, str], dict[str, str]]:
        """How we prove who asks: the form's fields, and headers."""
        client_id, secret = self.settings.client_id, self.settings.client_secret
        if secret is None:
            return {"client_id": client_id}, {}
        if "client_secret_basic" not in description.token_endpoint_auth_methods_supported:
            return {"client_id": client_id, "client_secret": secret.reveal()}, {}
        pair = f"{quote(client_id, safe='')}:{quote(secret.reveal(), safe='')}"
        return {}, {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _key(self, kid: str | None, alg: str) -> RSAKey | ECKey:
        for again in (False, True):
            found = key_for(self._current(self._keys, again=again), kid, alg)
            if found is not None:
                return found
        raise TokenError("the token is signed with a key that is not the provider's")

    def _described(self) -> _Description:
        found: _Description = self._current(self._description)
        return found

    def _current(self, kept: _Kept, *, again: bool = False) -> Any:
        with self._lock:  # one asks, and the others wait for what it learns
            return kept.at(self._clock(), again=again)

    def _read_description(self) -> _Description:
        issuer = self.settings.issuer
        found = self._decoded(self._asked(issuer.rstrip("/") + DESCRIPTION), _Description)
        if found.issuer != issuer:
            raise ProviderError(f"the provider {issuer}: its description is of another issuer; look at oidc_issuer")
        for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            try:
                read_place(url)
            except FetchError:
                raise ProviderError(f"the provider {issuer}: its description names URLs that are not safe") from None
        return found

    def _read_keys(self) -> list[RSAKey | ECKey]:
        # Called with the lock held, as everything that reads what is kept.
        description: _Description = self._description.at(self._clock())
        try:
            return read_keys(self._decoded(self._asked(description.jwks_uri), dict[str, Any]))
        except TokenError as error:
            raise ProviderError(f"the provider {self.settings.issuer}: {error}") from None

    def _asked(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        try:
            return self._fetch(url, form, headers, tls=self._tls)
        except FetchError as error:
            raise ProviderError(f"the provider {self.settings.issuer}: {error}") from None

    def _decoded(self, answer: Fetched, shape: type[T]) -> T:
        if answer.status == 200:
            try:
                return msgspec.json.decode(answer.body, type=shape, strict=True)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                pass
        raise ProviderError(f"the provider {self.settings.issuer}: it answers {answer.status}, and not what was asked")


class _Kept:
    """Something that was read, and when; where reading failed, why, for as long as it is not tried again."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._found: Any = None
        self._read_ms: int | None = None
        self._tried_ms: int | None = None
        self._trouble: StateError | None = None

    def at(self, now_ms: int, *, again: bool = False) -> Any:
        """It as of now; read anew where it is old, or where `again` asks and it was not just read."""
        fresh = self._read_ms is not None and self._read_ms <= now_ms < self._read_ms + KEPT_MS
        rest_ms = REST_MS if self._trouble is None else FAILED_REST_MS
        rested = self._tried_ms is None or not self._tried_ms <= now_ms < self._tried_ms + rest_ms
        if (not fresh or again) and rested:
            self._tried_ms = now_ms
            try:
                self._found, self._read_ms, self._trouble, fresh = self._read(), now_ms, None, True
            except ProviderError as error:
                self._trouble = error
        if not fresh:
            raise self._trouble or ProviderError("the provider cannot be asked")
        return self._found


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
