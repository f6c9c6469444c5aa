"""What the API's description says of the office's routes: one line for each in a table."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, get_args

import msgspec

from bonafide.apps.server import (
    backtest_shapes,
    bundle_shapes,
    case_shapes,
    day_shapes,
    me_shapes,
    measure_shapes,
    merchant_shapes,
    office_answers,
    office_bodies,
    parts_shapes,
)  # fmt: skip
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, PAGE_MAX
from bonafide.apps.server.office_routes.me import NAMED_MAX
from bonafide.apps.server.office_routes.outbox import LETTERS_MAX
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.engine.ladder.words import MEASURES
from bonafide.office.appeals.appeal import APPEAL_STATES
from bonafide.office.audit.deeds import DEEDS
from bonafide.office.audit.entry import ON_MAX, WHO_MAX
from bonafide.office.bundles.hits import HIT_DAYS_KEPT
from bonafide.office.cases.listing import SORTS
from bonafide.office.cases.rows import STATES
from bonafide.office.cases.urgency import QUEUES
from bonafide.office.days.counting import DAYS_KEPT
from bonafide.office.days.figures import DAYS_DEFAULT
from bonafide.office.lists.changes import CHANGES_MAX, LISTS
from bonafide.office.me.decided import DECISIONS_EACH_MAX
from bonafide.office.measures.words import STATES as MEASURE_STATES
from bonafide.office.merchants.application import Standing
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.people.matrix import ANYBODY, COLUMNS, OF_PEOPLE, ROUTES
from bonafide.office.vault.fields import SUBJECT_TYPES
from bonafide.office.vault.holds import CASE_LENGTH_MAX

SHAPES: Final = tuple(
    one
    for module in (
        office_bodies, office_answers, bundle_shapes, backtest_shapes, merchant_shapes, case_shapes, measure_shapes,
        me_shapes, day_shapes, parts_shapes,
    )
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, msgspec.Struct) and one.__name__.endswith(("Body", "Answer"))
)  # fmt: skip
"""Every body and answer of the office's routes."""
_ASKING: Final = (401, 403, 429, 503)
_BODY: Final = (400, 408, 413, 415, 422)


class Told(NamedTuple):
    """One route."""

    route: str
    """Method and path, as in the table of who may do what."""
    name: str
    summary: str
    answer: str
    body: str = ""
    more: str = ""
    """What else there is to say."""
    status: int = 200
    problems: tuple[int, ...] = ()
    """Beside those of every route, and of bodies."""
    query: tuple[str, ...] = ()


_OWN: Final = "On behalf of the subject that the headers name; it sees its own alone, and may ask only so often."
_TABLE: Final = (
    Told("POST /v1/session", "signIn", "Sign in", "SessionAnswer", "SignInBody",
         "The session comes in a cookie; the one that the browser had ends."),
    Told("GET /v1/session", "session", "Who is signed in", "SessionAnswer"),
    Told("DELETE /v1/session", "signOut", "Sign out", "", status=204),
    Told("POST /v1/session/password", "choosePassword", "Choose a password", "SessionAnswer", "PasswordBody",
         "Every session ends, and a new one begins."),
    Told("POST /v1/session/totp", "setUpSecondFactor", "Set up the second factor", "SessionAnswer", "TotpBody",
         "Without a code: what a device reads. With the code that it shows: from now on it is asked for.",
         problems=(409,)),
    Told("GET /v1/session/oidc/start", "beginAtProvider", "Sign in through the provider of identities", "",
         more="For browsers: a redirect to the provider. `to` is the path on this host to go on to afterwards.",
         status=303, query=("to",), problems=(404,)),
    Told("GET /v1/session/oidc/callback", "comeFromProvider", "Come back from the provider", "",
         more="For browsers, sent by the provider: a page that leads on, with the session in a cookie; or "
         '`{"pending": "code", "to": ...}` where the code of one\'s own second factor is to be given.',
         query=("state", "codeOfProvider", "iss", "error"), problems=(404,)),
    Told("POST /v1/session/oidc/code", "giveCode", "Give the code of one's own second factor", "WentOnAnswer",
         "CodeBody", "After `pending` was `code`. The session comes in a cookie.", problems=(404,)),
    Told("GET /v1/people", "people", "Everybody who may sign in", "PeopleAnswer", query=("after", "limit")),
    Told("POST /v1/people", "createPerson", "Let somebody sign in", "PersonAnswer", "NewPersonBody",
         "The one-time password stands in the answer, and nowhere else.", 201, (409,)),
    Told("POST /v1/people/{name}/disable", "disablePerson", "Let somebody in no more", "PersonAnswer",
         problems=(404, 409)),
    Told("POST /v1/people/{name}/enable", "enablePerson", "Let somebody in again", "PersonAnswer", problems=(404,)),
    Told("POST /v1/people/{name}/reset", "resetPerson", "Give somebody a new beginning", "PersonAnswer",
         more="The one-time password stands in the answer, and nowhere else.", problems=(404,)),
    Told("GET /v1/keys", "keys", "Machines' keys", "KeysAnswer", query=("after", "limit"), problems=(404,)),
    Told("POST /v1/keys", "createKey", "Make a key", "KeyAnswer", "NewKeyBody",
         "The key stands in the answer, and nowhere else.", 201, (409,)),
    Told("POST /v1/keys/{id}/rotate", "rotateKey", "Make a key in the place of another", "KeyAnswer", "RotateKeyBody",
         "The key stands in the answer, and nowhere else.", 201, (404, 409)),
    Told("POST /v1/keys/{id}/revoke", "revokeKey", "End a key for good", "KeyAnswer", problems=(404,)),
    Told("GET /v1/audit", "audit", "Entries of the audit log", "EntriesAnswer",
         query=("afterEntry", "limit", "newest", "what", "who", "on")),
    Told("POST /v1/audit/verify", "verifyAudit", "Find out whether the audit log is what was written",
         "VerifiedAnswer", "CheckpointBody", "With a checkpoint that was kept elsewhere, also whether it was cut."),
    Told("GET /v1/audit/checkpoint", "auditCheckpoint", "What the audit log is now", "CheckpointAnswer",
         more="Keep it where who may write the database may not.", problems=(409,)),
    Told("GET /v1/messages", "messages", "Messages after a cursor, in the order of the log", "MessagesAnswer",
         more="What webhooks carry, for those who ask.", query=("afterNumber", "limit", "topic")),
    Told("GET /v1/messages/dead-letters", "messageDeadLetters", "Messages that nobody took", "DeadLettersAnswer",
         query=("afterNumber", "limitLetters", "receiver")),
    Told("POST /v1/messages/dead-letters/resend", "resendMessages", "Send messages again that nobody took",
         "ResentAnswer", "ResendBody", "500 at a time."),
    Told("GET /v1/receivers", "receivers", "Receivers of messages", "ReceiversAnswer"),
    Told("POST /v1/receivers", "addReceiver", "Send messages to somebody from now on", "ReceiverAnswer",
         "NewReceiverBody", "The secret stands in the answer, and nowhere else.", 201),
    Told("POST /v1/receivers/{id}/pause", "pauseReceiver", "Send a receiver nothing for now", "ReceiverAnswer",
         problems=(404,)),
    Told("POST /v1/receivers/{id}/resume", "resumeReceiver", "Send to a receiver again", "ReceiverAnswer",
         problems=(404,)),
    Told("POST /v1/receivers/{id}/remove", "removeReceiver", "Send a receiver nothing ever again", "RemovedAnswer",
         problems=(404,)),
    Told("POST /v1/receivers/{id}/rotate", "rotateReceiver", "Sign a receiver's messages with a new secret",
         "ReceiverAnswer", "RotateReceiverBody", "The secret stands in the answer, and nowhere else.", 201,
         (404, 409)),
    Told("GET /v1/subjects/{type}/{pseudonym}", "subject", "The clear data of a subject", "SubjectAnswer",
         more="The audit log says who looked.", query=("case",), problems=(404, 409)),
    Told("POST /v1/subjects:search", "searchSubjects", "Find subjects by a field's whole value", "SubjectsAnswer",
         "SearchBody", "The audit log says who searched, and not for what."),
    Told("GET /v1/subjects/{type}/{pseudonym}/export", "exportSubject", "All that is kept of a subject",
         "ExportAnswer", more="For the one who asks for it.", query=("case",), problems=(404, 409)),
    Told("POST /v1/subjects/{type}/{pseudonym}/forget", "forgetSubject", "Destroy a subject's keys, for good",
         "ForgottenAnswer", more="Refused (409) while a hold stands or the law asks to keep it.", problems=(404, 409)),
    Told("POST /v1/subjects/{type}/{pseudonym}/holds", "placeHold", "Place a legal hold", "HoldAnswer", "HoldBody",
         "The subject is not forgotten while it stands.", 201, (404,)),
    Told("GET /v1/holds", "holds", "Legal holds", "HoldsAnswer", query=("after", "limit"), problems=(404,)),
    Told("POST /v1/holds/{id}/lift", "liftHold", "Lift a legal hold", "HoldAnswer", problems=(404,)),
    Told("GET /v1/bundles", "bundles", "The bundle in force, proposals, and the newest steps", "BundlesAnswer",
         more="At most 1,000 of each; the history is verified before it is shown."),
    Told("GET /v1/bundles/{hash}", "bundle", "All that was done with a bundle", "BundleAnswer", problems=(404,)),
    Told("GET /v1/bundles/{hash}/files", "bundleFiles", "What stands in a bundle that was proposed or has decided",
         "BundleFilesAnswer", problems=(404,)),
    Told("GET /v1/bundles/{hash}/hits", "bundleHits", "How often the rules of a bundle held", "BundleHitsAnswer",
         more="Counted from the decisions in the log by the worker, a few seconds behind.", query=("hitsDays",),
         problems=(404,)),
    Told("POST /v1/bundles:check", "checkBundle", "What a proposal would be told", "CheckAnswer", "CheckBody",
         "It is checked and its examples are played; nothing is written. At most 8 MiB.", problems=(404, 409)),
    Told("POST /v1/bundles", "proposeBundle", "Propose a bundle", "BundleStepAnswer", "ProposeBody",
         "It is checked and its examples are played first. At most 8 MiB.", 201, (404, 409)),
    Told("POST /v1/backtests", "askForBacktest", "Have a bundle judged beside the one that decides, over the log",
         "BacktestAnswer", "BacktestBody", "One runs at a time and four wait; it is read and not checked.", 202,
         (404, 409)),
    Told("POST /v1/backtests/{id}/end", "endBacktest", "End a back-test early", "BacktestAnswer", "NoteBody", "", 202,
         (404, 409)),
    Told("GET /v1/backtests", "backtests", "Back-tests, the newest first", "BacktestsAnswer",
         more="The last 20 are kept; figures stand in the answers about single ones."),
    Told("GET /v1/backtests/{id}", "backtest", "How far a back-test has come, and what it found", "BacktestAnswer",
         problems=(404,)),
    Told("GET /v1/backtests/{id}/report", "backtestReport", "The report of a back-test", "",
         more="A page to be saved, `text/html`.", query=("reportLang",), problems=(404,)),
    Told("POST /v1/bundles/{hash}/approve", "approveBundle", "Approve what somebody else has proposed",
         "BundleStepAnswer", "NoteBody", "Refused (403) to its author.", problems=(404, 409)),
    Told("POST /v1/bundles/{hash}/refuse", "refuseBundle", "Turn a proposal down, or take one's own back",
         "BundleStepAnswer", "NoteBody", problems=(404, 409)),
    Told("POST /v1/bundles/{hash}/activate", "activateBundle", "Have an approved bundle decide", "BundleStepAnswer",
         "NoteBody", "The service goes on with it within a second or says in the bundle's steps why not.", 202,
         (404, 409)),
    Told("POST /v1/bundles/rollback", "rollBackBundle", "Go back to the bundle before", "BundleStepAnswer", "NoteBody",
         "One person alone, for seven days after an activation.", 202, (409,)),
    Told("GET /v1/lists", "lists", "Changes of the lists, or who stands on them", "ListsAnswer",
         query=("list", "standing", "before", "limit")),
    Told("POST /v1/lists", "changeList", "Have somebody join or leave a list", "ListChangeAnswer", "ListChangeBody",
         "What makes it harder for somebody waits for a second person.", 202, (409,)),
    Told("POST /v1/lists/{number}/approve", "approveListChange", "Approve a change that somebody else has asked for",
         "ListChangeAnswer", status=202, problems=(404, 409)),
    Told("GET /v1/merchants", "merchants", "Merchants that have applied, with their newest reviews", "MerchantsAnswer",
         query=("merchantStanding", "beforeReview", "limit")),
    Told("GET /v1/merchants/{id}", "merchant", "A merchant: reviews, credit score, ladder, measures",
         "MerchantWholeAnswer", more="By its token, or by its own id, percent-encoded. A platform's key reads the "
         "newest review, and of it what the applicant may be told; history, cases and exposure are the office's own.",
         problems=(404,)),
    Told("POST /v1/merchants/{id}/decide", "decideMerchant", "Decide about a merchant's newest review",
         "MerchantReviewAnswer", "DecideBody", "A refusal stands when a second person refuses too.",
         problems=(404, 409)),
    Told("GET /v1/cases", "cases", "Cases, filtered and sorted", "CasesAnswer",
         more="Undecided ones where no state is asked for.",
         query=("caseState", "queue", "assignee", "typology", "caseSubject", "overdue", "drawn", "sort", "afterCase",
                "limit")),
    Told("GET /v1/cases.csv", "casesAsCsv", "Cases, filtered and sorted, for spreadsheets", "",
         more="As a file to be saved, in which nothing runs; `x-next-after` continues.",
         query=("caseState", "queue", "assignee", "typology", "caseSubject", "overdue", "drawn", "sort", "afterCase",
                "limit")),
    Told("GET /v1/cases.xlsx", "casesAsXlsx", "Cases, filtered and sorted, as a spreadsheet", "",
         more="As a file to be saved, in which nothing runs; `x-next-after` continues.",
         query=("caseState", "queue", "assignee", "typology", "caseSubject", "overdue", "drawn", "sort", "afterCase",
                "limit")),
    Told("GET /v1/cases/figures", "caseFigures", "How the queues stand", "CaseFiguresAnswer"),
    Told("GET /v1/cases/{number}", "case", "All that is kept of a case", "WholeCaseAnswer", problems=(404,),
         query=("aggregates",)),
    Told("GET /v1/cases/{number}/notice", "caseNotice", "What a subject of a case would be told of a measure",
         "CaseNoticeAnswer", more="As the notice would leave if the case were decided so now; nothing is written.",
         problems=(404, 409), query=("noticeMeasure", "noticeAbout")),
    Told("POST /v1/cases/{number}/assign", "assignCase", "Take a case, or hand it over", "CaseAnswer",
         "CaseAssignBody", "A senior takes and gives any.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/wait", "waitCase", "Have one's case wait until a time", "CaseAnswer", "CaseWaitBody",
         problems=(404, 409)),
    Told("POST /v1/cases/{number}/note", "noteCase", "Add a note to a case", "CaseAnswer", "CaseNoteBody",
         problems=(404, 409)),
    Told("POST /v1/cases/{number}/link", "linkCase", "Link a case to another", "CaseAnswer", "CaseLinkBody",
         problems=(404, 409)),
    Told("POST /v1/cases/{number}/split", "splitCase", "Have events of a case be a case of their own", "CaseAnswer",
         "CaseSplitBody", "Answers with the new case, which is linked to the old one.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/merge", "mergeCases", "Have another case become part of one's case", "CaseAnswer",
         "CaseMergeBody", "So a split is taken back, too.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/files", "attachToCase", "Attach a file to a case", "CaseFileAnswer", "CaseFileBody",
         "PDF, PNG and JPEG, told by content; what could act is refused (422). It is kept sealed.", 201, (404, 409)),
    Told("GET /v1/cases/{number}/files/{file}", "caseFile", "A file of a case", "",
         more="As a file to be saved; the audit log says who had it.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/decide", "decideCase", "Say what came of one's case", "CaseAnswer", "CaseDecideBody",
         "Verdicts are written into the log; what is harsh waits for a second person first.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/confirm", "confirmCase", "Confirm what somebody else says of a case", "CaseAnswer",
         "CaseNoteBody", "Refused (403) to who has said it.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/refuse", "refuseCase", "Give a case back, or take one's own word back", "CaseAnswer",
         "CaseNoteBody", problems=(404, 409)),
    Told("POST /v1/cases/{number}/undo", "undoCase", "Take a decision back", "CaseAnswer", "CaseUndoBody",
         "Contrary verdicts are written, and the case is open again.", problems=(404, 409)),
    Told("POST /v1/cases/{number}/look", "lookAtCase", "Look a second time at a decision that was drawn for it",
         "CaseAnswer", "CaseLookBody", "Refused (403) to who took part in the decision.", problems=(404, 409)),
    Told("GET /v1/measures", "measures", "Measures, the newest first", "MeasuresAnswer",
         more="A page is a few longer than `limit` where one decision proposes several.",
         query=("stateOfMeasure", "subject", "waitingMeasures", "beforePlace", "limit")),
    Told("GET /v1/measures/{id}", "measure", "A measure with its notices", "MeasureShownAnswer", problems=(404,)),
    Told("POST /v1/measures", "openMeasure", "Open a measure on the basis of a case", "MeasureStandingAnswer",
         "OpenMeasureBody", "What is harder than a request for information waits for a second person.", 201,
         (404, 409)),
    Told("POST /v1/measures/{id}/status", "tellMeasure", "Say what became of a measure", "MeasureStandingAnswer",
         "MeasureStatusBody", "Late or twice comes to the same; `wanted` says what is to be done now.",
         problems=(404, 409)),
    Told("POST /v1/measures/{id}/confirm", "confirmMeasure", "Stand behind a measure",
         "MeasureStandingAnswer", "ConfirmMeasureBody", "Of two different people it lasts beyond 72 hours.",
         problems=(404, 409)),
    Told("POST /v1/measures/{id}/lift", "liftMeasure", "End a measure now", "MeasureStandingAnswer", "EndMeasureBody",
         problems=(404, 409)),
    Told("POST /v1/measures/{id}/refuse", "refuseMeasure", "Turn a measure down before it is carried out",
         "MeasureStandingAnswer", "EndMeasureBody", problems=(404, 409)),
    Told("POST /v1/measures/{id}/delay-notice", "delayNotice", "Have a notice leave later, on a legal basis",
         "MeasureStandingAnswer", "DelayNoticeBody", "Before the platform was asked for it.", problems=(404, 409)),
    Told("GET /v1/appeals", "appeals", "Appeals, those that are due first, first; and how they end", "AppealsAnswer",
         query=("stateOfAppeal", "assignee", "waitingAppeals", "limit")),
    Told("GET /v1/appeals/{id}", "appeal", "An appeal", "AppealAnswer",
         more="Who is signed in and may judge sees what was said, and the audit log says so.", problems=(404, 409)),
    Told("GET /v1/appeals/{id}/documents/{document}", "appealDocument", "A document that was handed in", "",
         more="As a file to be saved; the audit log says who looked.", problems=(404, 409)),
    Told("POST /v1/appeals", "submitAppeal", "Appeal against a measure, or answer a request", "AppealAnswer",
         "AppealBody", "For one subject; the number in the answer acknowledges it. At most 8 MiB.", 201, (404, 409)),
    Told("POST /v1/appeals/{id}/assign", "assignAppeal", "Give an appeal to somebody to decide", "AppealAnswer",
         "AppealAssignBody", "Refused (403) of who has had a hand in the measure.", problems=(404, 409)),
    Told("POST /v1/appeals/{id}/decide", "decideAppeal", "Decide an appeal that one was given", "AppealAnswer",
         "AppealDecideBody", "Upheld: lifted at once, with an apology.", problems=(404, 409)),
    Told("GET /v1/users/{id}", "user", "A user: credit score, ladder, measures, history", "UserAnswer",
         more="By its token, or by its own id, percent-encoded. History, cases and education are the office's own.",
         problems=(404,)),
    Told("GET /v1/me/decisions", "ownDecisions", "One's own decisions, the newest first", "OwnDecisionsAnswer",
         more=_OWN, query=("beforePlace", "limitOwn")),
    Told("GET /v1/me/decisions/{event_id}/explanation", "ownExplanation", "Why a decision was as it was",
         "ExplanationAnswer", more=_OWN, problems=(404, 422)),
    Told("GET /v1/me/measures", "ownMeasures", "One's own measures with their notices", "OwnMeasuresAnswer",
         more=_OWN, problems=(422,)),
    Told("GET /v1/me/appeals", "ownAppeals", "One's own appeals and answers", "OwnAppealsAnswer", more=_OWN,
         problems=(422,)),
    Told("POST /v1/me/appeals", "submitOwnAppeal", "Appeal against one's own measure, or answer a request",
         "OwnAppealAnswer", "OwnAppealBody", _OWN, 201, (404, 409)),
    Told("GET /v1/me/data", "ownData", "What is kept of oneself", "OwnDataAnswer", more=_OWN, problems=(422,)),
    Told("POST /v1/me/human", "askForPeople", "Have people decide about oneself, or machines again", "HumanAnswer",
         "HumanBody", _OWN, 202),
    Told("GET /v1/education/figures", "educationFigures", "Whether education helps", "EducationFiguresAnswer"),
    Told("GET /v1/figures/days", "dayFigures", "The last days: alerts against budget, and drift", "DayFiguresAnswer",
         query=("days",)),
)  # fmt: skip
TABLE: Final = {one.route: one for one in _TABLE}

_TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1}
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "to": {"name": "to", "schema": {"type": "string", "maxLength": 512, "pattern": "^/"}, "example": "/"},
    "state": {"name": "state", "schema": {"type": "string"}, "description": "what `start` gave the provider"},
    "codeOfProvider": {"name": "code", "schema": {"type": "string"},
                       "description": "worth a token, once, to us alone"},
    "iss": {"name": "iss", "schema": {"type": "string"}, "description": "the provider (RFC 9207)"},
    "error": {"name": "error", "schema": {"type": "string"}, "description": "why the provider signs nobody in"},
    "after": {"name": "after", "schema": {"type": "string", "maxLength": 40, "pattern": "^[a-z0-9._-]*$"},
              "description": "the `next_after` of before"},
    "afterEntry": {"name": "after", "schema": {"type": "integer", "minimum": -1, "maximum": 2**63 - 1, "default": -1},
                   "description": "the `next_after` of before"},
    "afterNumber": {"name": "after", "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1, "default": 0},
                    "description": "the `cursor` or `next_after` of before"},
    "topic": {"name": "topic", "schema": {"type": "array", "items": {"type": "string", "enum": list(TOPICS)}},
              "description": "these alone; may stand several times"},
    "receiver": {"name": "receiver", "schema": {"type": "string", "pattern": "^[a-z0-9]+$", "maxLength": 40},
                 "description": "those of one receiver"},
    "limitLetters": {"name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": LETTERS_MAX,
                                                 "default": PAGE_DEFAULT}},
    "limitOwn": {"name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": DECISIONS_EACH_MAX,
                                             "default": DECISIONS_EACH_MAX}},
    "limit": {"name": "limit",
              "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE_DEFAULT}},
    "newest": {"name": "newest", "schema": {"type": "boolean", "default": False},
               "description": "the last of them instead of the first"},
    "what": {"name": "what", "schema": {"type": "string", "enum": list(DEEDS)}},
    "who": {"name": "who", "schema": {**_TEXT, "maxLength": WHO_MAX}, "example": "person:ann"},
    "on": {"name": "on", "schema": {**_TEXT, "maxLength": ON_MAX}, "example": "key:jgudwygmv73a"},
    "hitsDays": {"name": "days", "schema": {"type": "integer", "minimum": 1, "maximum": HIT_DAYS_KEPT, "default": 7},
                 "description": "UTC days, the newest that anything was decided on and those before it"},
    "reportLang": {"name": "lang", "schema": {"type": "string", "enum": ["en", "zh"], "default": "en"},
                   "description": "the language of the report"},
    "list": {"name": "list", "schema": {"type": "string", "enum": list(LISTS)}, "description": "this list alone"},
    "standing": {"name": "standing", "schema": {"type": "boolean", "default": False},
                 "description": "those alone by which somebody stands on a list now"},
    "before": {"name": "before", "schema": {"type": "integer", "minimum": 1, "maximum": CHANGES_MAX + 1},
               "description": "the `next_before` of before"},
    "merchantStanding": {"name": "standing", "schema": {"type": "string", "enum": list(get_args(Standing))},
                         "description": "those alone that stand so"},
    "beforeReview": {"name": "before", "schema": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                     "description": "the `next_before` of before"},
    "caseState": {"name": "state", "schema": {"type": "array", "items": {"type": "string", "enum": list(STATES)}},
                  "description": "these alone; may stand several times"},
    "queue": {"name": "queue", "schema": {"type": "string", "enum": list(QUEUES)}},
    "assignee": {"name": "assignee", "schema": {"type": "string", "maxLength": 40, "pattern": "^[a-z0-9._-]*$"},
                 "example": "ann", "description": "those of one person"},
    "typology": {"name": "typology", "schema": {"type": "string", "enum": list(TYPOLOGIES)}},
    "caseSubject": {"name": "subject", "schema": {"type": "string", "pattern": "^~[0-9a-f]{16}$"},
                    "example": "~00000000000000ff",
                    "description": "a subject's token"},
    "aggregates": {"name": "aggregates", "schema": {"type": "boolean", "default": True},
                   "description": "false leaves what lawyers need empty, which is most of the work"},
    "noticeMeasure": {"name": "measure", "required": True, "schema": {"type": "string", "enum": list(MEASURES)}},
    "noticeAbout": {"name": "about", "required": True, "schema": {"type": "string", "pattern": "^~[0-9a-f]{16}$"},
                    "example": "~00000000000000ff", "description": "the token of a user or merchant of the case"},
    "overdue": {"name": "overdue", "schema": {"type": "boolean", "default": False}, "description": "past due alone"},
    "drawn": {"name": "drawn", "schema": {"type": "boolean", "default": False},
              "description": "those alone that wait for a second look"},
    "sort": {"name": "sort", "schema": {"type": "string", "enum": list(SORTS), "default": "priority"}},
    "afterCase": {"name": "after", "schema": {"type": "string", "maxLength": 40, "pattern": "^-?[0-9.]*$"},
                  "description": "the `next_after` of before, with the same sort"},
    "stateOfMeasure": {"name": "state", "schema": {"type": "string", "enum": list(MEASURE_STATES)}},
    "stateOfAppeal": {"name": "state", "schema": {"type": "string", "enum": list(APPEAL_STATES)}},
    "subject": {"name": "subject", "schema": {"type": "string", "pattern": "^~[0-9a-f]{16}$"},
                "description": "those of one subject, by its token"},
    "waitingMeasures": {"name": "waiting", "schema": {"type": "boolean", "default": False},
                        "description": "those alone that people are to look at"},
    "waitingAppeals": {"name": "waiting", "schema": {"type": "boolean", "default": False},
                       "description": "those alone that are not decided"},
    "beforePlace": {"name": "before", "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
                    "description": "the `next_before` of before"},
    "days": {"name": "days", "schema": {"type": "integer", "minimum": 1, "maximum": DAYS_KEPT, "default": DAYS_DEFAULT},
             "description": "how many, back from the newest"},
    "case": {"name": "case", "schema": {**_TEXT, "maxLength": CASE_LENGTH_MAX},
             "description": "the case that it is for; it stands in the audit log"},
}  # fmt: skip
_PATH: Final[dict[str, dict[str, Any]]] = {
    "type": {"schema": {"type": "string", "enum": list(SUBJECT_TYPES)}},
    "pseudonym": {"schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}, "example": "00000000000000ff"},
    "name": {"schema": _TEXT, "example": "ann"},
    "id": {"schema": _TEXT},
    "event_id": {"schema": _TEXT, "example": "payment-1"},
    "hash": {"schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "example": "7c2f" * 16},
    "document": {"schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "example": "00ff" * 8},
    "file": {"schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "example": "0f0f" * 8},
    "number": {"schema": {"type": "integer", "minimum": 1, "maximum": CHANGES_MAX}},
}  # fmt: skip


_OF_OWN: Final[tuple[dict[str, Any], ...]] = (
    {"name": "subject-type", "in": "header", "required": True, "description": "what it is",
     "schema": {"type": "string", "enum": ["user", "merchant"]}},
    {"name": "subject-id", "in": "header", "required": True, "schema": {"type": "string", "minLength": 1,
     "maxLength": NAMED_MAX}, "example": "u1", "description": "its id, percent-encoded UTF-8, or its token"},
)  # fmt: skip
"""Headers that name a subject: a path or a query would stand in the logs of proxies."""


def statuses(one: Told) -> set[int]:
    """The statuses of the problems that a route may answer."""
    body = _BODY if one.body else ()
    query = (422,) if one.query else ()
    return {*_ASKING, *body, *query, *one.problems}


def parameters(one: Told) -> list[dict[str, Any]]:
    """A route's own parameters, in its path and in its query."""
    parts = [part[1:-1] for part in one.route.split("/") if part.startswith("{")]
    return [
        *({"name": name, "in": "path", "required": True, **_PATH[name]} for name in parts),
        *({"in": "query", **_QUERY[name]} for name in one.query),
        *(_OF_OWN if one.more == _OWN else ()),
    ]


def about(one: Told) -> str:
    """For whom a route is, and what else there is to say."""
    roles = ROUTES[one.route]
    people = "people of role " if one.route in OF_PEOPLE else ""
    whom = "anybody" if ANYBODY in roles else people + ", ".join(name for name in COLUMNS if name in roles)
    return f"For {whom}. {one.more}".rstrip()
