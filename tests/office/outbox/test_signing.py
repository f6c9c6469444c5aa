"""Signatures: the vector of the standard, and everything that must not pass for one."""

from __future__ import annotations

import base64

import pytest

from bonafide.core.secret import Secret
from bonafide.office.outbox.signing import TOLERANCE_S, is_signed, secret_for, sign

OURS = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, WHEN, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = secret_for(b"k" * 16, "a")


def test_the_vector_of_the_standards_libraries() -> None:
    assert sign([OURS], ID, WHEN, BODY) == {
        "webhook-id": ID, "webhook-timestamp": str(WHEN), "webhook-signature": SIGNATURE,
    }  # fmt: skip
    assert is_signed([OURS], sign([OURS], ID, WHEN, BODY), BODY, WHEN)


def test_during_a_rotation_the_old_and_the_new_secret_hold() -> None:
    headers = sign([OTHER, OURS], ID, WHEN, BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert is_signed([OURS], headers, BODY, WHEN)
    assert is_signed([OTHER], headers, BODY, WHEN)
    assert is_signed([secret_for(b"k" * 16, "b"), OTHER], headers, BODY, WHEN)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        sign([], ID, WHEN, BODY)
    assert not is_signed([], sign([OURS], ID, WHEN, BODY), BODY, WHEN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-signature", ""), ("webhook-signature", "v1,"), ("webhook-signature", SIGNATURE[:-6]),
        ("webhook-signature", SIGNATURE.replace("v1,", "v1a,")),
        ("webhook-signature", SIGNATURE.replace("v1,", "none,")),
        ("webhook-signature", SIGNATURE.removeprefix("v1,")), ("webhook-signature", SIGNATURE.replace("g0", "g1")),
        ("webhook-signature", "v1,é"), ("webhook-signature", "v1,????"), ("webhook-id", "msg_other"),
        ("webhook-id", ""),
        ("webhook-timestamp", ""), ("webhook-timestamp", "now"), ("webhook-timestamp", f"{WHEN}.0"),
        ("webhook-timestamp", f"+{WHEN}"), ("webhook-timestamp", "９" * 10), ("webhook-timestamp", "9" * 5_000),
        ("webhook-timestamp", str(WHEN + 1)),
    ],
)  # fmt: skip
def test_what_was_changed_is_not_signed(name: str, value: str) -> None:
    headers = sign([OURS], ID, WHEN, BODY) | {name: value}
    assert not is_signed([OURS], headers, BODY, WHEN)


@pytest.mark.parametrize("name", ["webhook-signature", "webhook-id", "webhook-timestamp"])
def test_what_misses_a_header_is_not_signed(name: str) -> None:
    headers = sign([OURS], ID, WHEN, BODY)
    del headers[name]
    assert not is_signed([OURS], headers, BODY, WHEN)


def test_another_body_another_secret_and_another_time_are_not_signed() -> None:
    headers = sign([OURS], ID, WHEN, BODY)
    assert not is_signed([OURS], headers, BODY + b" ", WHEN)
    assert not is_signed([OTHER], headers, BODY, WHEN)
    for off in (-TOLERANCE_S - 1, TOLERANCE_S + 1):
        assert not is_signed([OURS], headers, BODY, WHEN + off)
        assert is_signed([OURS], headers, BODY, WHEN + off - (1 if off > 0 else -1))


def test_a_dot_moved_between_id_and_time_is_noticed() -> None:
    headers = sign([OURS], "a", 1, b"2.x")
    assert not is_signed([OURS], headers | {"webhook-id": "a.1", "webhook-timestamp": "2"}, b"x", 2)
    with pytest.raises(ValueError, match="without dots"):
        sign([OURS], "a.1", 2, b"x")


def test_a_secret_follows_from_its_name_and_the_key_and_is_never_shown() -> None:
    first = secret_for(b"k" * 16, "a")
    assert first.matches(secret_for(b"k" * 16, "a"))
    assert not first.matches(secret_for(b"k" * 16, "b"))
    assert not first.matches(secret_for(b"j" * 16, "a"))
    assert len(base64.b64decode(first.reveal().removeprefix("whsec_"))) == 32
    assert first.reveal() not in f"{first}{first!r}"
