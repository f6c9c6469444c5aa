"""From a decision to what somebody is told: chosen, capped, drawn and written, in one transaction with its message.

Who is held out goes through the same steps, but that no message leaves; so nothing but the message differs between the
two groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select, update

from bonafide.core.decision import OUTCOMES
from bonafide.core.moment import HOUR_MS, SECOND_MS, parse_span
from bonafide.core.secret import unprinted
from bonafide.engine.bundles.education import Education, Level, Piece
from bonafide.office.education.choosing import arm_of, piece_of
from bonafide.office.education.loading import TaughtBy
from bonafide.office.me.reading import Cancelled, Decided, Judged
from bonafide.office.measures.words import OPEN
from bonafide.office.outbox.messages import EDUCATION
from bonafide.office.outbox.putting import put_message
from bonafide.office.store.tables import education_given, education_subjects, measures

if TYPE_CHECKING:
    from sqlalchemy import Connection

FRESH_MS: Final = HOUR_MS
"""A decision that came longer ago is past the moment in which a word helps: nobody is told, and nobody is counted."""
_PAID: Final = "payment"


class Giving(NamedTuple):
    """What is needed to give."""

    connection: Connection
    now: int
    secret: bytes
    taught_by: TaughtBy

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
    if level is None or _is_known(giving, one) or _is_capped(giving, one, education):
        return None
    return _give(giving, one, education, level, taught.typologies_of(one.hits))


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


def _is_known(giving: Giving, one: Decided) -> bool:
    """Whether it was given before: the log is read anew after a restore."""
    asked = select(education_given.c.event_id).where(education_given.c.event_id == one.event_id)
    return giving.connection.scalar(asked) is not None


def _is_capped(giving: Giving, one: Decided, education: Education) -> bool:
    table = education_given.c
    recent = (table.subject == one.subject) & (table.event_ms > one.event_ms - education.cap_ms)
    count = giving.connection.scalar(select(func.count()).select_from(education_given).where(recent)) or 0
    return count >= education.cap.times


def _give(
    giving: Giving, one: Decided, education: Education, level: Level, typologies: frozenset[str]
) -> Piece:  # fmt: skip
    table, salt = education_given.c, education.salt
    ours = (table.subject == one.subject) & (table.salt == salt)
    asked = select(table.number, table.piece).where(ours).order_by(table.number.desc()).limit(1)
    before = giving.connection.execute(asked).one_or_none()
    number = 0 if before is None else before.number + 1
    last = None if before is None else before.piece
    piece = piece_of(giving.secret, education, one.subject, level, typologies, number, last)
    arm = arm_of(giving.secret, education, one.subject)
    if before is None:
        begins, ends = education.effect_ms
        giving.connection.execute(education_subjects.insert().values(
            subject=one.subject, salt=salt, arm=arm, level=level, first_ms=one.event_ms,
            from_ms=one.event_ms + begins, until_ms=one.event_ms + ends,
        ))  # fmt: skip
    giving.connection.execute(education_given.insert().values(
        event_id=one.event_id, subject=one.subject, salt=salt, number=number, level=level, piece=piece.id,
        seq=one.seq, event_ms=one.event_ms, made_ms=giving.now,
    ))  # fmt: skip
    if arm == "shown":
        _send(giving, one, education, piece)
    return piece


def _send(giving: Giving, one: Decided, education: Education, piece: Piece) -> None:
    text = education.text_of(piece)
    pause_s = parse_span(education.pause) // SECOND_MS if piece.asks else None
    data: dict[str, Any] = {
        "subject_type": one.subject_type, "subject_id": one.subject, "event_id": one.event_id, "seq": one.seq,
        "level": piece.level, "piece": piece.id, "text": text,
        "asks": [{"zh": ask.zh, "en": ask.en} for ask in piece.asks], "pause_s": pause_s, "bundle": one.bundle,
    }  # fmt: skip
    subject = f"{one.subject_type}:{one.subject}"
    name = f"{one.seq}-{one.event_ms}_education"
    put_message(
        giving.connection, giving.secret, name, EDUCATION, "education.given", subject, one.seq, data, giving.now
    )
