"""From a decision to what somebody is told: chosen, capped, drawn and written, in one transaction with its message.

Who is held out goes through the same steps, but that no message leaves; so nothing but the message differs between the
two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select, update

from bonafide.core.decision import OUTCOMES
from bonafide.core.moment import HOUR_MS, SECOND_MS, parse_span
from bonafide.core.secret import unprinted
from bonafide.engine.bundles.education import TIMES_MAX, Education, Level, Piece
from bonafide.office.education.choosing import Arm, arm_of, piece_of
from bonafide.office.education.loading import TaughtBy
from bonafide.office.me.reading import Cancelled, Decided, Judged
from bonafide.office.measures.words import OPEN
from bonafide.office.outbox.messages import EDUCATION, Message
from bonafide.office.outbox.putting import message_named
from bonafide.office.store.tables import education_given, education_subjects, measures

if TYPE_CHECKING:
    from sqlalchemy import Connection

FRESH_MS: Final = HOUR_MS
"""A decision that came longer ago is past the moment in which a word helps: nobody is told, and nobody is counted."""
_PAID: Final = "payment"


class Giving(NamedTuple):
    """What is needed to give, and the messages that are to leave with it."""

    connection: Connection
    now: int
    secret: bytes
    taught_by: TaughtBy
    messages: list[Message]

    def __repr__(self) -> str:
        return unprinted(self)


def give(giving: Giving, one: Decided, *, first: bool) -> Piece | None:
    """What a decision on a payment has its payer told, or would have had; None where it is nothing.

    first: whether it is the first decision about them.
    """
    if one.subject_type != "user":
        return None
    _note_reoffence(giving, one)
    taught = giving.taught_by(one.bundle)
    education = taught.education
    if education is None or one.type != _PAID or giving.now - one.received_ms > FRESH_MS:
        return None
    if one.outcome == "allow" and not first:
        return None
    level = education.level_of(one.outcome, _offences(giving, one), first=first)
    # Of whom nothing was decided before nothing was given before.
    given = () if first or level is None else _given(giving, one)
    if level is None or _is_over(one, given) or _is_capped(one, given, education, level):
        return None
    return _give(giving, one, education, level, taught.typologies_of(one.hits), given)


def note_cancelled(giving: Giving, one: Cancelled) -> None:
    """Note that a user gave an order up after being told something, or held out."""
    table = education_subjects.c
    ours = (table.subject == one.subject) & (table.first_ms <= one.event_ms) & (table.until_ms >= one.event_ms)
    when = update(education_subjects).where(ours, table.abandoned_ms.is_(None))
    giving.connection.execute(when.values(abandoned_ms=one.event_ms))


def note_judged(giving: Giving, one: Judged) -> None:
    """Note that what a user did was judged to be cash-out."""
    table = education_subjects.c
    ours = update(education_subjects).where(table.subject == one.subject, table.cash_out_ms.is_(None))
    giving.connection.execute(ours.values(cash_out_ms=one.event_ms))


def _note_reoffence(giving: Giving, one: Decided) -> None:
    education = giving.taught_by(one.bundle).education if one.outcome != "allow" else None
    if education is None or OUTCOMES.index(one.outcome) < OUTCOMES.index(education.reoffence):
        return
    table = education_subjects.c
    ours = (table.subject == one.subject) & (table.from_ms <= one.event_ms) & (table.until_ms >= one.event_ms)
    when = update(education_subjects).where(ours, table.reoffended_ms.is_(None))
    giving.connection.execute(when.values(reoffended_ms=one.event_ms))


def _offences(giving: Giving, one: Decided) -> int:
    """How many offences stand against the payer: as the decision says, else as open measures rest on."""
    if one.outcome == "allow" or one.offences:
        return one.offences
    ours = (measures.c.subject == one.subject) & (measures.c.subject_type == one.subject_type)
    rows = giving.connection.scalars(select(measures.c.facts).where(ours, measures.c.state.in_(OPEN)))
    return max((len(facts) for facts in rows), default=0)


def _given(giving: Giving, one: Decided) -> Sequence[Any]:
    """What the payer was to be told before, the newest first, as far as any cap looks back."""
    table = education_given.c
    columns = (table.salt, table.number, table.level, table.piece, table.event_ms)
    asked = select(*columns).where(table.subject == one.subject).order_by(table.event_ms.desc()).limit(TIMES_MAX + 1)
    return giving.connection.execute(asked).all()


def _is_over(one: Decided, given: Sequence[Any]) -> bool:
    """Whether something was said at a later event, or at this one: the log is read anew after a restore."""
    return bool(given) and one.event_ms <= int(given[0].event_ms)


def _is_capped(one: Decided, given: Sequence[Any], education: Education, level: Level) -> bool:
    """Whether enough was said at this level or a stricter one: a tip of last week silences no question of today."""
    since = one.event_ms - education.cap_ms
    return sum(1 for row in given if row.event_ms > since and row.level >= level) >= education.cap.times


def _give(
    giving: Giving, one: Decided, education: Education, level: Level, typologies: frozenset[str], given: Sequence[Any]
) -> Piece:  # fmt: skip
    before = _before(giving, one, education, given)
    number = 0 if before is None else before.number + 1
    last = None if before is None else before.piece
    piece = piece_of(giving.secret, education, one.subject, level, typologies, number, last)
    arm = _arm(giving, one, education) if before is not None else arm_of(giving.secret, education, one.subject)
    if before is None:
        begins, ends = education.effect_ms
        giving.connection.execute(education_subjects.insert(), {
            "subject": one.subject, "salt": education.salt, "arm": arm, "level": level, "first_ms": one.event_ms,
            "from_ms": one.event_ms + begins, "until_ms": one.event_ms + ends,
        })  # fmt: skip
    giving.connection.execute(education_given.insert(), {
        "event_id": one.event_id, "subject": one.subject, "salt": education.salt, "number": number, "level": level,
        "piece": piece.id, "seq": one.seq, "event_ms": one.event_ms, "made_ms": giving.now,
    })  # fmt: skip
    if arm == "shown":
        giving.messages.append(_message(giving, one, education, piece))
    return piece


def _before(giving: Giving, one: Decided, education: Education, given: Sequence[Any]) -> Any | None:
    """What was given last under this salt."""
    found = next((row for row in given if row.salt == education.salt), None)
    if found is not None or len(given) <= TIMES_MAX:
        return found
    table = education_given.c
    ours = (table.subject == one.subject) & (table.salt == education.salt)
    asked = select(table.number, table.piece).where(ours).order_by(table.number.desc()).limit(1)
    return giving.connection.execute(asked).one_or_none()


def _arm(giving: Giving, one: Decided, education: Education) -> Arm:
    """The group that the payer was drawn for: whoever is in one stays there, whatever share is held out now."""
    table = education_subjects.c
    ours = (table.subject == one.subject) & (table.salt == education.salt)
    found: Arm = giving.connection.execute(select(table.arm).where(ours)).scalar_one()
    return found


def _message(giving: Giving, one: Decided, education: Education, piece: Piece) -> Message:
    pause_s = parse_span(education.pause) // SECOND_MS if piece.asks else None
    data: dict[str, Any] = {
        "subject_type": one.subject_type, "subject_id": one.subject, "event_id": one.event_id, "seq": one.seq,
        "level": piece.level, "piece": piece.id, "text": education.text_of(piece),
        "asks": [{"zh": ask.zh, "en": ask.en} for ask in piece.asks], "pause_s": pause_s, "bundle": one.bundle,
    }  # fmt: skip
    subject, name = f"{one.subject_type}:{one.subject}", f"{one.seq}-{one.event_ms}_education"
    return message_named(giving.secret, name, EDUCATION, "education.given", subject, one.seq, data, giving.now)
