"""Numbers that JSON does not have are told by field, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from bonafide.core.nonnumbers import diagnose_number


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_the_field_the_value_and_what_is_accepted_are_named(written: str) -> None:
    refused = diagnose_number(b'{"type": "indicator", "event_id": "i1", "confidence": %s}' % written.encode())
    assert refused is not None
    assert (refused.reason, refused.field) == ("malformed", "confidence")
    assert (refused.value, refused.event_id) == (written, "i1")
    assert str(refused) == f"confidence: {written} is not accepted; give a number from 0 to 1"


def test_a_whole_number_that_is_too_long_to_read_is_shown_cut() -> None:
    refused = diagnose_number(b'{"type": "payment", "event_id": "", "amount": %s}' % (b"9" * 100_000))
    assert refused is not None
    assert (refused.field, len(refused.value or ""), refused.event_id) == ("amount", 60, None)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "payment", "amount": nan}', b'{"type": "payment", "amount": NaN', b"[NaN]", b"NaN", b"\xff",
        b'{"type": "payment", "user_id": NaN}', b'{"type": "payment", "weight_g": NaN}', b'{"amount": NaN}',
        b'{"type": "payment", "foo": NaN}', b'{"type": ["payment"], "amount": NaN}', b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_other_faults_are_told_otherwise(line: bytes) -> None:
    assert diagnose_number(line) is None
