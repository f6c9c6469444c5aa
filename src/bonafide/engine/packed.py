"""From events as msgspec packs them (MessagePack, a map an event) to rows, in one pass of a kernel.

Packing a list of structs and reading the pack here takes a fifth of the time that asking each struct for its fields in
Python does. What is read was packed from checked structs a moment before, so nothing is checked again: fields come in
the schema's order, those that are absent are left out, and every word is one of the schema's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASSES
from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, KIND_FIELDS, PERSONAL_KINDS, WORD_CODE, WORDS, Field
from bonafide.engine.kernel import inner, pointer, shift
from bonafide.engine.kernels import EVENT, SUBJECT_ID, SUBJECT_TYPE
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import hash_bytes, hash_personal

# The schema as the kernel reads it: the tables of types and words, then a record for each type.
SLOTS: Final = 1_024
"""Slots of a table of names: a power of two, so many times the names in it that most lie where they are looked for."""
_TABLE_WORDS: Final = 2 * SLOTS
T_TYPES: Final = 0
T_WORDS: Final = _TABLE_WORDS
T_RECORDS: Final = 2 * _TABLE_WORDS
"""Where each type's record begins, by its code. A record: how many defaults, each a place and a value, then FIELD_WORDS
words for each field in its order."""
FIELD_WORDS: Final = 4
"""Hash of the name, place, how its texts are read, what personal texts of it name."""
HOW_PLAIN: Final = 0
HOW_WORD: Final = 1
HOW_PERSONAL: Final = 2
MULTIPLIER: Final = 1_099_511_628_211
BASIS: Final = 14_695_981_039_346_656_037
KIND_CODE: Final = {kind: WORD_CODE.get(kind, len(WORDS) + i) for i, kind in enumerate(PERSONAL_KINDS)}
"""What personal texts name, as numbers: a word's is the one that it has in a row."""
UNKNOWN: Final = -1
LISTED: Final = 0
"""What stands in the place of a list until its text is hashed; no hash is 0."""


def name_hash(name: str) -> int:
    """A 64-bit hash of a name (FNV-1a), as a signed number: no secret, since names are the schema's own."""
    value = BASIS
    for byte in name.encode():
        value = ((value ^ byte) * MULTIPLIER) % 2**64
    return value - 2**64 if value >= 2**63 else value


def _name_table(codes: Iterable[tuple[str, int]]) -> list[int]:
    """Names with their codes, each at the first free slot from where its hash says: hash, 1 + code."""
    table = [0] * _TABLE_WORDS
    for name, code in codes:
        value = name_hash(name)
        slot = value % SLOTS
        while table[2 * slot + 1]:
            if table[2 * slot] == value:
                raise AssertionError(f"two names have the hash of {name}")
            slot = (slot + 1) % SLOTS
        table[2 * slot : 2 * slot + 2] = value, code + 1
    return table


def _how(field: Field) -> int:
    if field.kind == "word":
        return HOW_WORD
    return HOW_PERSONAL if field.kind == "text" and field.personal else HOW_PLAIN


def _kind_of(field: Field) -> int:
    """The code of what a field's personal texts name; -1 - the place of the field whose word says it."""
    if field.personal in KIND_FIELDS:
        return -1 - FIELDS[field.personal].place
    return KIND_CODE.get(field.personal or "", 0)


def _schema() -> NDArray[np.int64]:
    kinds = [(str(cls.__struct_config__.tag), code) for code, cls in enumerate(EVENT_CLASSES)]
    tape = [*_name_table(kinds), *_name_table(WORD_CODE.items()), *([0] * len(kinds))]
    for code, cls in enumerate(EVENT_CLASSES):
        tape[T_RECORDS + code] = len(tape)
        defaults = [
            (FIELDS[name].place, WORD_CODE[value])
            for name, value in zip(reversed(cls.__struct_fields__), reversed(cls.__struct_defaults__), strict=False)
            if value in WORD_CODE
        ]
        tape += [len(defaults), *(told for default in defaults for told in default)]
        for name in cls.__struct_fields__:
            tape += [name_hash(name), FIELDS[name].place, _how(FIELDS[name]), _kind_of(FIELDS[name])]
    return np.array(tape, dtype=np.int64)


SCHEMA: Final = _schema()


@intrinsic
def _as_float(_context: Any, bits: Any) -> Any:
    """The float whose 64 bits these are."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.uint64), generate


@inner
def _hash_name(pack, at, length):
    value = np.uint64(BASIS)
    for i in range(length):
        value = (value ^ np.uint64(pack[at + i])) * np.uint64(MULTIPLIER)
    return np.int64(value)


@inner
def _code_of(table, value):
    """The code of the name with this hash; UNKNOWN where there is none."""
    slot = value & (SLOTS - 1)
    while table[2 * slot + 1] != 0:
        if table[2 * slot] == value:
            return table[2 * slot + 1] - 1
        slot = (slot + 1) & (SLOTS - 1)
    return UNKNOWN


@inner
def _big_endian(pack, at, length):
    """An unsigned number of so many bytes, the highest first."""
    value = np.uint64(0)
    for i in range(length):
        value = (value << np.uint64(8)) | np.uint64(pack[at + i])
    return value


@inner
def _is_text(byte):
    return 0xA0 <= byte <= 0xBF or 0xD9 <= byte <= 0xDB


@inner
def _head_width(byte):
    """How many bytes tell what begins with this one and how long it is: 1, or more by what follows it."""
    if byte == 0xD9:
        return 2
    if byte == 0xDA or byte == 0xDC or byte == 0xDE:
        return 3
    return 5 if byte == 0xDB or byte == 0xDD or byte == 0xDF else 1


@inner
def _length(pack, at):
    """How many bytes a text has, and how many items a list or pairs a map."""
    byte = np.int64(pack[at])
    width = _head_width(byte)
    if width > 1:
        return np.int64(_big_endian(pack, at + 1, width - 1))
    return byte & (0x1F if byte >= 0xA0 else 0x0F)


@inner
def _after_list(pack, at):
    """Where what follows the list at `at` begins; a list holds texts and maps of texts."""
    left = 1
    while left > 0:
        byte, count = np.int64(pack[at]), _length(pack, at)
        at += _head_width(byte)
        left -= 1
        if _is_text(byte):
            at += count
        else:
            left += 2 * count if byte <= 0x8F or byte >= 0xDE else count
    return at


@inner
def _number_width(byte):
    """How many bytes follow the first one of a number."""
    if 0xCC <= byte <= 0xCF:
        return 1 << (byte - 0xCC)
    return 1 << (byte - 0xD0) if 0xD0 <= byte <= 0xD3 else 0


@inner
def _number(pack, at, byte, width):
    """The whole number at `at`, of a first byte and so many more."""
    if width == 0:
        return byte if byte < 0x80 else byte - 0x100
    value = _big_endian(pack, at + 1, width)
    unused = np.uint64(64 - 8 * width if byte >= 0xD0 else 0)
    return np.int64(value << unused) >> np.int64(unused)


@inner
def _read_event(schema, pack, at, row, k0, k1):
    """Fill the row of the event at `at`: where the next one begins and whether this one has a list; of a word or a
    type that is not the schema's, UNKNOWN."""
    for place in range(ROW_WIDTH):
        row[place] = ABSENT
    pairs = _length(pack, at) - 1
    at += _head_width(np.int64(pack[at])) + 1 + len("type")
    length = _length(pack, at)
    at += _head_width(np.int64(pack[at]))
    kind = _code_of(shift(schema, T_TYPES), _hash_name(pack, at, length))
    at += length
    if kind == UNKNOWN:
        return UNKNOWN, 0
    row[TYPE] = kind
    record = shift(schema, schema[T_RECORDS + kind])
    for i in range(record[0]):
        row[record[1 + 2 * i]] = record[2 + 2 * i]
    field, lists = shift(record, 1 + 2 * record[0]), 0
    for _ in range(pairs):
        length = _length(pack, at)
        at += _head_width(np.int64(pack[at]))
        name = _hash_name(pack, at, length)
        at += length
        while field[0] != name:
            field = shift(field, FIELD_WORDS)
        place, byte = field[1], np.int64(pack[at])
        if _is_text(byte):
            length = _length(pack, at)
            at += _head_width(byte)
            if field[2] == HOW_WORD:
                row[place] = _code_of(shift(schema, T_WORDS), _hash_name(pack, at, length))
                if row[place] == UNKNOWN:
                    return UNKNOWN, 0
            elif length > 0:
                if field[2] == HOW_PERSONAL and not (place == SUBJECT_ID and row[SUBJECT_TYPE] == EVENT):
                    row[place] = hash_personal(pack, at, at + length, k0, k1)
                else:
                    row[place] = hash_bytes(pack, at, at + length, k0, k1)
            at += length
        elif byte == 0xCB:
            row[place] = np.int64(np.rint(_as_float(_big_endian(pack, at + 1, 8)) * FRACTION_UNIT))
            at += 9
        elif byte == 0xC2 or byte == 0xC3:
            row[place] = byte - 0xC2
            at += 1
        elif byte == 0xC0:
            at += 1
        elif 0x90 <= byte <= 0x9F or byte == 0xDC or byte == 0xDD:
            row[place] = LISTED
            lists = 1
            at = _after_list(pack, at)
        else:
            width = _number_width(byte)
            row[place] = _number(pack, at, byte, width)
            at += 1 + width
        field = shift(field, FIELD_WORDS)
    return at, lists


def read_pack(schema, pack, out, key):
    """Fill `out` (n x ROW_WIDTH) from a packed list of n events; returns how many of them have a list, in whose places
    LISTED is left, or -1 - the number of the event that has a word or a type which is none of the schema's."""
    told, bytes_, rows = pointer(schema), pointer(pack), pointer(out)
    at, lists, k0, k1 = _head_width(np.int64(bytes_[0])), 0, key[0], key[1]
    for i in range(out.shape[0]):
        at, has_list = _read_event(told, bytes_, at, shift(rows, i * ROW_WIDTH), k0, k1)
        if at == UNKNOWN:
            return -1 - i
        lists += has_list
    return lists
