"""Reading an array as a whole says of each element what reading it alone says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.apps.server.decode import ARRAY_LENGTH_MAX, decode_one, read_array, split
from bonafide.core.door import decode_array, decode_event
from bonafide.core.errors import InputError
from bonafide.testing.generators import events
from tests.apps.server.client import payment
from tests.apps.server.standin import TestSender
from tests.engine.kit import START_MS

NOW_MS = START_MS + 10 * 86_400_000
SENDER = TestSender(types=frozenset({"payment", "login", "refund", "payout", "shipment", "verdict"}))
ODD = st.sampled_from([b"1", b"null", b"{}", b'{"type":"tick"}', b'{"type": "login", "event_id": "~00000000000000ff"}'])
SPACE = st.sampled_from([b"", b" ", b"\n\t"])


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    """An array of events as clients write them, sometimes with what is none among them."""
    some = [msgspec.json.encode(event) for event in draw(st.lists(events(awkward=draw(st.booleans())), max_size=8))]
    if draw(st.booleans()):
        some.insert(draw(st.integers(0, len(some))), draw(ODD))
    space = draw(SPACE)
    return space + b"[" + (b"," + space).join(some) + space + b"]" + draw(SPACE)


@settings(max_examples=100)
@given(arrays())
def test_an_array_says_what_its_elements_say(body: bytes) -> None:
    whole, elements = read_array(body, SENDER, NOW_MS), split(body)
    assert elements is not None
    alone = [decode_one(element, SENDER, NOW_MS) for element in elements]
    if whole is not None:
        records, kept = whole
        assert [shown(record) for record in records] == [shown(record) for record, _ in alone]
        assert len(kept) == len(elements)
        assert [kept[place] for place in range(len(kept))] == [one for _, one in alone]
    plain = decode_array(body)
    if plain is not None:
        assert plain == [decode_event(element) for element in elements]


def shown(record: Any) -> object:
    return str(record) if isinstance(record, InputError) else record


def test_well_formed_arrays_take_the_quick_way() -> None:
    body = msgspec.json.encode([payment(f"p{n}") for n in range(ARRAY_LENGTH_MAX)])
    whole = read_array(body, SENDER, NOW_MS)
    assert whole is not None
    assert len(whole[0]) == ARRAY_LENGTH_MAX


@pytest.mark.parametrize(
    "body",
    [msgspec.json.encode(payment()), b"[1]", b"nonsense", b"", b"[", msgspec.json.encode([payment(user_id="\u4e2d")]),
     msgspec.json.encode([payment(user_id="~00000000000000ff")]),
     msgspec.json.encode([payment(f"p{n}") for n in range(ARRAY_LENGTH_MAX + 1)]),
     b'[{"type":"verdict","event_id":"v","time":0,"subject_type":"user","subject_id":"u","label":"genuine",'
     b'"source":"analyst"}]',
     b'[{"type":"login","event_id":"v","time":"2026-01-05T08:30:00.99999999Z","subject_type":"user",'
     b'"subject_id":"u"}]'],
)  # fmt: skip
def test_everything_else_is_looked_at_one_by_one(body: bytes) -> None:
    assert read_array(body, SENDER, NOW_MS) is None
