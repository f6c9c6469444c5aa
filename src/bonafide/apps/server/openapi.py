"""The API's description (OpenAPI 3.1), made from the structs that the service itself reads and writes."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from bonafide.apps.problems import BASE, NAMES, Problem
from bonafide.apps.server.browser import COOKIE, CSRF_HEADER, SAFE_METHODS, SECURE_COOKIE
from bonafide.apps.server.decode import ARRAY_LENGTH_MAX
from bonafide.apps.server.examples import DECISION, EXAMPLES, TAUGHT
from bonafide.apps.server.openapi_office import SHAPES, TABLE, Told, about, parameters, statuses
from bonafide.apps.server.openapi_problems import PARENTS, WHY, problem_response, problems, ref, response
from bonafide.apps.server.shapes import Alive, DecisionAnswer, Degraded, Letters, Ready, TaughtAnswer
from bonafide.apps.server.small_bodies import secret_schema
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.engine.bundles.inputs import INPUTS_MAX
from bonafide.lab.explain.score import INPUTS_SHOWN
from bonafide.office.people.matrix import ANYBODY, OF_PEOPLE, ROUTES

_PLAIN_TEXT: Final = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
_SHAPES: Final = (DecisionAnswer, TaughtAnswer, Problem, Letters, Degraded, Alive, Ready, *SHAPES)
Security = list[dict[str, list[str]]]


@cache
def document() -> dict[str, Any]:
    """The whole description, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bonafide",
            "version": "1",
            "summary": "Decides, for every event on a pay-later platform, whether the trade behind it is genuine.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": "events"}, {"name": "operation"}, {"name": "office"}],
        "paths": _secured(_paths()),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {
                    "type": "http", "scheme": "bearer",
                    "description": "A machine key, made by `bonafide access key create` or `POST /v1/keys`.",
                },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE,
                    "description": f"What `POST /v1/session` gives to a browser; over TLS it is {SECURE_COOKIE}.",
                },
                "csrf": {
                    "type": "apiKey", "in": "header", "name": CSRF_HEADER.decode(),
                    "description": "The session's `csrf_token`, beside the cookie, with what changes anything.",
                },
            },
            "parameters": {"traceparent": _TRACEPARENT},
            "responses": {f"problem{status}": problem_response(status) for status in WHY},
        },
    }  # fmt: skip


_ABOUT: Final = (
    "Times are RFC 3339 with a zone or whole milliseconds since 1970 UTC, money whole minor units. An answer leaves "
    "when its event is on disk; the same event sent again gets the same answer. Errors are problems (RFC 9457) whose "
    f"`type` is {BASE}NAME with NAME one of {', '.join(NAMES)}. Any route answers a method that it does not have with "
    "405 and `Allow`, and a head that is too large with 431."
)
_TRACEPARENT: Final[dict[str, Any]] = {
    "name": "traceparent", "in": "header", "required": False,
    "description": "W3C trace context; a valid one is handed back.", "schema": {"type": "string"},
}  # fmt: skip


def _paths() -> dict[str, Any]:
    answers = [ref("DecisionAnswer"), ref("TaughtAnswer"), ref("Problem")]
    lines = {"schema": {"type": "string"}, "example": _line(EXAMPLES["payment"]) + _line(EXAMPLES["login"])}
    line_answers = {"schema": {"type": "string"}, "example": _line(DECISION) + _line(TAUGHT)}
    event_examples: dict[str, Any] = {name: {"value": event} for name, event in EXAMPLES.items()}
    event_examples["array"] = {"value": [EXAMPLES["payment"], EXAMPLES["login"]]}
    body_problems = (400, 401, 403, 408, 413, 415, 429, 503)
    return {
        "/v1/events": {
            "post": _operation(
                "decide", "events", "Decide on an event, an array of events, or lines of them",
                "A bad element stops nothing: its place in the answer holds a problem with a `status` of its own.",
                {
                    "200": response("The decision, or what became of each element, in order.", {
                        "application/json": {
                            "schema": {"oneOf": [answers[0], {"type": "array", "items": {"anyOf": answers}}]},
                            "examples": {"one": {"value": DECISION}, "array": {"value": [DECISION, TAUGHT]}},
                        },
                        "application/x-ndjson": line_answers,
                    }),
                    "202": response("Taken in; events of this type only teach.",
                                     {"application/json": {"schema": ref("TaughtAnswer"), "example": TAUGHT}}),
                    **problems(*body_problems, 409, 422),
                },
                body={
                    "application/json": {
                        "schema": {"anyOf": [ref("Event"), _array(ref("Event"))]}, "examples": event_examples,
                    },
                    "application/x-ndjson": lines,
                },
            )
        },
        "/v1/events:batch": {
            "post": _operation(
                "decideBatch", "events", "Decide on lines of events, however many",
                "Answered line by line while they come: read the answers while you send. What breaks the stream off "
                "stands in its last line, as a problem without an event_id.",
                {"200": response("A line for each line, in order.", {"application/x-ndjson": line_answers}),
                 **problems(*body_problems)},
                body={"application/x-ndjson": lines},
            )
        },
        **_decision_paths(),
        **_operation_paths(),
        **_office_paths(),
    }  # fmt: skip


def _decision_paths() -> dict[str, Any]:
    event_id: dict[str, Any] = {
        "name": "event_id", "in": "path", "required": True, "example": "payment-1",
        "description": "percent-encoded; any text is one id, slashes too", "schema": {"type": "string", "minLength": 1},
    }  # fmt: skip
    inputs: dict[str, Any] = {
        "name": "inputs", "in": "query", "description": "inputs of the model that are told one by one",
        "schema": {"type": "integer", "minimum": 0, "maximum": INPUTS_MAX, "default": INPUTS_SHOWN},
    }  # fmt: skip
    answer = {"schema": {"oneOf": [ref("DecisionAnswer"), ref("TaughtAnswer")]}, "example": DECISION}
    return {
        "/v1/decisions/{event_id}": {"get": _operation(
            "decision", "events", "What an event was answered", "The same object as its sender got.",
            {"200": response("The answer.", {"application/json": answer}), **problems(401, 403, 404, 429, 503)},
            parameters=[event_id],
        )},
        "/v1/decisions/{event_id}/parts": {"get": _operation(
            "parts", "events", "Why a decision has its scores",
            "For people and their scripts, never for the platform. How the score adds up from base, rules and inputs, "
            "and the points behind the credit score. There is nothing of an event that was simply allowed, unless "
            "rules alone scored it.",
            {"200": _shaped("The parts.", "PartsAnswer"), **problems(401, 403, 404, 422, 429, 503)},
            parameters=[event_id, inputs],
        )},
    }  # fmt: skip


def _office_paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for one in TABLE.values():
        method, path = one.route.split(" ")
        paths.setdefault(path, {})[method.lower()] = _of_office(one, method)
    return paths


def _of_office(one: Told, method: str) -> dict[str, Any]:
    if one.answer:
        answer = _shaped("It is done." if method != "GET" else "It is this.", one.answer)
    else:
        answer = {"description": "It is done."}
    if one.name == "setUpSecondFactor":
        schema = {"anyOf": [ref("EnrolmentAnswer"), ref("SessionAnswer")]}
        answer = response("What a device reads, or the new session.", {"application/json": {"schema": schema}})
    body = {"application/json": {"schema": ref(one.body)}} if one.body else None
    return _operation(
        one.name, "office", one.summary, about(one), {str(one.status): answer, **problems(*statuses(one))},
        body=body, parameters=parameters(one),
    )  # fmt: skip


def _secured(paths: dict[str, Any]) -> dict[str, Any]:
    for path, item in paths.items():
        for method, operation in item.items():
            operation.setdefault("security", _security(f"{method.upper()} {path}"))
    return paths


def _security(route: str) -> Security:
    """How who asks for a route says who they are."""
    if ANYBODY in ROUTES[route]:
        return []
    session: dict[str, list[str]] = {"session": []}
    if route.split(" ")[0] not in SAFE_METHODS:
        session["csrf"] = []
    return [session] if route in OF_PEOPLE else [{"key": []}, session]


def _operation_paths() -> dict[str, Any]:
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    parts = {"schema": ref("Degraded"), "example": {"parts": ["model"]}}
    after = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1, "default": 0}
    limit = {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}
    redriven = {"schema": {"oneOf": [ref("DecisionAnswer"), ref("TaughtAnswer")]}}
    return {
        "/v1/dead-letters": {"get": _operation(
            "deadLetters", "operation", "Records that were refused", "For admins. Oldest first.",
            {"200": _shaped("Some of them.", "Letters"), **problems(401, 403, 422, 429, 503)},
            parameters=[
                {"name": "after", "in": "query", "schema": after, "description": "the `next_after` of before"},
                {"name": "limit", "in": "query", "schema": limit},
            ],
        )},
        "/v1/dead-letters/{number}/redrive": {"post": _operation(
            "redrive", "operation", "Give a refused record in again, as it came", "For admins.",
            {"200": response("It was decided on.", {"application/json": redriven}),
             "202": _shaped("It was taken in.", "TaughtAnswer"),
             **problems(400, 401, 403, 404, 409, 413, 422, 429, 503)},
            parameters=[number],
        )},
        "/v1/degraded": {
            "get": _operation("degraded", "operation", "Parts that do not answer now", "For admins.",
                              {"200": _shaped("They are these.", "Degraded"), **problems(401, 403, 429, 503)}),
            "put": _operation(
                "degrade", "operation", "Say which parts do not answer",
                "For admins. From the next event on; written into the log. Without `model` events are scored by rules "
                "alone, and decisions say so in `degraded`.",
                {"200": _shaped("From now on it is these.", "Degraded"),
                 **problems(400, 401, 403, 408, 413, 415, 422, 429, 503)},
                body={"application/json": parts},
            ),
        },
        "/healthz": {"get": _operation("health", "operation", "Whether the process answers", "",
                                       {"200": _shaped("It does.", "Alive")})},
        "/readyz": {"get": _operation("readiness", "operation", "Whether events are decided", "",
                                      {"200": _shaped("They are.", "Ready"), **problems(503)})},
        "/metrics": {"get": _operation(
            "metrics", "operation", "Prometheus metrics",
            "Without a key where the server listens on loopback only; elsewhere for admins and auditors.",
            {"200": response("The metrics.", {"text/plain": {"schema": {"type": "string"}}}),
             **problems(401, 403, 429, 503)},
        ) | {"security": [{}, *_security("GET /metrics")]}},
        "/openapi.json": {"get": _operation(
            "description", "operation", "This description", "",
            {"200": response("OpenAPI 3.1.", {"application/json": {"schema": {"type": "object"}}})}
        )},
    }  # fmt: skip


def _operation(
    name: str, tag: str, summary: str, description: str, responses: dict[str, Any], *,
    body: dict[str, Any] | None = None, parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    told: dict[str, Any] = {
        "operationId": name, "tags": [tag], "summary": summary, "description": description,
        "parameters": [*(parameters or []), {"$ref": "#/components/parameters/traceparent"}],
        "responses": responses,
    }  # fmt: skip
    if body is not None:
        told["requestBody"] = {"required": True, "content": body}
    return told


def _shaped(description: str, name: str) -> dict[str, Any]:
    return response(description, {"application/json": {"schema": ref(name)}})


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": ARRAY_LENGTH_MAX}


def _line(event: dict[str, Any]) -> str:
    return msgspec.json.encode(event).decode() + "\n"


def _schemas() -> dict[str, Any]:
    """The structs of all events that clients send, and the shapes of answers."""
    classes = [cls for name, cls in EVENT_CLASS.items() if name not in CONTROL_TYPES]
    _, schemas = msgspec.json.schema_components(
        [*classes, *_SHAPES], schema_hook=secret_schema, ref_template=PARENTS
    )  # fmt: skip
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            _say_what_text_may_hold(field)
    # The source of a verdict is set by who sends it, so it need not be said.
    schemas["Verdict"]["required"].remove("source")
    # A problem may say more than it must, such as what the policy advises.
    schemas["Problem"]["properties"] |= {
        "outcome": {"type": "string"}, "release_by": {"type": ["string", "null"]}, "state": {"type": "string"},
        "degraded": {"type": "array", "items": {"type": "string"}},
    }  # fmt: skip
    schemas["Problem"]["properties"]["type"]["enum"] = [BASE + name for name in NAMES]
    names = {str(cls.__struct_config__.tag): cls.__name__ for cls in classes}
    schemas["Event"] = {
        "anyOf": [ref(name) for name in names.values()],
        "discriminator": {
            "propertyName": "type", "mapping": {kind: PARENTS.format(name=name) for kind, name in names.items()},
        },
        "description": "An event; absent and null mean the same.",
    }  # fmt: skip
    return schemas


def _say_what_text_may_hold(field: dict[str, Any]) -> None:
    for one in (field, *field.get("anyOf", ())):
        if one.get("type") == "string" and "maxLength" in one:
            one.setdefault("pattern", _PLAIN_TEXT)
        if one.get("type") == "array":
            _say_what_text_may_hold(one["items"])
