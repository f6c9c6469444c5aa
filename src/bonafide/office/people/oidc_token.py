"""The identity token of OpenID Connect: who signed it, for whom, for which sign-in, and until when.

What is checked is section 3.1.3.7 of OpenID Connect Core 1.0, more strictly: one audience, the client alone; a nonce,
always; RS256 and ES256 only, so that neither `none` nor a MAC made with the public key is ever looked at.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bonafide.core.errors import BonafideError, UsageError
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import unprinted

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

KEY_TYPES: Final = {"RS256": "RSA", "ES256": "EC"}
"""What is accepted: algorithm -> type of key."""
KEYS_MAX: Final = 32
RSA_BITS_MIN: Final = 2_048
TOKEN_LENGTH_MAX: Final = 32 << 10
SKEW_S: Final = 60
"""How far the provider's clock may be from ours."""
AGE_S: Final = 600
"""A token was made at most so long ago: it comes straight from the provider."""
SUBJECT_LENGTH_MAX: Final = 255
NO_LIBRARY: Final = "signing in through a provider needs joserfc, which is not installed; pip install 'bonafide[oidc]'"


class TokenError(BonafideError):
    """A token that proves nothing; `str()` is a few words for the audit log, and holds nothing of the token."""


class Wanted(NamedTuple):
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now_ms: int

    def __repr__(self) -> str:
        return unprinted(self)


def check_library() -> None:
    """UsageError where the library that reads tokens is not installed."""
    try:
        import joserfc  # noqa: F401
    except ImportError:
        raise UsageError(NO_LIBRARY) from None


def read_keys(document: object) -> list[RSAKey | ECKey]:
    """The keys of a key set that may sign tokens; those of other kinds and uses are passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise TokenError("its keys cannot be read")
    return [key for one in listed if (key := _key(one)) is not None]


def _key(given: object) -> RSAKey | ECKey | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    kind, alg = given.get("kty"), given.get("alg")
    if kind not in KEY_TYPES.values() or alg not in (None, *(one for one, of in KEY_TYPES.items() if of == kind)):
        return None
    public = {name: value for name, value in given.items() if name in ("kty", "kid", "n", "e", "crv", "x", "y")}
    try:
        if kind == "RSA":
            found = RSAKey.import_key(public)
            return found if found.raw_value.key_size >= RSA_BITS_MIN else None
        return ECKey.import_key(public) if public.get("crv") == "P-256" else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def key_id_of(token: str) -> tuple[str | None, str]:
    """The id of the key that a token says it was signed with, and the algorithm; TokenError for what is no token."""
    from joserfc.errors import JoseError
    from joserfc.jws import extract_compact

    if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
        raise TokenError("the token is too long")
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise TokenError("the token cannot be read") from None
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or alg not in KEY_TYPES:
        raise TokenError("the token is signed in a way that is not accepted")
    if not isinstance(kid, str | None):
        raise TokenError("the token cannot be read")
    return kid, alg


def key_for(keys: Iterable[RSAKey | ECKey], kid: str | None, alg: str) -> RSAKey | ECKey | None:
    """The key of an id; without an id the only one of its type. None where there is none."""
    found = [key for key in keys if key.key_type == KEY_TYPES[alg] and (kid is None or key.kid == kid)]
    return found[0] if len(found) == 1 else None


def read_token(token: str, key: RSAKey | ECKey, alg: str, wanted: Wanted) -> Mapping[str, Any]:
    """The claims of a token, when its signature and everything that must be said in it are right; TokenError else."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        claims = jwt.decode(token, key, algorithms=[alg]).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenError("the token's signature is not the provider's") from None
    if claims.get("iss") != wanted.issuer:
        raise TokenError("the token is of another issuer")
    if claims.get("aud") not in (wanted.client_id, [wanted.client_id]):
        raise TokenError("the token is for another audience")
    if claims.get("azp") not in (None, wanted.client_id):
        raise TokenError("the token was given to another party")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), wanted.nonce.encode()):
        raise TokenError("the token is of another sign-in")
    _check_times(claims, wanted.now_ms / SECOND_MS)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_LENGTH_MAX:
        raise TokenError("the token names nobody")
    return claims


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    ends, made = _moment(claims, "exp"), _moment(claims, "iat")
    begins = _moment(claims, "nbf") if "nbf" in claims else made
    if ends is None or made is None or begins is None:
        raise TokenError("the token does not say when it was made and until when it holds")
    if now_s >= ends + SKEW_S or now_s >= made + AGE_S + SKEW_S:
        raise TokenError("the token has expired")
    if max(made, begins) > now_s + SKEW_S:
        raise TokenError("the token holds only later")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 2**53:
        return None
    return float(value)
