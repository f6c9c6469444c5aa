"""Lists read in: Follow-the-Money entities as JSON lines, or the simple CSV of targets that goes with them.

Whoever runs Bonafide brings a list, and answers for its licence and its origin. A bad line is refused alone, with its
number and why; what is no company and no person, such as addresses and sanctions, is passed over.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.core.errors import InputError, UsageError
from bonafide.core.text import shorten, show_value
from bonafide.office.merchants.screening import Entity

NAMED: Final = frozenset({"Person", "Company", "Organization", "LegalEntity", "PublicBody", "Vessel", "CryptoWallet",
                          "Asset", "Thing"})  # fmt: skip
LINE_LENGTH_MAX: Final = 1_000_000
NAMES_MAX: Final = 200
REFUSED_SHOWN: Final = 20
_NAMES: Final = ("name", "alias", "weakAlias", "previousName", "abbreviation")
_COUNTRIES: Final = ("country", "jurisdiction", "nationality", "mainCountry")
_IDENTIFIERS: Final = ("registrationNumber", "taxNumber", "vatCode", "idNumber", "innCode", "ogrnCode", "leiCode",
                       "uscCode", "passportNumber", "dunsCode")  # fmt: skip
_COLUMNS: Final = ("id", "schema", "name")
_BAD_BYTES: Final = "surrogateescape"
"""Bytes that are no UTF-8 stay apart in the row that they are in, so that it can be refused."""
_HALF: Final = re.compile("[\ud800-\udfff]")
_NO_UTF_8: Final = "is no UTF-8; save the file as UTF-8"


class _Line(msgspec.Struct):
    id: str
    schema: str
    properties: dict[str, list[Any]]


_read_line: Final = msgspec.json.Decoder(_Line).decode


class Refused(NamedTuple):
    """A line that was not taken in."""

    line: int
    why: str


class ReadList(NamedTuple):
    """What came of a file: read = taken + passed over + refused."""

    entities: list[Entity]
    read: int
    passed_over: int
    refused: list[Refused]

    def counts(self) -> dict[str, int]:
        """The counts, for people and `--json`."""
        return {"read": self.read, "taken": len(self.entities), "passed_over": self.passed_over,
                "refused": len(self.refused)}  # fmt: skip


def read_list(path: Path) -> ReadList:
    """A list from a file: CSV where its name ends so, else JSON lines. UsageError where it has not the columns."""
    with path.open("rb") as file:
        if path.suffix.casefold() == ".csv":
            text = (line.decode("utf-8-sig" if i == 0 else "utf-8", _BAD_BYTES) for i, line in enumerate(file))
            return _sorted_out(_from_csv(path.name, text))
        return _sorted_out(_from_lines(file))


def _sorted_out(told: Iterable[tuple[int, Entity | Refused | None]]) -> ReadList:
    entities, refused, counts = list[Entity](), list[Refused](), Counter[str]()
    for _, one in told:
        counts["read"] += 1
        if one is None:
            counts["passed_over"] += 1
        elif isinstance(one, Refused):
            refused.append(one)
        else:
            entities.append(one)
    return ReadList(entities, counts["read"], counts["passed_over"], refused)


def _from_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, Entity | Refused | None]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > LINE_LENGTH_MAX:
            yield number, Refused(number, f"longer than {LINE_LENGTH_MAX} bytes")
            continue
        try:
            told = _read_line(line)
        except UnicodeDecodeError:
            yield number, Refused(number, _NO_UTF_8)
            continue
        except (msgspec.MsgspecError, RecursionError) as error:
            yield number, Refused(number, shorten(str(error)))
            continue
        yield number, _entity(number, told.id, told.schema, told.properties)


def _from_csv(name: str, lines: Iterable[str]) -> Iterator[tuple[int, Entity | Refused | None]]:
    rows = csv.reader(lines)
    try:
        header = [one.strip() for one in next(rows, [])]
    except csv.Error as error:
        raise UsageError(f"{name}: its first line is no CSV: {error}") from None
    if any(map(_HALF.search, header)):
        raise UsageError(f"{name}: its first line {_NO_UTF_8}")
    if lacking := [one for one in _COLUMNS if one not in header]:
        raise UsageError(f"{name}: has no column {lacking[0]}; the simple CSV of targets has {', '.join(_COLUMNS)}, "
                         "aliases, countries, identifiers")  # fmt: skip
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield rows.line_num, Refused(rows.line_num, str(error))
            continue
        if row is None:
            return
        yield rows.line_num, _of_row(rows.line_num, header, row)


def _of_row(line: int, header: list[str], row: list[str]) -> Entity | Refused | None:
    if len(row) != len(header):
        return Refused(line, f"has {len(row)} fields and the header {len(header)}")
    if any(map(_HALF.search, row)):
        return Refused(line, _NO_UTF_8)
    told = dict(zip(header, row, strict=True))
    if "\n" in told["id"] + told["schema"] + told["name"]:
        return Refused(line, "goes over several lines; a quotation mark is not closed")
    parts = {field: [p for p in told.get(field, "").split(";") if p.strip()]
             for field in ("aliases", "countries", "identifiers")}  # fmt: skip
    properties: dict[str, list[Any]] = {
        "name": [told["name"]], "alias": list(parts["aliases"]), "country": list(parts["countries"]),
        "idNumber": list(parts["identifiers"]),
    }  # fmt: skip
    return _entity(line, told["id"], told["schema"], properties)


def _entity(line: int, entity_id: str, schema: str, properties: dict[str, list[Any]]) -> Entity | Refused | None:
    if not entity_id.strip():
        return Refused(line, "has no id")
    if schema not in NAMED:
        return None
    texts = [one for name in _NAMES for one in properties.get(name, ())]
    wrong = [one for one in texts if not isinstance(one, str)]
    if wrong:
        return Refused(line, f"name: {shorten(show_value(wrong[0]))} is no text")
    names = tuple(dict.fromkeys(one.strip() for one in texts if one.strip()))[:NAMES_MAX]
    if not names:
        return Refused(line, "has no name")
    return Entity(
        entity_id, schema, names, frozenset(one.strip().upper() for one in _texts(properties, _COUNTRIES)),
        tuple(dict.fromkeys(_texts(properties, _IDENTIFIERS))), tuple(_texts(properties, ("topics",))),
    )  # fmt: skip


def _texts(properties: dict[str, list[Any]], names: Iterable[str]) -> Iterator[str]:
    return (one for name in names for one in properties.get(name, ()) if isinstance(one, str) and one.strip())


def check_taken(found: ReadList, name: str) -> ReadList:
    """InputError where nothing of a list could be used."""
    if found.read and not found.entities:
        why = f": {found.refused[0].why}" if found.refused else ""
        raise InputError("invalid-field", f"{name}: none of its {found.read} lines is an entry of a list{why}")
    return found
