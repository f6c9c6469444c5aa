"""The second factor against the test vectors of the RFC, and which steps a code is taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.office.people.totp import DRIFT_STEPS, STEP_MS, code_at, enrolment_url, step_of_code

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
     (2000000000, "69279037"), (20000000000, "65353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(SECRET, seconds // 30) == code[-6:]


@given(now=st.integers(0, 200), off=st.integers(-4, 4), after=st.integers(-1, 204))
def test_a_code_is_taken_near_its_step_and_once(now: int, off: int, after: int) -> None:
    step = max(now + off, 0)
    found = step_of_code(SECRET, code_at(SECRET, step), now * STEP_MS + STEP_MS - 1, after)
    if abs(step - now) <= DRIFT_STEPS and step > after:
        assert found == step
    else:
        assert found is None


def test_spaces_count_for_nothing_and_what_is_no_code_is_none() -> None:
    code = code_at(SECRET, 7)
    assert step_of_code(SECRET, f" {code[:3]} {code[3:]}", 7 * STEP_MS, -1) == 7
    for given_code in ("", "1", code + "0", "\ud800", "x" * 100_000):
        assert step_of_code(SECRET, given_code, 7 * STEP_MS, -1) is None


def test_a_device_reads_the_url() -> None:
    url = enrolment_url(SECRET, "ann")
    assert "GEZDGNBV" not in str(url)
    assert url.reveal() == (
        "otpauth://totp/Bonafide%3Aann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bonafide&digits=6&period=30"
    )
