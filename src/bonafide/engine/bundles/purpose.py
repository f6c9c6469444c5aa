"""Each field has a legal origin; a bundle may read the fields whose origins its purpose names, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from bonafide.core.fields import FIELDS, Origin
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.inputs import INPUTS, Input, Inputs, MerchantInput
from bonafide.engine.bundles.rules import RULES, Rule
from bonafide.engine.features.spec import Feature, parse_features
from bonafide.engine.rules.language import Node, names_in
from bonafide.engine.rules.source import Document, Path, Place, find_name
from bonafide.engine.rules.utilisation import HIDDEN, UTILISATION

FEATURES: Final = "features.yaml"
BEHIND: Final[dict[str, tuple[str, ...]]] = {
    "shares": ("device_id", "ip"), "linked": ("device_id", "ip", "phone_id"),
    "line_in_use": ("credit_limit", "credit_used"),
}  # fmt: skip
"""What is computed from fields that have an origin of their own: numbers of an event, and a derived type."""


class Reading(NamedTuple):
    """Somebody reads a field."""

    fields: tuple[str, ...]
    """Of one origin."""
    subject: str
    """Who: "feature user_devices_7d"."""
    file: str
    place: Place
    through: str = ""
    """By which name, where that is not the field's own."""


def note_purpose(
    sources: Sources, purpose: Sequence[Origin], features: Sequence[Feature], rules: Sequence[Rule], inputs: Inputs
) -> None:
    """Note every field that is read and may not serve the bundle's purpose."""
    declared, ruled = sources.document(FEATURES), sources.document(RULES)
    if declared is None or ruled is None:
        return
    given = sources.document(INPUTS) if INPUTS in sources.contents else None
    parts = (
        ("model", inputs.model),
        ("scorecard", inputs.scorecard),
        ("merchant_scorecard", inputs.merchant_scorecard),
    )
    of_inputs = [] if given is None else [told for name, some in parts for told in _of_inputs(some, name, given)]
    for reading in (*_of_features(features, declared), *_of_rules(rules, ruled), *of_inputs):
        origin = FIELDS[reading.fields[0]].origin
        if origin in purpose:
            continue
        fields = " and ".join(reading.fields)
        through = f"{reading.through}, which takes {fields}" if reading.through else fields
        text = f"reads {through}: origin {origin}, and the bundle's purpose is {', '.join(purpose)} only"
        name = reading.through or fields
        help_ = f"Do without {name}, or add {origin} to purpose in bundle.yaml if there is a legal basis."
        sources.note("purpose", text, reading.file, reading.place, help_=help_, subject=reading.subject)


def fields_of(feature: Feature) -> set[str]:
    """The event fields that a feature reads."""
    names = {*feature.by, *((feature.of,) if feature.of else ())}
    if feature.where is not None:
        names |= names_in(feature.where)
    return names & FIELDS.keys()


def _of_features(features: Sequence[Feature], document: Document) -> Iterator[Reading]:
    place_of = _indices(document.value, "name") if features else {}
    for feature in features:
        i = place_of[feature.name]
        where = document.value[i].get("where")
        for field in sorted(fields_of(feature)):
            if isinstance(where, str) and feature.where is not None and field in names_in(feature.where):
                place = document.text_place((i, "where"), *find_name(where, field))
            else:
                place = document.place((i, "of" if feature.of == field else "by"))
            yield Reading((field,), f"feature {feature.name}", FEATURES, place)
        named_too = {feature.of, *feature.types} | (names_in(feature.where) if feature.where is not None else set())
        for name in sorted(BEHIND.keys() & named_too):
            at = document.place((i, "event" if name in feature.types else "of" if name == feature.of else "where"))
            yield Reading(BEHIND[name], f"feature {feature.name}", FEATURES, at, name)
        for carried in feature.carried:
            named = isinstance(where, str) and feature.where is not None and carried.name in names_in(feature.where)
            place = (
                document.text_place((i, "where"), *find_name(where, carried.name))
                if named
                else (document.place((i, "of")))
            )
            for field in sorted(fields_of(carried) - fields_of(feature)):
                yield Reading((field,), f"feature {feature.name}", FEATURES, place, carried.name)


def _of_rules(rules: Sequence[Rule], document: Document) -> Iterator[Reading]:
    place_of = _indices(document.value, "id") if rules else {}
    for rule in rules:
        at = (place_of[rule.id], "when")
        yield from _of_expression(rule.when, rule.text, f"rule {rule.id}", RULES, document, at)


def _of_inputs(inputs: Sequence[Input | MerchantInput], part: str, document: Document) -> Iterator[Reading]:
    items = document.value[part] if inputs else []
    place_of = _indices(items, "name")
    for one in inputs:
        i = place_of[one.name]
        at = (part, i, "of" if items[i].get("of") is not None else "name")
        yield from _of_expression(
            one.node, str(items[i].get("of") or one.name), f"input {one.name}", INPUTS, document, at
        )


def _of_expression(node: Node, text: str, subject: str, file: str, document: Document, at: Path) -> Iterator[Reading]:
    """The fields that an expression reads, whose text stands at a path of a document."""
    names = names_in(node)
    for field in sorted(names & FIELDS.keys()):
        yield Reading((field,), subject, file, document.text_place(at, *find_name(text, field)))
    for name in sorted(BEHIND.keys() & names):
        yield Reading(BEHIND[name], subject, file, document.text_place(at, *find_name(text, name)), name)
    if UTILISATION in names:
        place = document.text_place(at, *find_name(text, UTILISATION))
        yield from (Reading(fields, subject, file, place, UTILISATION) for fields in _behind_utilisation())


@cache
def _behind_utilisation() -> tuple[tuple[str, ...], ...]:
    """The fields that `utilisation` is computed from, those of one origin together."""
    behind: dict[Origin, list[str]] = {}
    for field in sorted({"credit_used"}.union(*map(fields_of, parse_features(list(HIDDEN), UTILISATION, hidden=True)))):
        behind.setdefault(FIELDS[field].origin, []).append(field)
    return tuple(map(tuple, behind.values()))


def _indices(items: Sequence[Any], key: str) -> dict[str, int]:
    """Where in a list of items each stands, by what `key` says; of equal ones the first."""
    found: dict[str, int] = {}
    for i, item in enumerate(items):
        name = item.get(key) if isinstance(item, dict) else None
        if isinstance(name, str):
            found.setdefault(name, i)
    return found
