"""lists/: named lists, an entry a line or with its end, reason and author; and who is spared which rule until when."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from bonafide.core.events import TEXT_LENGTH_MAX
from bonafide.core.mistakes import LINE_BREAK
from bonafide.core.text import did_you_mean, is_tidy, show_value, to_nfc
from bonafide.engine.bundles.example_events import read_start
from bonafide.engine.bundles.files import LISTS, Sources
from bonafide.engine.rules.source import Document, Place

KEPT_BY_PEOPLE: Final = ("allow", "block", "watch")
"""Lists that every bundle has, with no file of their own: who is on them `list_changed` records say."""
LIMITED: Final = ("new_14d", "new_45d", "new_90d", "changed_30d")
"""Likewise, of merchants that were admitted with limits: newcomers until each step of their ramp ends, and merchants of
whom something has changed. The office puts them there, each with its end."""
CLEARED: Final = "cleared_30d"
"""Likewise, of merchants that people have found genuine."""
LIST_ENTRIES_MAX: Final = 100_000
SNOOZED: Final = f"{LISTS}/snoozed.yaml"
SNOOZES_MAX: Final = 10_000

_COMMENT: Final = re.compile(r"(^|\s)#.*")
_Text = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX, description="a text")]
_Until = Annotated[Any, Meta(description="a time such as 2026-01-05T12:00:00+08:00")]


class DeclaredEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of a list as it is written in YAML."""

    id: _Text
    reason: _Text
    author: _Text
    until: _Until | None = None


class DeclaredSnooze(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that does not count for one user or merchant, as it is written."""

    rule: str
    until: _Until
    reason: _Text
    author: _Text
    user_id: _Text | None = None
    merchant_id: _Text | None = None


class Entry(NamedTuple):
    """An entry of a list."""

    id: str
    until: int | None = None
    """Milliseconds since 1970 UTC at which it ends; None: it does not."""
    reason: str = ""
    author: str = ""


class Snooze(NamedTuple):
    """A rule that does not count for one subject until a moment of the log."""

    rule: str
    subject: Literal["user", "merchant"]
    entry: Entry


def read_lists(sources: Sources) -> dict[str, tuple[Entry, ...]]:
    """The named lists, each entry once, in the order of the file, those that have no file among them; what is wrong is
    noted."""
    lists: dict[str, tuple[Entry, ...]] = dict.fromkeys((*KEPT_BY_PEOPLE, *LIMITED, CLEARED), ())
    for name in (name for name in sources.contents if name.startswith(f"{LISTS}/") and name != SNOOZED):
        path = PurePosixPath(name)
        if lists.get(path.stem):
            sources.note("duplicate", f"there is lists/{path.stem}.txt, too; put all entries into one of them", name)
        entries = _of_lines(sources, name) if path.suffix == ".txt" else _of_yaml(sources, name)
        if len(entries) > LIST_ENTRIES_MAX:
            sources.note("out-of-range", f"{len(entries)} entries; a list has at most {LIST_ENTRIES_MAX}", name)
        if not entries and not any(mistake.path == name for mistake in sources.mistakes):
            sources.note("empty", "the list has no entries; put one on each line", name)
        lists[path.stem] = tuple(entries.values())
    return lists


def _of_lines(sources: Sources, name: str) -> dict[str, Entry]:
    try:
        lines: list[str] = LINE_BREAK.split(sources.contents[name].decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        number = sources.contents[name].count(b"\n", 0, error.start) + 1
        sources.note("syntax", "is not UTF-8; save the text as UTF-8", name, Place(number, 1))
        return {}
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines, 1):
        entry = to_nfc(_COMMENT.sub("", line).strip(), TEXT_LENGTH_MAX)
        if entry and _is_entry(sources, name, entry, Place(number, 1, len(line))):
            entries[entry] = Entry(entry)
    return entries


def _is_entry(sources: Sources, name: str, entry: str, place: Place) -> bool:
    fine = len(entry) <= TEXT_LENGTH_MAX and is_tidy(entry)
    if not fine:
        text = f"{show_value(entry)} is no entry; a field has at most {TEXT_LENGTH_MAX} characters, none hidden"
        sources.note("out-of-range", text, name, place)
    return fine


def _of_yaml(sources: Sources, name: str) -> dict[str, Entry]:
    told, document = sources.fit(name, list[DeclaredEntry]), sources.document(name)
    entries: dict[str, Entry] = {}
    for i, one in enumerate(told or ()):
        assert document is not None
        id_ = to_nfc(one.id, TEXT_LENGTH_MAX)
        if id_ in entries:
            sources.note(
                "duplicate", f"[{i}].id: {show_value(id_)} has an entry already", name, document.place((i, "id"))
            )
        if _is_entry(sources, name, id_, document.place((i, "id"))):
            entries[id_] = Entry(id_, _moment(sources, document, name, i, one.until), one.reason, one.author)
    return entries


def read_snoozes(sources: Sources, rules: Collection[str]) -> tuple[Snooze, ...]:
    """Who is spared which rule; `rules` are the ids that there are."""
    if SNOOZED not in sources.contents:
        return ()
    told, document = sources.fit(SNOOZED, list[DeclaredSnooze]), sources.document(SNOOZED)
    found: list[Snooze] = []
    for i, one in enumerate(told or ()):
        assert document is not None
        if one.rule not in rules:
            text = f"[{i}].rule: there is no rule {one.rule:.40}{did_you_mean(one.rule, rules)}"
            sources.note("unknown-name", text, SNOOZED, document.place((i, "rule")))
        if (one.user_id is None) == (one.merchant_id is None):
            sources.note(
                "out-of-range", f"[{i}]: give user_id or merchant_id, one of them", SNOOZED, document.place((i,))
            )
            continue
        until = _moment(sources, document, SNOOZED, i, one.until)
        entry = Entry(one.user_id or one.merchant_id or "", until, one.reason, one.author)
        found.append(Snooze(one.rule, "merchant" if one.user_id is None else "user", entry))
    if len(found) > SNOOZES_MAX:
        sources.note("out-of-range", f"{len(found)} entries; at most {SNOOZES_MAX}", SNOOZED)
    return tuple(found)


def _moment(sources: Sources, document: Document, name: str, i: int, told: object) -> int | None:
    if told is None:
        return None
    try:
        return read_start(told)
    except ValueError as error:
        shown = told.isoformat() if isinstance(told, date) else show_value(told)
        sources.note("out-of-range", f"[{i}].until: {shown} is no time; {error}", name, document.place((i, "until")))
        return None


def endless(entries: Mapping[str, tuple[Entry, ...]], name: str) -> str | None:
    """An entry of a list that has no end; None where each has one."""
    return next((entry.id for entry in entries[name] if entry.until is None), None)
