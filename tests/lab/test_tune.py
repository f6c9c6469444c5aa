"""Tuning: scores again without a replay, fronts, the search, and numbers changed where they stand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bonafide.core.errors import StateError, UsageError
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.engine import Engine
from bonafide.engine.trees.rows import raw_scores
from bonafide.lab.inputs import Chunk
from bonafide.lab.train.figures import Judged
from bonafide.lab.tune.gather import Gathered, GatherRun
from bonafide.lab.tune.judge import ALWAYS, LINE_MAX, LINE_MIN, Part
from bonafide.lab.tune.rescore import Law
from bonafide.lab.tune.search import WEIGHT_MAX, WEIGHT_MIN, search, shares_around
from bonafide.lab.tune.study import Setting, scores, unlike_engine
from bonafide.lab.tune.written import check_written, line_of, moved_starts, tuned_files, with_numbers
from tests.engine.kit import frame_of
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import TINY
from tests.engine.trees.kit import Model, models, rows_for, same_bits

ADDED = Law(False, 1.0, np.zeros(0), np.zeros(0))
"""The law of a bundle without trees."""
POLICY = b"""# what happens
outcomes:
  - {from: 0, outcome: allow}   # nothing
  - {from: 0.30, outcome: verify}
hold_for: 24h\r
"""


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(model=models(), seed=st.integers(0, 2**32 - 1))
def test_sums_of_trees_are_those_of_lightgbm_bit_by_bit(model: Model, seed: int) -> None:
    rows = rows_for(model, seed, 16)
    assert same_bits(raw_scores(model.trees, rows), model.booster.predict(rows, raw_score=True, num_threads=1))


def gathered(bundle: Bundle) -> Gathered:
    run = GatherRun(Engine(bundle))
    frame = frame_of(fixed_log())
    for half in (frame[:140], frame[140:]):
        run.feed(Chunk(half, None, half.height, 1, 1))
    return run.finish()


@pytest.fixture(scope="module", params=["rules", "trees"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that decides by its rules, and one with trees."""
    return TINY if request.param == "rules" else modelled(tmp_path_factory.mktemp("tune") / "modelled")


def test_scores_again_are_those_of_the_engine_also_under_other_weights(folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    before = gathered(bundle)
    given_weights = np.array([rule.weight for rule in bundle.rules])
    assert before.n > 200
    assert unlike_engine(before, bundle, Setting(given_weights, line_of(bundle.policy)), before) == 0
    weights = np.round(given_weights * 0.6 + 0.05, 3)
    files = tuned_files(read_sources(folder).contents, bundle, weights, 412_345)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tuned = load_bundle(tmp_path)
    check_written(tuned, weights, 412_345)
    after = gathered(tuned)
    assert unlike_engine(before, tuned, Setting(weights, 412_345), after) == 0
    assert (after.score_e6 != before.score_e6).any()
    assert (scores(before, bundle, Setting(weights, 0)) == after.score_e6).all()
    with pytest.raises(StateError, match="cannot be changed in place"):
        check_written(tuned, given_weights, 412_345)


def part_of(rows: list[tuple[int, int, bool, int]], always: list[bool] | None = None) -> Part:
    """A part of (payer, pattern, cash-out, money); pattern i is that rule i alone held, the last that none did."""
    entity, pattern, bad, money = (np.array(column) for column in zip(*rows, strict=True))
    hits = np.eye(4, dtype=np.bool_)[:, :3]
    told = Judged(bad.astype(np.bool_), entity.astype(np.int64), money.astype(np.int64), int(entity.max()) + 1)
    forced = np.array(always or [False] * 4)
    return Part(ADDED, hits, forced, pattern.astype(np.int64), np.zeros(len(rows)), told)


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans(), st.integers(1, 9)), min_size=1, max_size=25
)
LINES = st.integers(LINE_MIN, LINE_MAX)


@given(ROWS, st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.9]), min_size=3, max_size=3), LINES)
def test_a_point_of_a_curve_is_counted_payment_by_payment(
    rows: list[tuple[int, int, bool, int]], weights: list[float], line: int
) -> None:
    rows = [(*row[:2], row[2], row[3]) for row in rows]
    users = {user for user, *_ in rows}
    rows = [(sorted(users).index(user), *rest) for user, *rest in rows]
    score = [round(1e6 * w) for w in (*weights, 0.0)]
    crooks = {user for user, _, bad, _ in rows if bad}
    honest = {user for user, *_ in rows} - crooks
    met = {user for user, pattern, *_ in rows if score[pattern] >= line} & honest
    money = sum(row[3] for row in rows if row[2])
    saved = sum(row[3] for row in rows if row[2] and score[row[1]] >= line)
    point = part_of(rows).curve(np.array(weights)).at(line)
    assert point.saved == (saved / money if money else None)
    assert point.disturbed == (len(met) / len(honest) if honest else None)


@given(ROWS, st.floats(0.01, 0.6))
def test_the_line_for_a_share_disturbs_no_more_and_saves_all_that_can_be(
    rows: list[tuple[int, int, bool, int]], share: float
) -> None:
    users = sorted({user for user, *_ in rows})
    curve = part_of([(users.index(user), *rest) for user, *rest in rows]).curve(np.array([0.2, 0.4, 0.8]))
    line = curve.line_for(share)
    assert LINE_MIN <= line <= LINE_MAX
    assert (curve.at(line).disturbed or 0.0) <= share
    for other in (100_000, 200_000, 300_000, 400_000, 600_000, 800_000, 900_000):
        if (curve.at(other).disturbed or 0.0) <= share:
            assert (curve.at(other).saved or 0.0) <= (curve.at(line).saved or 0.0)


def test_what_rules_demand_is_disturbed_at_every_line() -> None:
    part = part_of([(0, 0, False, 5), (1, 3, True, 7)], [True, False, False, False])
    curve = part.curve(np.array([0.1, 0.1, 0.1]))
    assert (curve.honest.tolist(), curve.at(LINE_MAX).disturbed) == ([ALWAYS], 1.0)


def telling() -> Part:
    """Rule 0 holds on cash-out, rule 1 on honest trade, rule 2 on both; all weigh the same."""
    cash_out = [(n, n % 3 * 2 % 4, True, 10) for n in range(0, 30)]
    honest = [(n, [1, 1, 2, 3][n % 4], False, 10) for n in range(30, 230)]
    return part_of(cash_out + honest)


def test_the_search_raises_what_tells_and_stays_within_its_bound() -> None:
    part, given_weights = telling(), np.array([0.3, 0.3, 0.3])
    plain = part.curve(given_weights)
    target = 0.02
    assert plain.at(plain.line_for(target)).saved == 0  # honest users lie as high as cash-out
    found = search(part, given_weights, np.arange(3), target, 7, 40)
    best = found.settings[found.target]
    point = part.curve(best.weights).at(best.line)
    assert point.saved is not None
    assert point.saved >= 1 / 3
    assert (point.disturbed, found.evaluations <= 40) == (0, True)
    assert ((best.weights >= WEIGHT_MIN) & (best.weights <= WEIGHT_MAX)).all()
    saved = [part.curve(s.weights).at(s.line).saved or 0.0 for s in found.settings]
    assert all(low <= high + 0.01 for low, high in pairwise(saved))


def test_the_same_seed_finds_the_same() -> None:
    runs = [search(telling(), np.full(3, 0.3), np.arange(3), 0.05, seed, 60) for seed in (3, 3)]
    for a, b in zip(*(run.settings for run in runs)):
        assert (a.weights.tolist(), a.line) == (b.weights.tolist(), b.line)


def test_one_evaluation_moves_the_line_alone() -> None:
    found = search(telling(), np.full(3, 0.3), np.arange(3), 0.05, 0, 1)
    assert (found.evaluations, found.settings[found.target].weights.tolist()) == (1, [0.3] * 3)


def test_shares_double_around_the_one_asked_for_and_stay_below_a_half() -> None:
    shares, target = shares_around(0.25)
    assert (shares[target], shares[-1]) == (0.25, 0.5)
    assert all(high == 2 * low for low, high in pairwise(shares))


STARTS = st.lists(st.integers(1, 999_999), min_size=1, max_size=5, unique=True).map(sorted)


@given(STARTS, st.data())
def test_bands_stay_in_order_wherever_the_line_goes(starts: list[int], data: st.DataObject) -> None:
    old, new = data.draw(st.sampled_from(starts)), data.draw(LINES)
    try:
        moved = moved_starts([0, *starts], old, new)
    except UsageError:
        return
    assert moved[0] == 0
    assert all(low < high for low, high in pairwise(moved))
    assert moved[-1] <= 1_000_000
    assert moved[1 + starts.index(old)] == new


def test_numbers_change_where_they_stand_and_nothing_else_does() -> None:
    changed = with_numbers(POLICY, "policy.yaml", {("outcomes", 1, "from"): "0.412"})
    assert changed == POLICY.replace(b"0.30", b"0.412")
    assert with_numbers(POLICY, "policy.yaml", {}) == POLICY
    quoted = "\ufeff# 套现\n- {weight: 0.5, id: A}\n- id: B\n  weight: 0.25 # 轻\n".encode()
    both = with_numbers(quoted, "rules.yaml", {(0, "weight"): "0.75", (1, "weight"): "0.1"})
    assert both == quoted.replace(b"0.5,", b"0.75,").replace(b"0.25", b"0.1")


def test_a_policy_that_never_verifies_has_no_line() -> None:
    policy = load_bundle(TINY).policy
    with pytest.raises(UsageError, match="no band leads to verify"):
        line_of(policy._replace(outcomes=policy.outcomes[:2]))
