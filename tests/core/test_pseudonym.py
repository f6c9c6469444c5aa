"""Tokens, and the personal texts that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.events import Document, Event, MerchantApplication
from bonafide.core.fields import ABSENT, PERSONAL_KINDS
from bonafide.core.pseudonym import TOKEN_LENGTH, personal_texts, read_token, refuse_tokens, show_token, with_texts
from bonafide.testing.generators import events


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_token_says_its_hash(value: int) -> None:
    token = show_token(value)
    assert len(token) == TOKEN_LENGTH
    assert read_token(token) == (None if value in (0, ABSENT) else value)


@given(st.text())
def test_a_text_is_a_token_or_none(text: str) -> None:
    value = read_token(text)
    assert value is None or show_token(value) == text


@given(events(awkward=True))
def test_texts_are_changed_where_they_are_found_and_nowhere_else(event: Event) -> None:
    assert with_texts(event, lambda kind, text: text) == event
    changed = with_texts(event, lambda kind, text: f"{kind}:{text}")
    assert [text for _, _, text in personal_texts(changed)] == [f"{k}:{t}" for _, k, t in personal_texts(event)]
    assert {kind for _, kind, _ in personal_texts(event)} <= set(PERSONAL_KINDS)
    back = with_texts(changed, lambda kind, text: text.removeprefix(f"{kind}:"))
    assert back == event


@given(events())
def test_a_token_in_any_personal_field_is_refused_and_named(event: Event) -> None:
    assert refuse_tokens(event) is None
    for field, kind, text in personal_texts(event):
        forged = with_texts(event, lambda k, t, kind=kind, text=text: show_token(9) if (k, t) == (kind, text) else t)  # type: ignore[misc]
        refusal = refuse_tokens(forged)
        assert refusal is not None
        assert refusal.event_id == event.event_id
        assert str(refusal).endswith("is a pseudonym of the journal; give the id itself")
        assert refusal.field in [name for name, k, t in personal_texts(event) if (k, t) == (kind, text)]
        assert field in [name for name, _, t in personal_texts(forged) if t == show_token(9)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_documents_are_changed_one_by_one(count: int) -> None:
    papers = tuple(Document(kind=f"k{i}", id=f"d{i}") for i in range(count))
    event = MerchantApplication(event_id="a", time=0, merchant_id="m", legal_name="n", registration_no="r",
                                      representative_id="p", category="c", documents=papers)  # fmt: skip
    changed = with_texts(event, lambda kind, text: text.upper())
    assert changed.documents == tuple(Document(kind=f"k{i}", id=f"D{i}") for i in range(count))
