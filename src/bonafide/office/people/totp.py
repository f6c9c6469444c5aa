"""The second factor: time-based one-time passwords (RFC 6238 over RFC 4226, SHA-1, six digits, 30 seconds)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha1
from typing import Final
from urllib.parse import quote

from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret

STEP_MS: Final = 30 * SECOND_MS
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As long as SHA-1's output (RFC 4226, section 4)."""
DRIFT_STEPS: Final = 1
"""A clock may be so many steps before or behind ours (RFC 6238, section 5.2)."""


def new_secret(draw: Callable[[int], bytes]) -> bytes:
    """The secret that the server and somebody's device share."""
    return draw(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of time, counted from 1970.

    >>> code_at(b"12345678901234567890", 59 // 30)  # RFC 6238, appendix B, its last six digits
    '287082'
    """
    told = hmac.digest(secret, step.to_bytes(8, "big"), sha1)
    at = told[-1] & 0xF
    number = int.from_bytes(told[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of_code(secret: bytes, code: str, now_ms: int, after_step: int) -> int | None:
    """The step whose code was given, or None: a wrong code, or one of a step that was used (`after_step`) or before it.

    Every step that may be meant is compared, in constant time.
    """
    given, now, found = code.replace(" ", "").encode("utf-8", "replace"), now_ms // STEP_MS, None
    for step in range(max(now - DRIFT_STEPS, 0), now + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given) and step > after_step and found is None:
            found = step
    return found


def enrolment_url(secret: bytes, name: str, issuer: str = "Bonafide") -> Secret:
    """What a device reads, as text or as a picture: `otpauth://totp/...`."""
    text = base64.b32encode(secret).decode("ascii").rstrip("=")
    label = quote(f"{issuer}:{name}", safe="")
    return Secret(f"otpauth://totp/{label}?secret={text}&issuer={quote(issuer)}&digits={DIGITS}&period=30")
