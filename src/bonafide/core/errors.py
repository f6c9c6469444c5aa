"""The one tree of errors. Each says in a plain sentence what is wrong, where, and what would be accepted."""

from __future__ import annotations

from typing import Final, Literal, get_args

from bonafide.core.mistakes import Mistake
from bonafide.core.text import show_value

Reason = Literal[
    "malformed", "invalid-field", "unknown-field", "missing-field", "future-time", "too-late", "conflict",
    "undecidable",
]  # fmt: skip
"""Why a record was refused, as a code that programs may rely on."""
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


class BonafideError(Exception):
    """Everything that Bonafide raises on purpose; `str()` is one sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InputError(BonafideError):
    """A record was refused. Its batch goes on; the record is kept with this reason.

    `field` and `value` are None where the fault lies in no single field; `value` is shortened and safe to print;
    `event_id` is the record's own, where it has a usable one.

    >>> print(InputError.of_value("amount", -5, "a whole number from 1 to 1000"))
    amount: -5 is not accepted; give a whole number from 1 to 1000
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        field: str | None = None,
        value: str | None = None,
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.args = (reason, message, field, value, event_id)  # what pickle hands back to __init__
        self.reason: Reason = reason
        self.field = field
        self.value = value
        self.event_id = event_id

    @classmethod
    def of_value(cls, field: str, value: object, accepted: str) -> InputError:
        """The refusal of one value of one field; `accepted` completes the sentence "give ..."."""
        shown = show_value(value)
        return cls("invalid-field", f"{field}: {shown} is not accepted; give {accepted}", field, shown)


class ConfigError(BonafideError):
    """A file that Bonafide was told to use (a mapping, a bundle, a spec) is wrong.

    Where `mistakes` says it place by place, `message` is those mistakes shown, and the error reads as it stands.

    >>> print(ConfigError("rules.yaml", "'amout' is not a field; did you mean amount?", "line 12"))
    rules.yaml: line 12: 'amout' is not a field; did you mean amount?
    """

    def __init__(
        self, path: str, message: str, where: str | None = None, mistakes: tuple[Mistake, ...] = ()
    ) -> None:  # fmt: skip
        super().__init__(message if mistakes else ": ".join(part for part in (path, where, message) if part))
        self.args = (path, message, where, mistakes)
        self.path = path
        self.where = where
        self.mistakes = mistakes


class UsageError(BonafideError):
    """A command or a function was asked for something that it does not do."""


class MissingError(UsageError):
    """What was named is not there."""


class OpposedError(UsageError):
    """How things stand is against what was asked for; it is no matter of how it was asked."""


class StateError(BonafideError):
    """What is on disk or in memory does not allow to go on; the message says the way out."""


class NotThereError(MissingError, StateError):
    """A folder of data that was named is not there: whoever typed its name mistook it, whoever waits for it goes on."""
