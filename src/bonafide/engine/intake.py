"""From events to rows: the integers that the kernels read, one row of ROW_WIDTH words an event.

Texts become keyed 64-bit hashes, words their codes, numbers themselves; what is absent becomes ABSENT. Events come
either as structs (a request, a few at a time; `packed` reads them) or as columns (a file, many at a time); both ways
give equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASSES, Document, Fact
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.core.pseudonym import show_token
from bonafide.engine.kernels import Kernels
from bonafide.engine.packed import SCHEMA
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import HashKey

_pack: Final = msgspec.msgpack.Encoder().encode
DOCUMENTS: Final = "documents"
"""The one list whose items have personal texts: their ids."""
_decode_documents: Final = msgspec.json.Decoder(tuple[Document, ...]).decode
_encode_list: Final = msgspec.json.Encoder(order="sorted").encode
Column = bytes | NDArray[np.int64]
"""A text column as its parts divided by zero bytes (an empty part is absent), any other as integers with ABSENT."""


def list_text(value: Sequence[Any]) -> str:
    """The canonical JSON of a list field: no spaces, keys sorted."""
    return _encode_list(value).decode()


def document_tokens(
    documents: Sequence[Document], kernels: Kernels, key: HashKey
) -> tuple[Document, ...]:  # fmt: skip
    """The same documents with tokens in place of their ids: what is hashed of them, and what the journal holds.

    An id that is a token already stays.
    """
    hashes = np.full((max(len(documents), 1), 1), ABSENT, dtype=np.int64)
    text = "\0".join(one.id for one in documents).encode()
    kernels.hash_personal_texts(text, hashes, 0, key)
    return tuple(
        Document(kind=one.kind, id=show_token(value))
        for one, value in zip(documents, hashes[:, 0].tolist(), strict=False)
    )


LIST_FIELDS: Final = {
    cls: names
    for cls in EVENT_CLASSES
    if (names := tuple(name for name in cls.__struct_fields__ if FIELDS[name].kind == "list"))
}
"""The list fields of the types that have some."""


def rows_of_events(
    events: Sequence[Fact], kernels: Kernels, key: HashKey, into: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:  # fmt: skip
    """Rows of structs, n x ROW_WIDTH; `into` is an array of that size that may be overwritten.

    Raises KeyError for a word or a type that is not of the schema, which no event has that came through the door.
    """
    return read_events(events, kernels, key, into)[0]


def read_events(
    events: Sequence[Fact], kernels: Kernels, key: HashKey, into: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], bool]:  # fmt: skip
    """Rows of structs as `rows_of_events` gives them, and whether any of these events has a list."""
    rows = np.empty((len(events), ROW_WIDTH), dtype=np.int64) if into is None else into
    listed = kernels.read_pack(SCHEMA, _pack(events), rows, key)
    if listed < 0:
        raise KeyError(f"{events[-1 - listed]!r} is no event of the schema")
    if listed:
        _fill_lists(events, rows, kernels, key)
    return rows, listed > 0


def _fill_lists(events: Sequence[Fact], rows: NDArray[np.int64], kernels: Kernels, key: HashKey) -> None:
    """Hash the texts of lists into their places."""
    for i, event in enumerate(events):
        for name in LIST_FIELDS.get(event.__class__, ()):
            value = getattr(event, name)
            if value is not None:
                if name == DOCUMENTS:
                    value = document_tokens(value, kernels, key)
                kernels.hash_texts(list_text(value).encode(), rows[i : i + 1], FIELDS[name].place, key)


def rows_of_columns(
    kinds: NDArray[np.int64], columns: Mapping[str, Column], kernels: Kernels, key: HashKey
) -> NDArray[np.int64]:
    """Rows of columns: `kinds` are type codes, `columns` any of the schema's fields, all of the same length.

    Raises ValueError when a text column does not have as many parts as there are rows.
    """
    rows = np.full((len(kinds), ROW_WIDTH), ABSENT, dtype=np.int64)
    rows[:, TYPE] = kinds
    texts: list[tuple[str, bytes]] = []
    for name, column in columns.items():
        if isinstance(column, bytes):
            texts.append((name, column))
        else:
            rows[:, FIELDS[name].place] = column
    for name, column in texts:  # behind the words, which say what a subject is
        if name == DOCUMENTS and column.strip(b"\0"):
            column = b"\0".join(_column_tokens(column, kernels, key))
        hash_parts = kernels.hash_personal_texts if FIELDS[name].personal and name != DOCUMENTS else kernels.hash_texts
        if hash_parts(column, rows, FIELDS[name].place, key) != len(kinds):
            raise ValueError(f"column {name} does not have {len(kinds)} parts")
    return rows


def _column_tokens(column: bytes, kernels: Kernels, key: HashKey) -> Iterator[bytes]:
    """The parts of a column of documents, with tokens."""
    for part in column.split(b"\0"):
        if part:
            yield list_text(document_tokens(_decode_documents(part), kernels, key)).encode()
        else:
            yield part
