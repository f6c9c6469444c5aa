"""An explanation as one JSON object: both languages, every number, nothing rounded."""

from __future__ import annotations

from typing import Any

import msgspec

from bonafide.core.fields import FIELDS
from bonafide.core.moment import moment_of, show_moment
from bonafide.engine.explain import Voice, band_of, closeness, nearest_voices, shares_of, stricter_rules
from bonafide.lab.explain.score import score_json
from bonafide.lab.explain.text import CLOSEST, note_text
from bonafide.lab.explain.trace import answers_as_json, part_as_json
from bonafide.lab.explain.why import Explanation, Undecided


def explanation_json(told: Explanation, *, trace: bool) -> dict[str, Any]:
    """A decision and why; with `trace`, every number behind it."""
    decision, bundle, derived = told.decision, told.bundle, told.derived
    hit = [rule for rule in bundle.rules if rule.id in decision.hits]
    shares = dict(zip((r.id for r in hit), shares_of([r.weight for r in hit]), strict=True))
    score = None if derived is None else score_json(derived.score)
    spoken = {} if derived is None else {voice.rule.id: voice for voice in derived.voices}
    row = {name: value for name, value in told.row.items() if value is not None}
    found: dict[str, Any] = {
        "event_id": decision.event_id, "status": "decided", "derived_again": told.is_same,
        "event": _event(row if derived is None else dict(derived.event)),
        "decision": msgspec.to_builtins(decision.to_wire()),
        "band": band_of(bundle, decision.score_e6).from_,
        "raised_by": [rule.id for rule in stricter_rules(bundle, decision.hits, decision.score_e6)],
        "because": None if derived is None else list(derived.because),
        "rules": [
            {
                "id": rule.id, "typology": rule.typology, "weight": rule.weight,
                "share": None if told.is_modelled else shares[rule.id],
                "reason": rule.reason, "when": " ".join(rule.text.split()), "source": rule.source,
                "condition": part_as_json(spoken[rule.id].condition) if rule.id in spoken else None,
            }
            for rule in hit
        ],
        "reasons": [
            {"code": r.code, **msgspec.to_builtins(bundle.reasons[r.code])} for r in decision.reasons
        ],
        "score": score,
        "shadow": None if row.get("shadow_outcome") is None else {
            "outcome": row["shadow_outcome"], "score": row["shadow_score"], "hits": list(row["shadow_hits"]),
        },
        "notes": [{"zh": note_text(note, "zh"), "en": note_text(note, "en")} for note in told.notes],
    }  # fmt: skip
    if trace and derived is not None:
        found["closest"] = [_near(voice) for voice in nearest_voices(derived.voices, CLOSEST)]
        found["features"] = answers_as_json(derived)
        found["trace"] = {voice.rule.id: part_as_json(voice.condition) for voice in derived.voices}
    return found


def undecided_json(told: Undecided) -> dict[str, Any]:
    """What became of an event that was not decided on."""
    met = told.met
    return {
        "event_id": told.event_id, "status": told.kind, "seq": None if met is None else met.seq,
        "event": None if met is None else _event(dict(met.event)), "counted_in": list(told.features),
        "refused": list(told.refusals), "near": list(told.near),
        "notes": [{"zh": note_text(note, "zh"), "en": note_text(note, "en")} for note in told.notes],
    }  # fmt: skip


def _event(fields: dict[str, Any]) -> dict[str, Any]:
    kept = {n: v for n, v in fields.items() if n in FIELDS or n == "type"}
    if isinstance(kept.get("time"), int):
        kept["time"] = show_moment(kept["time"])
    elif "time" in kept:
        kept["time"] = show_moment(moment_of(kept["time"]))
    return kept


def _near(voice: Voice) -> dict[str, Any]:
    return {"id": voice.rule.id, "closeness": closeness(voice.condition), "condition": part_as_json(voice.condition)}
