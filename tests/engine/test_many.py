"""Many events answered at once: the same as one by one, byte for byte, with bases and what the journal keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import SCORE_UNIT
from bonafide.core.events import Event, Fact, Payment
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.core.moment import DAY_MS, MOMENT_MAX
from bonafide.engine.answered import Form, taught
from bonafide.engine.bodies import NOTHING, TAUGHT, TEACHES, write_plain
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import V_CREDIT, V_HITS, V_SCORE, V_SEQ
from bonafide.engine.engine import Engine
from bonafide.engine.kernels import load_kernels
from bonafide.engine.policy import Ruling
from bonafide.engine.rules.operations import ROW_WIDTH
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.templates import Template
from bonafide.testing.generators import events, texts
from tests.engine.modelled import modelled
from tests.engine.test_answered import LOGS, RULINGS, TEMPLATES, city
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import tiny

ALL_OF_THEM = 1
NONE_OF_THEM = 10**9


def answers(bundle: Bundle, log: Sequence[Fact], size: int, many: int) -> list[tuple[Any, ...]]:
    """The answers to a log in lists of a size, at once from `many` on; a basis as text, since NaN is not itself."""
    engine = Engine(bundle)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bonafide.engine.engine.MANY", many)
        told = [one for i in range(0, len(log), size) for one in engine.answer(log[i : i + size])]
    return [(*one[:-1], repr(one.basis)) for one in told]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("many") / "bundle"))


@settings(max_examples=12)
@given(LOGS | st.lists(events(pool=2, awkward=True), min_size=1, max_size=30), st.integers(1, 30))
def test_many_are_answered_as_one_by_one(scored: Bundle, log: list[Event], size: int) -> None:
    assert answers(scored, log, size, ALL_OF_THEM) == answers(scored, log, size, NONE_OF_THEM)


def test_measures_holds_faults_and_bases_are_answered_alike() -> None:
    log = list(fixed_log())
    assert answers(tiny(), log, 100, ALL_OF_THEM) == answers(tiny(), log, 100, NONE_OF_THEM)
    shipped, log = shipped_bundle("paylater"), list(city(600))
    wanted = answers(shipped, log, 256, NONE_OF_THEM)
    _, _, bodies, _, _, kept, bases = zip(*wanted, strict=True)
    assert any(kept)
    assert len(set(bases)) > 1
    assert any(b'"release_by":"' in body for body in bodies)
    assert answers(shipped, log, 256, ALL_OF_THEM) == wanted


TIMES = st.integers(0, MOMENT_MAX) | st.integers(0, MOMENT_MAX // DAY_MS).map(lambda day: day * DAY_MS + DAY_MS - 1)
OWN = st.tuples(
    texts(), TIMES, st.integers(0, 10**15), st.integers(0, SCORE_UNIT) | st.integers(0, 200) | st.just(SCORE_UNIT),
    st.just(0) | st.integers(300, 900), st.integers(NOTHING, 3),
)  # fmt: skip


def one_of(given: tuple[Any, ...], forms: list[Form]) -> bytes:
    """The body by the slow way."""
    event_id, time, seq, score, credit, number = given
    if number <= TEACHES:
        return b"" if number == NOTHING else taught(event_id, seq).body
    fields: dict[str, Any] = {"user_id": "u", "merchant_id": "m", "order_id": "o", "amount": 1, "currency": "CNY"}
    event = Payment(event_id=event_id, time=time, **fields)
    return forms[number - 1].fill(event, seq, score, credit, ()).body


@settings(max_examples=25)
@given(st.lists(OWN, min_size=1, max_size=20), TEMPLATES, st.tuples(RULINGS, RULINGS, RULINGS))
def test_plain_bodies_are_those_of_their_forms(
    own: list[tuple[Any, ...]], template: Template, rulings: tuple[Ruling, ...]
) -> None:
    forms = [Form(replace(template, ruling=ruling._replace(hold_ms=None))) for ruling in rulings]
    rows = np.full((len(own), ROW_WIDTH), ABSENT, dtype=np.int64)
    verdicts = np.zeros((len(own), V_HITS + 2), dtype=np.int64)
    for i, (_, time, seq, score, credit, _) in enumerate(own):
        rows[i, FIELDS["time"].place] = time
        verdicts[i, [V_SEQ, V_SCORE, V_CREDIT]] = seq, score, credit
    named = [Payment(event_id=one[0], time=0, user_id="u", merchant_id="m", order_id="o", amount=1, currency="CNY")
             for one in own]  # fmt: skip
    pieces = [TAUGHT, *(form.pieces for form in forms if form.pieces is not None)]
    numbers = np.array([one[-1] for one in own], dtype=np.int64)
    bodies = write_plain(named, rows, verdicts, numbers, pieces, load_kernels())
    assert bodies == [one_of(given, forms) for given in own]
