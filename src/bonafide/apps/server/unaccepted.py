"""What of a request's query and headers is not accepted, in the words that the door has for events: the field, and what
is accepted instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bonafide.apps.problems import Reply, problem_reply

_ACCEPTED: Final = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text like {pattern}",
    "literal_error": "{expected}",
    "too_long": "at most {max_length} of them",
}
"""By the framework's name of a fault, with what it tells of it; completes the sentence "give ..."."""


def unaccepted(fault: Mapping[str, Any]) -> Reply:
    """The answer to the first fault that the framework found. What was given is not said again, since clients write
    problems into logs: it may be a secret, or name a person."""
    where, *names = fault["loc"]
    field = str(names[0] if names else where)
    if fault["type"] == "missing":
        return problem_reply("invalid-field", f"{field}: missing; this route asks for it in its {where}", field=field)
    accepted = _ACCEPTED.get(fault["type"])
    give = f"give {accepted.format(**fault.get('ctx', {}))}" if accepted else str(fault["msg"])
    return problem_reply("invalid-field", f"{field}: what is given is not accepted; {give}", field=field)
