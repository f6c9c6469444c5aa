"""Signatures of Standard Webhooks (https://www.standardwebhooks.com), symmetric form `v1`.

What is signed is `id.timestamp.body` with HMAC-SHA256; the header names one signature for each secret that holds, so
that a receiver can change over while two do.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from bonafide.core.secret import Secret

SECRET_PREFIX: Final = "whsec_"
TOLERANCE_S: Final = 300
"""How far the time of a message may lie from the receiver's clock, either way."""
ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
_PURPOSE: Final = b"bonafide webhook secret 1\n"
_BEFORE: Final = "v1,"
_TIMESTAMP_DIGITS_MAX: Final = 12


def secret_for(key: bytes, secret_id: str) -> Secret:
    """The secret of a name: 256 bits that follow from the data directory's secret, and that nobody else can make.

    So no signing secret lies in the store or in a backup of it.
    """
    made = hmac.digest(key, _PURPOSE + secret_id.encode("ascii"), "sha256")
    return Secret(SECRET_PREFIX + base64.b64encode(made).decode("ascii"))


def sign(secrets: Sequence[Secret], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers. Raises ValueError without a secret, because an empty signature would look like one, and for
    an id with a dot, which could be read as the end of the id.
    """
    if not secrets or "." in message_id:
        raise ValueError("at least one secret, and an id without dots")
    signed = _signed(message_id, str(timestamp_s), body)
    signatures = [_BEFORE + base64.b64encode(hmac.digest(_key_of(s), signed, "sha256")).decode() for s in secrets]
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: str(timestamp_s), SIGNATURE_HEADER: " ".join(signatures)}


def is_signed(secrets: Sequence[Secret], headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
    """Whether a message that came is what the holder of one of the secrets sent, within TOLERANCE_S of now.

    `headers` by their names in lower case. Anything missing, doubled or of another form is not signed.
    """
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    message_id = headers.get(ID_HEADER, "")
    plain = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_DIGITS_MAX
    if not plain or not message_id or "." in message_id or abs(int(timestamp) - now_s) > TOLERANCE_S:
        return False
    signed = _signed(message_id, timestamp, body)
    wanted = [hmac.digest(_key_of(secret), signed, "sha256") for secret in secrets]
    given = [_read(one) for one in headers.get(SIGNATURE_HEADER, "").split(" ")]
    # Every pair is compared, so that the time it takes does not tell which of them holds.
    held = [hmac.compare_digest(a, b) for a in wanted for b in given if b is not None]
    return any(held)


def _signed(message_id: str, timestamp: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)


def _key_of(secret: Secret) -> bytes:
    return base64.b64decode(secret.reveal().removeprefix(SECRET_PREFIX), validate=True)


def _read(signature: str) -> bytes | None:
    if not signature.startswith(_BEFORE):
        return None
    try:
        return base64.b64decode(signature.removeprefix(_BEFORE), validate=True)
    except (binascii.Error, ValueError):
        return None
