"""Who may do what: one table of every event type, route and command, and the roles that may.

Event types follow the table of roles that keys read (office/access/roles.py); routes and commands stand here. A route
that answers must have a row, and so must a command and an event type: a test walks all of them. `ANYBODY` is who has
not said who they are.

Commands work on a data directory, or on none. Whoever may read the directory's files could do everything anyway, so at
a terminal its owner stands for an admin; commands that touch no data directory are for anybody.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.core.text import shorten
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.roles import ROLES

ANYBODY: Final = "anybody"
"""The column of who sends no key and has no session."""
COLUMNS: Final = (*ROLES, ANYBODY)

Kind = Literal["event", "route", "command"]

_EVERYBODY: Final = frozenset(COLUMNS)
_KNOWN: Final = frozenset(ROLES)
_PEOPLE: Final = _KNOWN - {"platform", "partner"}
_JUDGES: Final = frozenset({"analyst", "senior"})
_READERS: Final = _PEOPLE
_ADMIN: Final = frozenset({"admin"})
_WATCH: Final = frozenset({"admin", "auditor"})
_MERCHANTS: Final = _JUDGES | {"merchant_ops"}
_LAW: Final = frozenset({"legal"})


class Deed(NamedTuple):
    """One row's name: an event type, a method and path, or a command."""

    kind: Kind
    name: str


ROUTES: Final[dict[str, frozenset[str]]] = {
    "GET /healthz": _EVERYBODY,
    "GET /readyz": _EVERYBODY,
    "GET /openapi.json": _EVERYBODY,
    "GET /metrics": _WATCH,
    "POST /v1/events": _KNOWN - {"auditor"},
    "POST /v1/events:batch": _KNOWN - {"auditor"},
    "GET /v1/decisions/{event_id}": _READERS | {"platform"},
    "GET /v1/decisions/{event_id}/parts": _READERS,
    "GET /v1/dead-letters": _ADMIN,
    "POST /v1/dead-letters/{number}/redrive": _ADMIN,
    "GET /v1/degraded": _ADMIN,
    "PUT /v1/degraded": _ADMIN,
    # Subjects
    "GET /v1/users/{id}": _READERS | {"platform"},
    "GET /v1/merchants": _READERS,
    "GET /v1/merchants/{id}": _READERS | {"platform"},
    "POST /v1/merchants/{id}/decide": _MERCHANTS,
    "GET /v1/subjects/{type}/{pseudonym}": _MERCHANTS | _LAW,
    "POST /v1/subjects:search": _MERCHANTS | _LAW,
    "GET /v1/subjects/{type}/{pseudonym}/export": _LAW | _ADMIN,
    "POST /v1/subjects/{type}/{pseudonym}/forget": _LAW | _ADMIN,
    "POST /v1/subjects/{type}/{pseudonym}/holds": _LAW,
    "GET /v1/holds": _LAW | _WATCH,
    "POST /v1/holds/{id}/lift": _LAW,
    # What leaves: messages name subjects by the platform's ids
    "GET /v1/messages": frozenset({"platform", "admin"}),
    "GET /v1/messages/dead-letters": _ADMIN,
    "POST /v1/messages/dead-letters/resend": _ADMIN,
    "GET /v1/receivers": _WATCH,
    "POST /v1/receivers": _ADMIN,
    "POST /v1/receivers/{id}/pause": _ADMIN,
    "POST /v1/receivers/{id}/resume": _ADMIN,
    "POST /v1/receivers/{id}/remove": _ADMIN,
    "POST /v1/receivers/{id}/rotate": _ADMIN,
    # Cases, measures, appeals
    "GET /v1/cases": _READERS,
    "GET /v1/cases.csv": _READERS,
    "GET /v1/cases.xlsx": _READERS,
    "GET /v1/cases/figures": _READERS,
    "GET /v1/cases/{number}": _READERS,
    "GET /v1/cases/{number}/notice": _READERS,
    "POST /v1/cases/{number}/assign": _MERCHANTS,
    "POST /v1/cases/{number}/wait": _MERCHANTS,
    "POST /v1/cases/{number}/note": _MERCHANTS | _LAW,
    "POST /v1/cases/{number}/link": _MERCHANTS | _LAW,
    "POST /v1/cases/{number}/split": _MERCHANTS,
    "POST /v1/cases/{number}/merge": _MERCHANTS,
    "POST /v1/cases/{number}/files": _MERCHANTS | _LAW,
    "GET /v1/cases/{number}/files/{file}": _MERCHANTS | _LAW,
    "POST /v1/cases/{number}/decide": _MERCHANTS,
    "POST /v1/cases/{number}/confirm": frozenset({"senior"}),
    "POST /v1/cases/{number}/refuse": _MERCHANTS,
    "POST /v1/cases/{number}/undo": _MERCHANTS,
    "POST /v1/cases/{number}/look": _JUDGES,
    "GET /v1/measures": _READERS | {"platform"},
    "GET /v1/measures/{id}": _READERS | {"platform"},
    "POST /v1/measures": _MERCHANTS,
    "POST /v1/measures/{id}/confirm": _MERCHANTS,
    "POST /v1/measures/{id}/status": frozenset({"platform"}),
    "POST /v1/measures/{id}/lift": _MERCHANTS | _LAW,
    "POST /v1/measures/{id}/refuse": _MERCHANTS | _LAW,
    "POST /v1/measures/{id}/delay-notice": _LAW,
    "GET /v1/appeals": _READERS,
    "GET /v1/appeals/{id}": _READERS,
    "GET /v1/appeals/{id}/documents/{document}": _JUDGES | _LAW,
    "POST /v1/appeals": _MERCHANTS | _LAW | {"platform"},
    "POST /v1/appeals/{id}/assign": frozenset({"senior", "legal"}),
    "POST /v1/appeals/{id}/decide": _JUDGES | _LAW,
    # Bundles
    "GET /v1/bundles": _READERS,
    "GET /v1/bundles/{hash}": _READERS,
    "GET /v1/bundles/{hash}/files": _READERS,
    "GET /v1/bundles/{hash}/hits": _READERS,
    "POST /v1/bundles": _JUDGES | _ADMIN,
    "POST /v1/bundles:check": _JUDGES | _ADMIN,
    "POST /v1/bundles/{hash}/approve": frozenset({"senior", "admin"}),
    "POST /v1/bundles/{hash}/refuse": frozenset({"analyst", "senior", "admin"}),
    "POST /v1/bundles/{hash}/activate": _ADMIN,
    "POST /v1/bundles/rollback": frozenset({"senior", "admin"}),
    "POST /v1/backtests": _JUDGES | _ADMIN,
    "POST /v1/backtests/{id}/end": _JUDGES | _ADMIN,
    "GET /v1/backtests": _READERS,
    "GET /v1/backtests/{id}": _READERS,
    "GET /v1/backtests/{id}/report": _READERS,
    # Lists
    "GET /v1/lists": _READERS,
    "POST /v1/lists": _JUDGES | _ADMIN,
    "POST /v1/lists/{number}/approve": frozenset({"senior", "admin"}),
    # Cooperation and evidence
    "GET /v1/exchange/{path}": _LAW | _WATCH | {"partner"},
    "POST /v1/exchange/{path}": _LAW | {"partner"},
    "GET /v1/evidence/{path}": _LAW | {"auditor"},
    "POST /v1/evidence/{path}": _LAW,
    # The customer's own view, through the platform
    **dict.fromkeys(
        (
            "GET /v1/me/decisions",
            "GET /v1/me/decisions/{event_id}/explanation",
            "GET /v1/me/measures",
            "GET /v1/me/appeals",
            "POST /v1/me/appeals",
            "GET /v1/me/data",
            "POST /v1/me/human",
        ),
        frozenset({"platform"}),
    ),
    "GET /v1/education/figures": _READERS,
    "GET /v1/figures/days": _READERS,
    # Access and audit
    "POST /v1/session": _EVERYBODY,
    "GET /v1/session": _PEOPLE,
    "DELETE /v1/session": _PEOPLE,
    "POST /v1/session/password": _PEOPLE,
    "POST /v1/session/totp": _PEOPLE,
    "GET /v1/session/oidc/start": _EVERYBODY,
    "GET /v1/session/oidc/callback": _EVERYBODY,
    "POST /v1/session/oidc/code": _EVERYBODY,
    "GET /v1/people": _WATCH,
    "POST /v1/people": _ADMIN,
    "POST /v1/people/{name}/disable": _ADMIN,
    "POST /v1/people/{name}/enable": _ADMIN,
    "POST /v1/people/{name}/reset": _ADMIN,
    "GET /v1/keys": _WATCH,
    "POST /v1/keys": _ADMIN,
    "POST /v1/keys/{id}/rotate": _ADMIN,
    "POST /v1/keys/{id}/revoke": _ADMIN,
    "GET /v1/audit": _WATCH | _LAW,
    "POST /v1/audit/verify": _WATCH | _LAW,
    "GET /v1/audit/checkpoint": _WATCH | _LAW,
}
"""Method and path -> who may ask. `{path}` stands for whatever comes below, any other word for one part."""

OF_A_SESSION: Final = frozenset(
    {"GET /v1/session", "DELETE /v1/session", "POST /v1/session/password", "POST /v1/session/totp"}
)
"""Routes about one's own session. A key has none, whatever its role."""
OF_PEOPLE: Final = OF_A_SESSION | {
    "POST /v1/bundles", "POST /v1/bundles:check", "POST /v1/backtests", "POST /v1/backtests/{id}/end",
    "POST /v1/bundles/{hash}/approve", "POST /v1/bundles/{hash}/refuse",
    "POST /v1/bundles/{hash}/activate", "POST /v1/bundles/rollback", "POST /v1/lists",
    "POST /v1/lists/{number}/approve", "POST /v1/merchants/{id}/decide",
    *(f"POST /v1/cases/{{number}}/{step}" for step in (
        "assign", "wait", "note", "link", "split", "merge", "files", "decide", "confirm", "refuse", "undo", "look")),
    "GET /v1/cases/{number}/files/{file}",
    "POST /v1/measures", "POST /v1/measures/{id}/confirm", "POST /v1/measures/{id}/lift",
    "POST /v1/measures/{id}/refuse",
    "POST /v1/measures/{id}/delay-notice", "POST /v1/appeals/{id}/assign", "POST /v1/appeals/{id}/decide",
    "GET /v1/appeals/{id}/documents/{document}",
}  # fmt: skip
"""Routes for people who are signed in: beside those, whatever two people are wanted for. A key is nobody there."""
UNFINISHED: Final[dict[str, frozenset[str]]] = {
    "password": OF_A_SESSION - {"POST /v1/session/totp"},
    "totp": OF_A_SESSION - {"POST /v1/session/password"},
}
"""What must be done first -> all that such a session may ask for."""

COMMANDS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("demo", "map init", "explain", "trace", "replay", "features", "rings", "simulate", "evaluate", "backtest",
         "train", "tune", "drift", "exposure", "review-sample", "bench", "warmup", "rules check", "rules test",
         "scores", "rules explain", "rules list", "rules suggest", "bundle new", "bundle check", "bundle test",
         "bundle show", "bundle diff", "bundle trial", "bundle arms", "merchant review",
         "education list"),
        _EVERYBODY,
    ),
    # Steps of people, who sign in at the terminal too.
    "access sign-in": _PEOPLE,
    "bundle propose": _JUDGES | _ADMIN,
    "bundle approve": frozenset({"senior", "admin"}),
    "bundle refuse": frozenset({"analyst", "senior", "admin"}),
    "bundle activate": _ADMIN,
    "bundle rollback": frozenset({"senior", "admin"}),
    "list add": _JUDGES | _ADMIN,
    "list remove": _JUDGES | _ADMIN,
    "list approve": frozenset({"senior", "admin"}),
    "merchant decide": _MERCHANTS,
    **dict.fromkeys(("case claim", "case assign", "case wait", "case decide", "case refuse", "case undo",
                     "case split", "case merge"), _MERCHANTS),
    **dict.fromkeys(("case note", "case link", "case attach", "case files"), _MERCHANTS | _LAW),
    "case confirm": frozenset({"senior"}),
    "case look": _JUDGES,
    "measure open": _MERCHANTS,
    "measure confirm": _MERCHANTS,
    "measure lift": _MERCHANTS | _LAW,
    "measure refuse": _MERCHANTS | _LAW,
    "measure delay-notice": _LAW,
    "appeal submit": _MERCHANTS | _LAW,
    "appeal show": _JUDGES | _LAW,
    "appeal assign": frozenset({"senior", "legal"}),
    "appeal decide": _JUDGES | _LAW,
    **dict.fromkeys(
        ("serve", "backup", "restore", "journal export", "journal verify", "journal show", "journal dead-letters",
         "access key create", "access key rotate", "access key revoke", "access key list",
         "access user create", "access user disable", "access user enable", "access user reset", "access user list",
         "audit show", "audit verify", "audit checkpoint", "bundle history", "bundle verify", "list show",
         "merchant list", "merchant show", "merchant screen",
         "case list", "case show", "case figures", "case sample",
         "subject show", "subject search", "subject export", "subject forget", "subject end", "subject hold",
         "subject lift", "subject holds", "subject sweep", "subject rotate-key",
         "measure list", "measure show", "appeal list", "education figures",
         "outbox status", "outbox pull", "outbox dead-letters", "outbox begin-at",
         "outbox receiver add", "outbox receiver list", "outbox receiver pause", "outbox receiver resume",
         "outbox receiver remove", "outbox receiver rotate"),
        _ADMIN,
    ),
}  # fmt: skip
"""Command -> for whom it is."""


@cache
def matrix() -> dict[Deed, frozenset[str]]:
    """The whole table: every event type, route and command, and who may."""
    events = {name: frozenset(role.name for role in ROLES.values() if name in role.grantable) for name in EVENT_CLASS}
    events |= {name: frozenset() for name in CONTROL_TYPES}
    rows = (("event", events), ("route", ROUTES), ("command", COMMANDS))
    return {Deed(kind, name): roles for kind, part in rows for name, roles in part.items()}  # type: ignore[arg-type]


@lru_cache(maxsize=4_096)
def may(role: str | None, deed: Deed) -> bool:
    """Whether a role (None: who has not said who they are) may do a deed. What has no row nobody may do."""
    return (role or ANYBODY) in matrix().get(deed, frozenset())


def check_may(role: str | None, deed: Deed) -> None:
    """ForbiddenError, which says who may, unless a role may do a deed."""
    if not may(role, deed):
        roles = matrix().get(deed, frozenset())
        allowed = ", ".join(name for name in COLUMNS if name in roles) or "nobody"
        raise ForbiddenError(f"{role or ANYBODY} may not do this ({deed.kind} {shorten(deed.name)}); {allowed} may")
