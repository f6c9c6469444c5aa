"""What of a request's query and headers is not accepted, in the words that the door has for events: the field, and what
is accepted instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bonafide.apps.problems import Reply, problem_reply

_ACCEPTED: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "int_type": lambda _: "a whole number",
    "int_parsing": lambda _: "a whole number",
    "int_parsing_size": lambda _: "a smaller whole number",
    "int_from_float": lambda _: "a whole number",
    "bool_parsing": lambda _: "true or false",
    "greater_than_equal": lambda told: f"a number of at least {told['ge']}",
    "less_than_equal": lambda told: f"a number of at most {told['le']}",
    "string_too_short": lambda told: f"a text of at least {told['min_length']} characters",
    "string_too_long": lambda told: f"a text of at most {told['max_length']} characters",
    "string_pattern_mismatch": lambda told: f"a text like {told['pattern']}",
    "literal_error": lambda told: str(told["expected"]),
    "too_long": lambda told: f"at most {told['max_length']} of them",
}
"""By the framework's name of a fault and what it tells of it; completes the sentence "give ..."."""


def unaccepted(fault: Mapping[str, Any]) -> Reply:
    """The answer to the first fault that the framework found. What was given is not said again, since clients write
    problems into logs: it may be a secret, or name a person."""
    where, *names = fault["loc"]
    field = str(names[0] if names else where)
    if fault["type"] == "missing":
        return problem_reply("invalid-field", f"{field}: missing; this route asks for it in its {where}", field=field)
    accepted = _ACCEPTED.get(fault["type"])
    give = f"give {accepted(fault.get('ctx', {}))}" if accepted else str(fault["msg"])
    return problem_reply("invalid-field", f"{field}: what is given is not accepted; {give}", field=field)
