"""What a role is offered: the rows of docs/people.md that pages ask for. The API decides; this only saves a refusal."""

from __future__ import annotations

from typing import Final

_PEOPLE: Final = frozenset({"analyst", "senior", "merchant_ops", "legal", "auditor", "admin"})
_DESK: Final = frozenset({"analyst", "senior", "merchant_ops"})
_JUDGES: Final = frozenset({"analyst", "senior", "legal"})

RIGHTS: Final[dict[str, frozenset[str]]] = {
    "GET /v1/cases": _PEOPLE,
    "POST /v1/cases/{number}/assign": _DESK,
    "POST /v1/cases/{number}/wait": _DESK,
    "POST /v1/cases/{number}/note": _DESK | {"legal"},
    "POST /v1/cases/{number}/link": _DESK | {"legal"},
    "POST /v1/cases/{number}/split": _DESK,
    "POST /v1/cases/{number}/merge": _DESK,
    "POST /v1/cases/{number}/files": _DESK | {"legal"},
    "GET /v1/cases/{number}/files/{file}": _DESK | {"legal"},
    "POST /v1/cases/{number}/decide": _DESK,
    "POST /v1/cases/{number}/confirm": frozenset({"senior"}),
    "POST /v1/cases/{number}/refuse": _DESK,
    "POST /v1/cases/{number}/undo": _DESK,
    "POST /v1/cases/{number}/look": frozenset({"analyst", "senior"}),
    "GET /v1/measures": _PEOPLE,
    "POST /v1/measures/{id}/confirm": _DESK,
    "POST /v1/measures/{id}/lift": _DESK | {"legal"},
    "POST /v1/measures/{id}/refuse": _DESK | {"legal"},
    "GET /v1/appeals": _PEOPLE,
    "POST /v1/appeals": _DESK | {"legal"},
    "POST /v1/appeals/{id}/assign": frozenset({"senior", "legal"}),
    "POST /v1/appeals/{id}/decide": _JUDGES,
    "GET /v1/appeals/{id}/documents/{document}": _JUDGES,
    "GET /v1/merchants": _PEOPLE,
    "POST /v1/merchants/{id}/decide": _DESK,
    "POST /v1/subjects:search": _DESK | {"legal"},
    "GET /v1/subjects/{type}/{pseudonym}": _DESK | {"legal"},
    "GET /v1/bundles": _PEOPLE,
    "POST /v1/bundles": frozenset({"analyst", "senior", "admin"}),
    "POST /v1/bundles/{hash}/approve": frozenset({"senior", "admin"}),
    "POST /v1/bundles/{hash}/refuse": frozenset({"analyst", "senior", "admin"}),
    "POST /v1/bundles/{hash}/activate": frozenset({"admin"}),
    "POST /v1/bundles/rollback": frozenset({"senior", "admin"}),
    "POST /v1/backtests": frozenset({"analyst", "senior", "admin"}),
    "POST /v1/backtests/{id}/end": frozenset({"analyst", "senior", "admin"}),
    "GET /v1/lists": _PEOPLE,
    "POST /v1/lists": frozenset({"analyst", "senior", "admin"}),
    "POST /v1/lists/{number}/approve": frozenset({"senior", "admin"}),
    "GET /v1/audit": frozenset({"legal", "auditor", "admin"}),
    "POST /v1/audit/verify": frozenset({"legal", "auditor", "admin"}),
    "GET /v1/people": frozenset({"auditor", "admin"}),
    "POST /v1/people": frozenset({"admin"}),
    "POST /v1/people/{name}/disable": frozenset({"admin"}),
    "POST /v1/people/{name}/enable": frozenset({"admin"}),
    "POST /v1/people/{name}/reset": frozenset({"admin"}),
    "GET /v1/keys": frozenset({"auditor", "admin"}),
    "POST /v1/keys": frozenset({"admin"}),
    "POST /v1/keys/{id}/rotate": frozenset({"admin"}),
    "POST /v1/keys/{id}/revoke": frozenset({"admin"}),
    "GET /v1/receivers": frozenset({"auditor", "admin"}),
    "POST /v1/receivers": frozenset({"admin"}),
    "GET /v1/messages/dead-letters": frozenset({"admin"}),
}
"""Route -> roles. A test holds it equal to the office's table."""


def may(role: str, route: str) -> bool:
    """Whether a role is offered what a route does.

    >>> may("auditor", "GET /v1/audit"), may("auditor", "POST /v1/cases/{number}/decide")
    (True, False)
    """
    return role in RIGHTS[route]
