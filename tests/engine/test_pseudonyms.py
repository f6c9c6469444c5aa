"""Pseudonyms: what the journal holds has tokens for personal texts, and makes the state that clear texts make."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Document, Event, Fact, Login, Verdict
from bonafide.core.fields import FIELDS
from bonafide.core.pseudonym import ClearText, party_of, personal_texts, read_token, show_token, with_texts
from bonafide.engine.codes import CONFLICT, TAKEN, TOO_LATE
from bonafide.engine.engine import Engine
from bonafide.engine.intake import rows_of_columns, rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.pseudonyms import WAY, Known, Written, write_events
from bonafide.engine.snapshot import write_snapshot
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.generators import events
from tests.engine.kit import SECRET, frame_of, payment
from tests.engine.test_intake import application
from tests.engine.tiny import tiny

KEY = np.frombuffer(SECRET, dtype="<u8")
ROOM = 10_000


def hash_of(text: str) -> int:
    """The hash that the engine counts a text by."""
    out = np.zeros((1, 1), dtype=np.int64)
    load_kernels().hash_texts(text.encode(), out, 0, KEY)
    return int(out[0, 0])


def token_of(text: str) -> str:
    """What stands for a text; a token stands for itself."""
    return text if read_token(text) is not None else show_token(hash_of(text))


def in_tokens(event: Fact) -> Fact:
    """The plain way to an event with tokens."""
    return with_texts(event, lambda kind, text: token_of(text))


def write(log: Sequence[Fact], status: Sequence[int] = (), known: Known | None = None, room: int = ROOM) -> Written:
    """What the journal holds of a log."""
    rows = rows_of_events(log, load_kernels(), KEY)
    listed = any(getattr(event, "documents", None) or getattr(event, "parts", None) for event in log)
    told = status or [TAKEN] * len(log)
    return write_events(log, rows, told, known or Known(64 * WAY), room, load_kernels(), KEY, listed=listed)


def snapshot(engine: Engine) -> bytes:
    """All that an engine remembers."""
    file = io.BytesIO()
    write_snapshot(engine, file, "")
    return file.getvalue()


@settings(max_examples=200)
@given(st.lists(events(awkward=True), max_size=30))
def test_contents_are_the_events_with_tokens_for_personal_texts(log: list[Event]) -> None:
    written = write(log)
    assert written.contents == [msgspec.json.encode(in_tokens(event)) for event in log]
    assert set(written.fresh) == {told for event in log for told in clear_texts(event)}


def clear_texts(event: Fact) -> list[ClearText]:
    """The plain way to what is to be handed on of an event."""
    party = party_of(event)
    told = []
    for _, kind, text in personal_texts(event):
        own = kind in ("user", "merchant") or party is None or (kind, token_of(text)) == (party[0], token_of(party[1]))
        whose = ("", 0) if own or party is None else (party[0], read_token(token_of(party[1])) or 0)
        if read_token(text) is None:
            told.append(ClearText(hash_of(text), kind, text, *whose))
    return told


@settings(max_examples=200)
@given(st.lists(events(awkward=True), max_size=30))
def test_rows_of_tokens_are_the_rows_of_clear_texts(log: list[Event]) -> None:
    tokens = [in_tokens(event) for event in log]
    rows = rows_of_events(log, load_kernels(), KEY)
    np.testing.assert_array_equal(rows_of_events(tokens, load_kernels(), KEY), rows)
    if log:
        frame = frame_of(tokens)
        columns = rows_of_columns(kinds_of(frame), columns_of(frame), load_kernels(), KEY)
        np.testing.assert_array_equal(columns, rows)


@settings(max_examples=50)
@given(st.lists(events(), max_size=40), st.integers(0, 40))
def test_a_state_from_tokens_is_the_state_from_clear_texts(log: list[Event], cut: int) -> None:
    clear, mixed, recovered = (Engine(tiny(), secret=SECRET) for _ in range(3))
    answers, written = clear.answer_and_write(log, Known(64 * WAY), ROOM)
    held = [msgspec.json.decode(content, type=Event) for content in written.contents]
    kept = [content for content, answer in zip(held, answers, strict=True) if answer.status == TAKEN]
    recovered.take_in(kept)
    told = mixed.answer([*log[:cut], *held[cut:]])
    assert [(one.status, one.seq, one.outcome) for one in told] == [(a.status, a.seq, a.outcome) for a in answers]
    assert [_digest(one.body) for one in told] == [_digest(one.body) for one in answers]
    assert snapshot(clear) == snapshot(mixed) == snapshot(recovered)


def _digest(body: bytes) -> object:
    return msgspec.json.decode(body).get("digest") if body else None


@settings(max_examples=50)
@given(st.lists(events(), max_size=40))
def test_what_is_kept_of_an_answer_has_a_token_where_the_answer_has_the_id(log: list[Event]) -> None:
    for event, answer in zip(log, Engine(tiny(), secret=SECRET).answer(log), strict=True):
        told = msgspec.json.decode(answer.body) if answer.body else {}
        if not told.get("measures"):
            assert answer.kept == b""
            continue
        (measure,) = told["measures"]
        assert measure["subject_id"] == getattr(event, f"{measure['subject_type']}_id")
        measure["subject_id"] = token_of(measure["subject_id"])
        assert msgspec.json.decode(answer.kept) == told


def test_only_texts_of_events_that_are_kept_are_handed_on() -> None:
    log = [payment(i, i, user_id=f"u{i}") for i in range(3)]
    fresh = write(log, [TAKEN, TOO_LATE, CONFLICT]).fresh
    assert [one.text for one in fresh if one.kind == "user"] == ["u0", "u2"]


def test_a_text_is_handed_on_once_for_each_thing_that_it_names() -> None:
    known = Known(64 * WAY)
    log = [payment(1, 0, user_id="x", merchant_id="x"), payment(2, 0, user_id="x", merchant_id="y")]
    assert write(log, known=known).fresh == [
        ClearText(hash_of("x"), "user", "x"), ClearText(hash_of("x"), "merchant", "x"),
        ClearText(hash_of("y"), "merchant", "y"),
    ]  # fmt: skip
    assert write(log, known=known).fresh == []
    known.clear()
    assert len(write(log, known=known).fresh) == 3


def test_what_there_is_no_room_for_comes_another_time() -> None:
    known = Known(64 * WAY)
    log = [payment(i, 0, user_id=f"u{i}", merchant_id=f"m{i}") for i in range(5)]
    first = write(log, known=known, room=3).fresh
    assert len(first) == 3
    assert write(log, known=known, room=0).fresh == []
    rest = write(log, known=known).fresh
    assert len({*first, *rest}) == 10 == len(first) + len(rest)


@given(st.lists(st.integers(0, 200), max_size=400))
@settings(max_examples=50)
def test_a_full_table_forgets_what_was_unseen_for_longest(users: list[int]) -> None:
    known = Known(WAY)
    seen: list[str] = []
    for number, user in enumerate(users):
        log = [Login(event_id=f"l{number}", time=0, subject_type="user", subject_id=f"u{user}")]
        fresh = [one.text for one in write(log, known=known).fresh]
        assert fresh == ([] if f"u{user}" in seen else [f"u{user}"])
        seen = [f"u{user}", *(other for other in seen if other != f"u{user}")][:WAY]


def test_the_id_of_an_event_stays_as_it_is_even_where_it_looks_like_a_token() -> None:
    for name in ("e1", show_token(5)):
        one = Verdict(event_id="v", time=0, subject_type="event", subject_id=name, label="genuine", source="analyst",
                      user_id="u1")  # fmt: skip
        written = write([one])
        assert msgspec.json.decode(written.contents[0])["subject_id"] == name
        assert [one.kind for one in written.fresh] == ["user"]
        frame = frame_of([one])
        for rows in (
            rows_of_events([one], load_kernels(), KEY),
            rows_of_columns(kinds_of(frame), columns_of(frame), load_kernels(), KEY),
        ):
            assert rows[0, FIELDS["subject_id"].place] == hash_of(name)


def test_documents_have_tokens_for_ids_and_keep_their_kinds() -> None:
    papers = (Document(kind="licence", id="L-1"), Document(kind="licence", id=token_of("L-2")))
    written = write([application(documents=papers)])
    assert msgspec.json.decode(written.contents[0])["documents"] == [
        {"kind": "licence", "id": token_of("L-1")}, {"kind": "licence", "id": token_of("L-2")},
    ]  # fmt: skip
    assert ClearText(hash_of("L-1"), "document", "L-1", "merchant", hash_of("m")) in written.fresh
    assert len([one for one in written.fresh if one.kind == "document"]) == 1


@pytest.mark.parametrize("text", ["~", "~0", "~000000000000000g", "~00000000000000FF", "x00000000000000ff",
                                  "~00000000000000000", "~0000000000000000", "~8000000000000000"])  # fmt: skip
def test_what_only_looks_like_a_token_is_a_text(text: str) -> None:
    assert read_token(text) is None
    row = rows_of_events([payment(1, 0, user_id=text)], load_kernels(), KEY)[0]
    assert row[FIELDS["user_id"].place] == hash_of(text)
    assert write([payment(1, 0, user_id=text)]).fresh[0].text == text


def test_a_token_in_a_field_that_is_not_personal_is_a_text() -> None:
    row = rows_of_events([payment(1, 0, order_id=show_token(7))], load_kernels(), KEY)[0]
    assert row[FIELDS["order_id"].place] == hash_of(show_token(7))


def test_nothing_is_written_of_nothing() -> None:
    assert write([]) == Written([], [])
