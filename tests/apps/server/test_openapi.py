"""The description is valid, complete, true of the answers, and what a generator makes of it breaks nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema_rs
import msgspec
import pytest
import schemathesis
from fastapi.routing import APIRoute
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bonafide.apps.problems import Problem
from bonafide.apps.server.answers import Scope
from bonafide.apps.server.events_route import PATHS
from bonafide.apps.server.examples import EXAMPLES
from bonafide.apps.server.openapi import document
from bonafide.apps.server.rest import make_rest
from bonafide.apps.server.shapes import DecisionAnswer, TaughtAnswer
from bonafide.core.door import decode_event
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.office.people.matrix import OF_A_SESSION, OF_PEOPLE
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.apps.server.bureau import Bureau, has_decided
from tests.apps.server.client import Client, encoded, payment
from tests.apps.server.standin import KEY, TestKeys, TestSender

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip


def client() -> Client:
    return Client(keys=TestKeys({KEY: TestSender(role="admin", source="analyst")}))


def described() -> dict[str, Any]:
    return client().ask("GET", "/openapi.json", key=None).json  # type: ignore[no-any-return]


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    told = {(method.upper(), path) for path, item in described()["paths"].items() for method in item}
    routes = {
        (method, route.path.replace(":path}", "}"))
        for route in make_rest(client().service).routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert told == routes | {("POST", path) for path in PATHS}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_example_is_an_event_that_is_taken(kind: str) -> None:
    assert decode_event(msgspec.json.encode(EXAMPLES[kind])).type == kind


def test_there_is_an_example_of_every_type_that_clients_send() -> None:
    assert set(EXAMPLES) == set(EVENT_CLASS) - CONTROL_TYPES


def test_every_example_fits_its_schema() -> None:
    whole = document()
    for path, item in whole["paths"].items():
        for operation in item.values():
            places = [operation.get("requestBody", {}), *operation["responses"].values()]
            for place in places:
                for kind, media in place.get("content", {}).items():
                    examples = [one["value"] for one in media.get("examples", {}).values()]
                    examples += [media["example"]] if "example" in media else []
                    valid = jsonschema_rs.validator_for({**media["schema"], "components": whole["components"]})
                    assert all(valid.is_valid(one) for one in examples), (path, kind)


def test_answers_are_as_described() -> None:
    got = client().post(encoded(*EXAMPLES.values(), {**EXAMPLES["payment"], "amount": 0}))
    for element, example in zip(got.json, [*EXAMPLES.values(), {}], strict=True):
        if example:
            shape = DecisionAnswer if EVENT_CLASS[str(example["type"])].decided else TaughtAnswer
            msgspec.convert(element, shape, strict=True)
        else:
            msgspec.convert(element, Problem, strict=True)


class App:
    """The service as schemathesis calls it: every request as an admin, and lifespan answered."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        data = DataDir.open(Path(self._folder.name) / "data")
        bureau = Bureau(data, Store.open(data.office))
        has_decided(data)
        self.key, self._person = bureau.key("admin"), bureau.signed_in("whoever-asks")
        self._service = bureau.service

    def sent(self, route: str) -> dict[str, dict[str, str]]:
        """Who asks: a person where a second one is wanted, else a machine."""
        if route not in OF_PEOPLE - OF_A_SESSION:
            return {"headers": {"authorization": f"Bearer {self.key}"}}
        headers = {name.replace("_", "-"): value for name, value in self._person.sent().items()}
        name, _, value = headers.pop("cookie").partition("=")
        return {"headers": headers, "cookies": {name: value}}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await self._service(scope, receive, send)


@schemathesis.serializer("application/x-ndjson")
def as_lines(_: Any, value: Any) -> bytes:
    """What is generated for lines is a text already."""
    return str(value).encode("utf-8", "surrogatepass")


FUZZING = "FUZZ_MINUTES" in os.environ
"""Set by `make fuzz`: every bound of every field is played then, which takes half a minute to think up."""
config = SchemathesisConfig()
config.projects.default.phases.coverage.enabled = FUZZING
served = App()
schema = schemathesis.openapi.from_asgi("/openapi.json", served, config=config)


@schema.parametrize()
@hypothesis.settings(
    max_examples=2_000 if FUZZING else 4, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)
@(pytest.mark.fuzz if FUZZING else lambda test: test)
def test_what_a_generator_sends_is_answered_as_described(case: Any) -> None:
    route = f"{case.method.upper()} {case.path}"
    case.call_and_validate(**served.sent(route), checks=CHECKS)


def test_the_description_is_valid_openapi() -> None:
    schema.validate()


def test_a_description_that_is_none_is_caught() -> None:
    broken = schemathesis.openapi.from_dict({**document(), "paths": {"/x": {"get": {"parameters": 5}}}})
    with pytest.raises(Exception, match=r"parameters|valid"):
        broken.validate()


def test_an_unknown_answer_is_caught() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**payment(), "outcome": "allow"}, DecisionAnswer, strict=True)
