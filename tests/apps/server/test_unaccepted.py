"""What of a query or a header is not accepted is told by its field and what is accepted, and is not said again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import Field, TypeAdapter, ValidationError

from bonafide.apps.server.unaccepted import unaccepted
from tests.apps.server.client import Client
from tests.apps.server.standin import KEY, TestKeys, TestSender


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("limit=abc", "limit", "limit: what is given is not accepted; give a whole number"),
        ("limit=1.5", "limit", "limit: what is given is not accepted; give a whole number"),
        ("limit=0", "limit", "limit: what is given is not accepted; give a number of at least 1"),
        ("limit=99999", "limit", "limit: what is given is not accepted; give a number of at most 1000"),
        (f"after={'9' * 5_000}", "after", None),
    ],
)
def test_a_route_says_what_it_takes(query: str, field: str, detail: str | None) -> None:
    client = Client(keys=TestKeys({KEY: TestSender(role="admin")}))
    got = client.ask("GET", f"/v1/dead-letters?{query}", b"", content_type="application/json")
    assert (got.status, got.problem, got.json["field"]) == (422, "invalid-field", field)
    assert detail is None or got.json["detail"] == detail
    assert len(got.json["detail"]) < 300


@pytest.mark.parametrize(
    ("kind", "value", "where", "detail"),
    [
        (Annotated[bool, Field()], "perhaps", "query", "x: what is given is not accepted; give true or false"),
        (Literal["en", "zh"], "fr", "query", "x: what is given is not accepted; give 'en' or 'zh'"),
        (Annotated[str, MinLen(2)], "a", "query",
         "x: what is given is not accepted; give a text of at least 2 characters"),
        (Annotated[str, MaxLen(2)], "139", "query",
         "x: what is given is not accepted; give a text of at most 2 characters"),
        (Annotated[str, Field(pattern="^~[0-9a-f]{16}$")], "u1", "query",
         "x: what is given is not accepted; give a text like ^~[0-9a-f]{16}$"),
        (Literal["user"], "a secret", "header", "x: what is given is not accepted; give 'user'"),
        (Annotated[list[int], MaxLen(1)], [1, 2], "query", "x: what is given is not accepted; give at most 1 of them"),
        (Annotated[int, Ge(1), Le(9)], None, "query", "x: what is given is not accepted; give a whole number"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_is_told_in_our_words(kind: Any, value: Any, where: str, detail: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    fault = {**caught.value.errors()[0], "loc": (where, "x")}
    assert msgspec.json.decode(unaccepted(fault).body)["detail"] == detail


def test_what_is_missing_is_said_to_be() -> None:
    told = msgspec.json.decode(unaccepted({"type": "missing", "loc": ("query", "case"), "input": None}).body)
    assert (told["field"], told["detail"]) == ("case", "case: missing; this route asks for it in its query")
