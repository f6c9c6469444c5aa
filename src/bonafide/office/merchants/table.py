"""What can be found about an application, how grave it is, and which decision it asks for. One row a finding.

The decision of a review is the strictest that its findings ask for. `refuse` is only ever proposed: it holds the
application until two people have refused it (docs/admission.md).
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Decision = Literal["admit", "admit_with_limits", "request_information", "refuse"]
Severity = Literal["note", "low", "medium", "high", "critical"]
Family = Literal["qualification", "account", "relatives", "screening", "documents", "change"]
Outcome = Literal["allow", "warn", "verify", "hold"]

DECISIONS: Final[tuple[Decision, ...]] = ("admit", "admit_with_limits", "request_information", "refuse")
"""From the mildest to the strictest."""
ADMITTED: Final[frozenset[Decision]] = frozenset({"admit", "admit_with_limits"})
"""With these a merchant is active."""
SEVERITIES: Final[tuple[Severity, ...]] = ("note", "low", "medium", "high", "critical")
OUTCOME_OF: Final[dict[Decision, Outcome]] = {
    "admit": "allow", "admit_with_limits": "warn", "request_information": "verify", "refuse": "hold"
}  # fmt: skip
"""What a decision is in the words of events."""


class Row(NamedTuple):
    """What a finding means."""

    family: Family
    severity: Severity
    asks: Decision


_ADMIT: Final[Decision] = "admit"
_LIMIT: Final[Decision] = "admit_with_limits"
_ASK: Final[Decision] = "request_information"
_REFUSE: Final[Decision] = "refuse"
FINDINGS: Final[dict[str, Row]] = {
    # The number, the name and the age of the business
    "registration_typo": Row("qualification", "low", _ASK),
    "registration_malformed": Row("qualification", "medium", _ASK),
    "registration_unknown": Row("qualification", "low", _LIMIT),
    "registration_unchecked": Row("qualification", "note", _ADMIT),
    "name_mixed_scripts": Row("qualification", "medium", _ASK),
    "name_hidden_signs": Row("qualification", "medium", _ASK),
    "opened_in_future": Row("qualification", "medium", _ASK),
    "opened_impossible": Row("qualification", "low", _ASK),
    "business_young": Row("qualification", "low", _LIMIT),
    "age_unknown": Row("qualification", "note", _ADMIT),
    "review_failed": Row("qualification", "medium", _ASK),
    # Whose the account is
    "account_of_other": Row("account", "high", _ASK),
    "account_unproven": Row("account", "note", _ADMIT),
    # Others with something in common
    "relative_of_closed": Row("relatives", "critical", _REFUSE),
    "near_closed": Row("relatives", "medium", _ASK),
    "borrowed_registration": Row("relatives", "critical", _REFUSE),
    "duplicate_application": Row("relatives", "low", _ASK),
    "representative_of_many": Row("relatives", "high", _ASK),
    "representative_shared": Row("relatives", "note", _ADMIT),
    "account_shared": Row("relatives", "high", _ASK),
    "contact_shared": Row("relatives", "low", _LIMIT),
    "document_shared": Row("relatives", "high", _ASK),
    "name_homoglyph": Row("relatives", "high", _ASK),
    "name_alike": Row("relatives", "note", _ADMIT),
    # Lists
    "screening_identifier": Row("screening", "critical", _REFUSE),
    "screening_name": Row("screening", "high", _ASK),
    # Papers
    "documents_missing": Row("documents", "low", _ASK),
    "licence_category": Row("documents", "medium", _ASK),
    # What is not as it was, or still is
    "refusal_open": Row("change", "high", _REFUSE),
    "refusal_lapsed": Row("change", "high", _ASK),
    "question_open": Row("change", "medium", _ASK),
    "ramp_unfinished": Row("change", "low", _LIMIT),
    "owner_changed": Row("change", "high", _ASK),
    "account_changed": Row("change", "medium", _ASK),
    "category_changed": Row("change", "low", _LIMIT),
    "ticket_drift": Row("change", "medium", _ASK),
    "hours_drift": Row("change", "low", _LIMIT),
    "category_drift": Row("change", "medium", _ASK),
    "category_undeclared": Row("change", "medium", _ASK),
}
"""Every finding. `note` is told to whoever reviews, and decides nothing."""


def strictest(decisions: set[Decision]) -> Decision:
    """The strictest of some decisions; of none, `admit`.

    >>> strictest({"admit_with_limits", "request_information"}), strictest(set())
    ('request_information', 'admit')
    """
    return max(decisions, key=DECISIONS.index, default="admit")
