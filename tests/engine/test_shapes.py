"""Shapes: every fault of a document at once, in plain words; what fits comes out as msgspec would make it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bonafide.core.mistakes import Mistake
from bonafide.engine.bundles.shapes import fit, keys_of
from bonafide.engine.rules.source import read_yaml_with_places


class Part(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, le=9, description="a whole number from 1 to 9")]
    from_: float = msgspec.field(name="from", default=0.0)


class Whole(Struct, forbid_unknown_fields=True):
    name: str
    kind: Literal["round", "square"] = "round"
    parts: Annotated[list[Part], Meta(max_length=3)] = []
    names: dict[Literal["zh", "en"], str] = {}
    tags: str | list[str] = []
    open: bool = False
    part: Part | None = None
    anything: Any = None


KEYS = "name, kind, parts, names, tags, open, part, anything"


def told(text: str) -> tuple[Whole | None, list[Mistake]]:
    return fit(read_yaml_with_places(text.encode(), "f.yaml"), Whole, "f.yaml")


def test_what_fits_comes_out() -> None:
    value, mistakes = told(
        "{name: a, parts: [{size: 1, from: 2}], names: {zh: b}, tags: [c], part: {size: 9}, anything: [1]}"
    )
    assert mistakes == []
    assert value == Whole("a", parts=[Part(1, 2.0)], names={"zh": "b"}, tags=["c"], part=Part(9), anything=[1])
    assert told("{name: a, tags: b, part: null}")[0] == Whole("a", tags="b")
    assert keys_of(Part) == ("size", "from")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5", ["1:1 expected keys with values: name, kind, parts, names, tags, open, part, anything, found 5"]),
        ("{}", ["1:1 name is missing; expected a text"]),
        ("{nmae: a}", ["1:2 unknown key nmae; did you mean name?"]),
        ("{name: a, colour: b}", [f"1:11 unknown key colour; the keys here are {KEYS}"]),
        ("{name: a, 5: b}", [f"1:1 unknown key 5; the keys here are {KEYS}"]),
        ("name: 5", ["1:7 name: expected a text, found 5"]),
        ("name:", ["1:6 name: expected a text, found nothing"]),
        ("{name: a, kind: sqare}", ["1:17 kind: unknown 'sqare'; did you mean square?"]),
        ("{name: a, kind: 5}", ["1:17 kind: expected one of round, square, found 5"]),
        ("{name: a, open: 1}", ["1:17 open: expected true or false, found 1"]),
        ("{name: a, tags: 5}", ["1:17 tags: expected a text, found 5"]),
        ("{name: a, tags: [b, 5]}", ["1:21 tags[1]: expected a text, found 5"]),
        ("{name: a, parts: {size: 1}}", ["1:18 parts: expected a list, each entry {size, from}, found an object"]),
        ("{name: a, parts: [1, 2, 3, 4]}", ["1:18 parts: 4 entries; at most 3"]),
        ("{name: a, names: {fr: b, en: 5}}", ["1:19 names: unknown key fr; expected one of zh, en",
                                             "1:30 names.en: expected a text, found 5"]),
        ("{name: a, names: {5: b}}", ["1:18 names: the key 5 is no text; put it in quotes"]),
        ("name: a\nparts:\n- {size: 0}\n- {size: x}\n- {from: y, sze: 1}\n",
         ["3:10 parts[0].size: expected a whole number from 1 to 9, found 0",
          "4:10 parts[1].size: expected a whole number from 1 to 9, found 'x'",
          "5:13 parts[2]: unknown key sze; did you mean size?", "5:10 parts[2].from: expected a number, found 'y'"]),
    ],
)  # fmt: skip
def test_every_fault_is_told_where_it_stands(text: str, says: list[str]) -> None:
    value, mistakes = told(text)
    assert value is None
    assert [f"{m.line}:{m.column} {m.message}" for m in mistakes] == says


def test_a_part_of_a_document_is_told_with_its_subject() -> None:
    document = read_yaml_with_places(b"- {size: 1}\n- {size: 0}\n", "f.yaml")
    assert fit(document, Part, "f.yaml", (0,))[0] == Part(1)
    _, (mistake,) = fit(document, Part, "f.yaml", (1,), "part two")
    assert mistake.sentence == "part two: size: expected a whole number from 1 to 9, found 0"


def test_quotes_are_advised_only_where_they_help() -> None:
    assert [m.help for m in told("{name: no}")[1]] == [
        "YAML reads this as something else than a text; put it in quotes"
    ]
    assert [m.help for m in told("{name: [a]}")[1]] == [None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats(-2, 2) | st.sampled_from(["a", "round", "zh"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([*KEYS.split(", "), "size", "from", "zh", "en"])
        | st.integers(0, 2), inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_a_value_fits_exactly_where_msgspec_takes_it(value: Any) -> None:
    document = read_yaml_with_places(yaml.safe_dump(value).encode(), "f.yaml")
    try:
        expected = msgspec.convert(document.value, Whole)
    except msgspec.ValidationError:
        expected = None
    got, mistakes = fit(document, Whole, "f.yaml")
    assert got == expected
    assert bool(mistakes) == (expected is None)
