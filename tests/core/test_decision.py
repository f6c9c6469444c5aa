"""Decisions: their canonical encoding, their digest, and how they look on the wire."""

from __future__ import annotations

import hashlib
import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.decision import CANONICAL_KEYS, Decision, Loop, ProposedMeasure, Reason, Step, quote


def decision(**changed: object) -> Decision:
    told: dict[str, object] = {
        "event_id": "p1", "seq": 17, "time": 1_767_601_800_000, "outcome": "verify", "score_e6": 731_204,
        "risk_level": "high", "credit_score": None, "alert": True, "reasons": (Reason("RC03", "集中", "Much"),),
        "hits": ("U-BURST",), "measures": (ProposedMeasure("notice", "user", "u1", "proposed", 1_767_601_900_000),),
        "faults": (), "degraded": (), "release_by": None, "bundle": "9f2c",
    }  # fmt: skip
    return Decision(**{**told, **changed})  # type: ignore[arg-type]


def test_canonical_encoding_is_pinned() -> None:
    assert decision().canonical.decode() == (
        '{"event_id":"p1","seq":17,"time":1767601800000,"score_e6":731204,"credit_score":null,'
        '"loops":[],"outcome":"verify","risk_level":"high","alert":true,"reasons":["RC03"],"hits":["U-BURST"],"measures":[{"measure":"notice",'
        '"subject_type":"user","status":"proposed","until":1767601900000,"measure_id":"","needs_person":false,'
        '"grade":null,"offences":0,"amount":0,"facts":[],"reasons":[]}],"faults":[],"degraded":[],'
        '"release_by":null,"bundle":"9f2c"}'
    )
    assert decision().digest == hashlib.sha256(decision().canonical).hexdigest()


def test_the_way_home_is_part_of_the_encoding_and_of_the_wire() -> None:
    steps = (Step(3, 1767600000000, 50_000), Step(9, 1767601800000, 46_000))
    told = decision(loops=(Loop(46_000, 46_000, 50_000, True, steps),))
    assert (
        b'"loops":[{"returned":46000,"home":46000,"amount":50000,"closes":true,"path":[{"seq":3,"time":1767600000000,'
        b'"amount":50000},{"seq":9,"time":1767601800000,"amount":46000}]}],"outcome"'
    ) in told.canonical
    assert told.digest != decision().digest
    (loop,) = msgspec.to_builtins(told.to_wire()["loops"])
    assert loop["path"][0] == {"seq": 3, "time": "2026-01-05T08:00:00.000Z", "amount": 50_000}


def test_who_the_subject_is_does_not_change_the_digest_but_is_told() -> None:
    other = decision(measures=(ProposedMeasure("notice", "user", "~00000000000000ff", "proposed", 1_767_601_900_000),))
    assert other.digest == decision().digest
    (measure,) = msgspec.to_builtins(decision().to_wire()["measures"])
    assert measure["subject_id"] == "u1"


@given(st.text(min_size=1, max_size=20).filter(str.isprintable))
def test_canonical_encoding_is_json_with_its_keys_in_order(event_id: str) -> None:
    told = json.loads(decision(event_id=event_id).canonical)
    assert tuple(told) == CANONICAL_KEYS
    assert told["event_id"] == event_id
    assert json.loads(quote(event_id)) == event_id


def test_every_field_but_the_texts_of_reasons_changes_the_digest() -> None:
    other = {
        "event_id": "p2", "seq": 18, "time": 1, "outcome": "hold", "score_e6": 1, "risk_level": "low",
        "credit_score": 1, "alert": False, "reasons": (), "hits": (), "measures": (), "faults": ("x",),
        "degraded": ("x",), "release_by": 1, "bundle": "0",
    }  # fmt: skip
    digests = {decision(**{name: value}).digest for name, value in other.items()}
    assert len(digests | {decision().digest}) == len(other) + 1
    assert decision(reasons=(Reason("RC03", "另一种说法", "other words"),)).digest == decision().digest


def test_the_wire_shows_times_and_score_as_people_read_them() -> None:
    told = json.loads(msgspec.json.encode(decision(release_by=1_767_601_900_000).to_wire()))
    assert told["time"] == "2026-01-05T08:30:00.000Z"
    assert told["score"] == 0.731204
    assert told["release_by"] == told["measures"][0]["until"] == "2026-01-05T08:31:40.000Z"
    assert told["reasons"] == [{"code": "RC03", "zh": "集中", "en": "Much"}]
    assert told["digest"] == decision(release_by=1_767_601_900_000).digest
