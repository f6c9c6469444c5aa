"""Lists for spreadsheets: nothing in them runs, whatever stands in a field."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.office.cases.export import COLUMNS, csv_of, is_live, xlsx_of

NOW = 1_767_601_800_000
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CORPUS = (
    "=1+1", "+1", "-1+1|cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=DDE("cmd";"/C calc";"x")',
    '=HYPERLINK("http://x.example","here")', '=IMPORTXML("http://x.example","//a")', "\uff1d1+1", "\uff0b1",
    "\uff0d1", "\uff201", " =1", "\u00a0=1", "\u3000=1", "http://x.example", "mailto:a@x.example",
    "internal:Sheet1!A1", "external:c:\\x.xlsx", "file:///etc/passwd", "<script>alert(1)</script>", "<f>1+1</f>",
    "]]>", "&lt;", "123", "1e9", "\U0001f600", "{=1}", "'=1", '"=1', "\x01\x1f", "_x0041_",
)  # fmt: skip
TEXTS = st.sampled_from(CORPUS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def opened(content: bytes) -> tuple[list[list[Any]], dict[str, bytes]]:
    """The cells of a written sheet, and all of its parts, read without the library that wrote it."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    strings = ElementTree.fromstring(parts["xl/sharedStrings.xml"])
    texts = ["".join(one.itertext()) for one in strings.iter(f"{SHEET}si")]
    cells = []
    for row in ElementTree.fromstring(parts["xl/worksheets/sheet1.xml"]).iter(f"{SHEET}row"):
        line = []
        for one in row.iter(f"{SHEET}c"):
            assert [part.tag for part in one] == [f"{SHEET}v"], "a cell holds a value and nothing else"
            value = one[0].text or ""
            line.append(texts[int(value)] if one.get("t") == "s" else int(value))
            assert one.get("t") in ("s", None)
        cells.append(line)
    return cells, parts


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), TEXTS, max_size=5), max_size=6))
@settings(max_examples=30)
def test_whatever_stands_in_a_field_is_text_in_both(rows: list[dict[str, str]]) -> None:
    cells, parts = opened(xlsx_of(rows, NOW))
    found = [text for line in cells[1:] for text in line]
    given_ = [row[name] for row in rows for name in COLUMNS if name in row]
    assert all(isinstance(one, str) for one in found)
    assert [spoken(one) for one in found] == list(map(plain, given_))
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b"<f" not in sheet
    assert b"hyperlink" not in sheet.lower()
    assert not [name for name in parts if "externalLink" in name or "vba" in name.lower() or "_rels/sheet" in name]
    told = list(csv.reader(io.StringIO(csv_of(rows).decode("utf-8-sig"), newline="")))
    assert told[0] == list(COLUMNS)
    assert not [one for line in told[1:] for one in line if is_live(one)]


def plain(text: str) -> str:
    """A text as XML can say it, ends of lines alike."""
    return re.sub(r"\r\n?", "\n", text)


def spoken(text: str) -> str:
    """What a spreadsheet shows of a text: characters that XML cannot say are escaped in it."""
    found = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda one: chr(int(one[1], 16)), text)
    return plain(found)


def test_numbers_are_numbers_and_words_are_words() -> None:
    row = {"number": 17, "state": "=1", "overdue": True, "money_at_stake": -5, "typologies": ["a", "b"], "label": None,
           "money_caught": 2**60}  # fmt: skip
    cells, parts = opened(xlsx_of([row], NOW))
    assert sorted(map(str, cells[1])) == sorted(["17", "=1", "true", "-5", "a, b", str(2**60)])
    assert [one for one in cells[1] if isinstance(one, int)] == [17, -5]
    assert b"quotePrefix" in parts["xl/styles.xml"]
    assert b"2026-01-05T08:30:00Z" in parts["docProps/core.xml"]


def test_a_list_without_cases_is_a_sheet() -> None:
    assert opened(xlsx_of([], NOW))[0] == [list(COLUMNS)]
