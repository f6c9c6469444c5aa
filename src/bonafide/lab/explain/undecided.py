"""What became of an event on which there is no decision, as people read it, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bonafide.core.lines import WIDTH_MAX, WIDTH_MIN, wrap
from bonafide.core.text import shorten
from bonafide.lab.explain.text import note_text
from bonafide.lab.explain.why import Undecided
from bonafide.lab.explain.words import REFUSED_ZH, Lang, moment_text, said, word

_NAMES_SHOWN: Final = 8


def undecided_text(told: Undecided, lang: Lang, width: int) -> str:
    """What became of an event that was not decided on."""
    width = min(max(width, WIDTH_MIN), WIDTH_MAX)
    shown = shorten(told.event_id)
    lines: list[str] = []
    if told.met is not None:
        event = told.met.event
        name = "derived" if told.kind == "derived" else "taught"
        time = moment_text(event["time"])
        kind = word(event["type"], lang)
        lines += wrap(said(name, lang, id=shown, type=kind, seq=told.met.seq, time=time), width)
        names = ", ".join(told.features[:_NAMES_SHOWN])
        if len(told.features) > _NAMES_SHOWN:
            names += " " + said("and more", lang, n=len(told.features) - _NAMES_SHOWN)
        counts = said("counts", lang, n=len(told.features), names=names) if names else said("counts none", lang)
        lines += wrap(counts, width)
    for refusal in told.refusals:
        message = refused_message(refusal, lang)
        lines += wrap(
            said("refused", lang, id=shown, message=message, file=refusal["file"], line=refusal["line"]), width
        )
    for note in told.notes:
        reason = {name: text for name, text in note.parts.items() if name != "reason"}
        not_looked = note.name == "not derived"
        lines += wrap(
            said("cannot look", lang, why=said(note.parts["reason"], lang, **reason))
            if not_looked
            else note_text(note, lang),
            width,
        )
    return "\n".join(lines)


def refused_message(refusal: Mapping[str, Any], lang: Lang) -> str:
    """Why a record was refused."""
    if lang == "en":
        return str(refusal["message"])
    return REFUSED_ZH.get(refusal["reason"], str(refusal["reason"])).format(field=refusal["field"])
