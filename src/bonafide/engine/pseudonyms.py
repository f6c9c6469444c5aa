"""From events to what the journal holds of them: their JSON with tokens in place of personal texts, and which of these
texts are new.

The rows have the hashes already. So one kernel goes once over the JSON that msgspec writes, copies it, and puts a token
where a personal text stands. What is known of a text is its hash alone, in a table of fixed size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from mmap import mmap
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASSES, Fact, MerchantApplication
from bonafide.core.fields import ABSENT, FIELDS, KIND_FIELDS
from bonafide.core.pseudonym import PARTIES, TOKEN_LENGTH, TOKEN_MARK, ClearText, read_token
from bonafide.engine.codes import CONFLICT, TAKEN
from bonafide.engine.intake import document_tokens
from bonafide.engine.json_bytes import QUOTE, after_text, put_part
from bonafide.engine.kernel import inner, pointer, shift
from bonafide.engine.kernels import EVENT, SUBJECT_ID, SUBJECT_TYPE, Kernels
from bonafide.engine.lookahead import ask
from bonafide.engine.packed import (
    BASIS, FIELD_WORDS, HOW_PERSONAL, KIND_CODE, MULTIPLIER, SCHEMA, T_RECORDS, name_hash,
)  # fmt: skip
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import HashKey, spread, token_hash

KNOWN_TEXTS: Final = 2**21
"""Texts that are known to be handed on, 16 MiB of them; of more, those unseen for longest are handed on again."""
WAY: Final = 8
"""Slots that a text may lie in: one line of the processor's cache, the one seen last first."""
PERSONAL_MAX: Final = max(
    sum(FIELDS[name].personal is not None for name in cls.__struct_fields__) for cls in EVENT_CLASSES
)
"""Personal texts of an event, documents apart."""
_LONGER_MAX: Final = PERSONAL_MAX * (TOKEN_LENGTH - 1)
"""By how many bytes tokens make an event longer."""
_PERSONAL: Final = [(name, field.personal or "", field.personal in KIND_FIELDS) for name, field in FIELDS.items()]
"""By place: the field, and what its texts name or the field that says so."""
USER_ID: Final = FIELDS["user_id"].place
MERCHANT_ID: Final = FIELDS["merchant_id"].place
OWNER_TYPE: Final = FIELDS["owner_type"].place
OWNER_ID: Final = FIELDS["owner_id"].place
USER, MERCHANT, PERSON = (KIND_CODE[party] for party in PARTIES)
NOBODY: Final = -1
FRESH_WIDTH: Final = 5
"""Of a text that is to be handed on: number of the event, place of the field, hash, code of the owner's type, hash of
the owner's id."""
ASKED_WIDTH: Final = FRESH_WIDTH + 1
"""The same of a text that may be known, with its key."""
AHEAD: Final = 12
"""So many texts ahead memory is asked for: a key lies anywhere among 16 MiB."""
_PARTY_OF_CODE: Final = {KIND_CODE[party]: party for party in PARTIES} | {NOBODY: ""}
_KINDS: Final = max(KIND_CODE.values()) + 1
_TYPE_NAME: Final = name_hash("type")
_COMMA: Final = ord(",")
_OPEN_LIST, _CLOSE_LIST, _OPEN, _CLOSE = ord("["), ord("]"), ord("{"), ord("}")
_MARK: Final = ord(TOKEN_MARK)

_encode_all: Final = msgspec.json.Encoder().encode


@inner
def _after_value(text, at):
    """Where what follows the value at `at` begins: a comma or the end of its object."""
    depth = 0
    while True:
        byte = text[at]
        if byte == QUOTE:
            at = after_text(text, at)
            continue
        if byte == _OPEN_LIST or byte == _OPEN:
            depth += 1
        elif byte == _CLOSE_LIST or byte == _CLOSE:
            if depth == 0:
                return at
            depth -= 1
        elif byte == _COMMA and depth == 0:
            return at
        at += 1


@inner
def _is_new(known, mask, key):
    """Whether a key was not among the known ones, where it is from now on."""
    way = shift(known, (key & mask) * WAY)
    last = 0
    while last < WAY - 1 and way[last] != key:
        last += 1
    new = way[last] != key
    for i in range(last, 0, -1):
        way[i] = way[i - 1]
    way[0] = key
    return new


@inner
def _put_token(out, to, value):
    """Write a token in quotes; returns where what follows it goes."""
    out[to], out[to + 1] = QUOTE, _MARK
    bits = np.uint64(value)
    for i in range(16):
        digit = np.int64((bits >> np.uint64(60 - 4 * i)) & np.uint64(15))
        out[to + 2 + i] = digit + (48 if digit < 10 else 87)
    out[to + 18] = QUOTE
    return to + 19


@inner
def _after_name(text, at):
    """Of the quoted name at `at`: its hash, and where the value behind its colon begins."""
    name = np.uint64(BASIS)
    at += 1
    while text[at] != QUOTE:
        name = (name ^ np.uint64(text[at])) * np.uint64(MULTIPLIER)
        at += 1
    return np.int64(name), at + 2


@inner
def _kind(text, at, end, field, row):
    """The code of what the text from `at` to `end` names; -1 where no token is to stand for it, or it is one."""
    if field[2] != HOW_PERSONAL or text[at] != QUOTE or end - at <= 2 or token_hash(text, at + 1, end - at - 2) != 0:
        return np.int64(-1)
    kind = field[3] if field[3] >= 0 else row[-1 - field[3]]
    return np.int64(-1) if kind == EVENT else kind


@inner
def _party(row):
    """Whose the texts of an event are, as `core.pseudonym.party_of` says: the code of the type, and the hash."""
    if row[USER_ID] != ABSENT:
        return np.int64(USER), row[USER_ID]
    if row[MERCHANT_ID] != ABSENT:
        return np.int64(MERCHANT), row[MERCHANT_ID]
    if row[SUBJECT_ID] != ABSENT and (row[SUBJECT_TYPE] == USER or row[SUBJECT_TYPE] == MERCHANT):
        return row[SUBJECT_TYPE], row[SUBJECT_ID]
    if row[OWNER_ID] != ABSENT:
        return row[OWNER_TYPE], row[OWNER_ID]
    return np.int64(NOBODY), np.int64(0)


@inner
def _owner(kind, value, party, party_id):
    """Whose a text is: nobody else's where it names a user or a merchant, or the party itself."""
    if kind == USER or kind == MERCHANT or party == NOBODY or (kind == party and value == party_id):
        return np.int64(NOBODY), np.int64(0)
    return party, party_id


@inner
def _tell_new(keys, mask, asked, count, fresh, room):
    """Copy those of the texts asked about that are not known to `fresh`, as long as there is room; returns how many."""
    found = 0
    for i in range(count):
        if i + AHEAD < count:
            ask(keys, (asked[ASKED_WIDTH * (i + AHEAD) + 5] & mask) * WAY)
        one = shift(asked, ASKED_WIDTH * i)
        if found < room and _is_new(keys, mask, one[5]):
            new = shift(fresh, FRESH_WIDTH * found)
            for k in range(FRESH_WIDTH):
                new[k] = one[k]
            found += 1
    return found


def write_tokens(schema, text, rows, status, out, ends, known, asked, fresh):
    """Copy a JSON list of events into `out`, one behind the other, each ending at its place of `ends`, with a token for
    each personal text.

    The texts of taken and conflicting events that are not among the `known` are told in `fresh`: the number of the
    event, the place of the field, the hash, whose it is. Returns how many these are; without room in `fresh`, no more
    become known. `asked` has room for all personal texts: where they lie among the known is asked of memory ahead of
    looking there.
    """
    told, given, table, written = pointer(schema), pointer(text), pointer(rows), pointer(out)
    states, stops, keys, all_asked = pointer(status), pointer(ends), pointer(known), pointer(asked)
    mask = known.size // WAY - 1
    at, to, count = 1, 0, 0
    for i in range(rows.shape[0]):
        row = shift(table, i * ROW_WIDTH)
        record = shift(told, told[T_RECORDS + row[TYPE]])
        field = shift(record, 1 + 2 * record[0])
        learns = states[i] == TAKEN or states[i] == CONFLICT
        party, party_id = _party(row)
        begin = at  # from here on nothing is copied yet
        while given[at] != _CLOSE:  # at an opening brace, then at commas
            name, value = _after_name(given, at + 1)
            at = after_text(given, value) if given[value] == QUOTE else _after_value(given, value)
            kind = np.int64(-1)
            if name != _TYPE_NAME:
                while field[0] != name:
                    field = shift(field, FIELD_WORDS)
                kind = _kind(given, value, at, field, row)
            if kind < 0:
                continue
            to = _put_token(written, put_part(written, to, given, begin, value), row[field[1]])
            begin = at
            if not learns:
                continue
            owner, owner_id = _owner(kind, row[field[1]], party, party_id)
            one = shift(all_asked, ASKED_WIDTH * count)
            one[0], one[1], one[2], one[3], one[4] = i, field[1], row[field[1]], owner, owner_id
            one[5] = spread(row[field[1]], owner_id, kind + _KINDS * (owner + 1))
            count += 1
        to = put_part(written, to, given, begin, at + 1)
        stops[i] = to
        at += 2
    return _tell_new(keys, mask, all_asked, count, pointer(fresh), fresh.shape[0])


class Written(NamedTuple):
    """What the journal holds of some events."""

    contents: list[bytes]
    """Of each, its JSON with tokens."""
    fresh: list[ClearText]
    """The personal texts that are to be handed on: of events that were taken or in conflict, those not known yet."""


class Known:
    """Of which texts it is known that they are handed on. One thread writes with it; `clear` may be called from any."""

    def __init__(self, texts: int = KNOWN_TEXTS) -> None:
        """`texts`: how many, a power of two."""
        # A page begins where a line of the cache does, so that a way is one of them and not parts of two.
        self._table = np.frombuffer(mmap(-1, texts * 8), dtype=np.int64)
        self._clear = False

    def clear(self) -> None:
        """Hand everything on again when it comes: somebody was forgotten, and may come back."""
        self._clear = True

    @property
    def table(self) -> NDArray[np.int64]:
        """The table, for whoever writes with it."""
        if self._clear:
            self._clear = False
            self._table.fill(0)
        return self._table


def write_events(
    events: Sequence[Fact], rows: NDArray[np.int64], status: Sequence[int], known: Known, room: int, kernels: Kernels,
    key: HashKey, *, listed: bool,
) -> Written:  # fmt: skip
    """What the journal holds of events, given their rows and what became of each.

    room: how many texts may be handed on; those beyond stay unknown, and are told another time. listed: whether any of
    the events has a list.
    """
    own: list[ClearText] = []
    if listed:
        events, own = _with_document_tokens(events, rows, status, kernels, key)
    text = _encode_all(events)
    out = np.empty(len(text) + len(events) * _LONGER_MAX, dtype=np.uint8)
    ends = np.empty(len(events), dtype=np.int64)
    fresh = np.empty((max(min(room, len(events) * PERSONAL_MAX), 0), FRESH_WIDTH), dtype=np.int64)
    found = kernels.write_tokens(
        SCHEMA, text, rows, np.array(status, dtype=np.int64), out, ends, known.table,
        np.empty((len(events) * PERSONAL_MAX, ASKED_WIDTH), dtype=np.int64), fresh,
    )  # fmt: skip
    stops = ends.tolist()
    whole = out[: stops[-1] if stops else 0].tobytes()
    told = _clear_texts(events, fresh[:found].tolist())
    return Written([whole[a:b] for a, b in pairwise((0, *stops))], told + own)


def _clear_texts(events: Sequence[Fact], fresh: list[list[int]]) -> list[ClearText]:
    """The texts that rows of FRESH_WIDTH tell of."""
    told = []
    for i, place, value, owner, owner_id in fresh:
        event, (name, said, by_field) = events[i], _PERSONAL[place]
        kind = getattr(event, said) if by_field else said
        told.append(ClearText(value, kind, getattr(event, name), _PARTY_OF_CODE[owner], owner_id))
    return told


def _with_document_tokens(
    events: Sequence[Fact], rows: NDArray[np.int64], status: Sequence[int], kernels: Kernels,
    key: HashKey,
) -> tuple[list[Fact], list[ClearText]]:  # fmt: skip
    """The events with tokens for the ids of documents, and these ids, known or not: they are few."""
    changed, told = list(events), []
    for i, event in enumerate(events):
        if isinstance(event, MerchantApplication) and event.documents:
            tokens = document_tokens(event.documents, kernels, key)
            changed[i] = msgspec.structs.replace(event, documents=tokens)
            if status[i] in (TAKEN, CONFLICT):
                for before, after in zip(event.documents, tokens, strict=True):
                    value = read_token(after.id)
                    if value is not None and before.id != after.id:
                        merchant = int(rows[i, MERCHANT_ID])
                        told.append(ClearText(value, "document", before.id, "merchant", merchant))
    return changed, told
