"""ladder.yaml: every mistake has its line, gaps and overlaps are those that looking at every case finds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.mistakes import show_mistakes
from bonafide.engine.bundle import read_bundle
from bonafide.engine.bundles.boxes import Dimension, cells_of, common, left_of, whole, without
from bonafide.engine.bundles.check import check_bundle
from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.testing.ladder.playground import shipped_ladder, write_playground
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent.parent / "golden" / "ladder_mistakes.txt"


def edited(*changes: tuple[str, Any]) -> str:
    """The shipped ladder with values put in, each at a path such as user.steps.0.measure; None takes one out."""
    ladder = copy.deepcopy(yaml.safe_load(shipped_ladder()))
    for path, value in changes:
        *way, last = path.split(".")
        at = ladder
        for part in way:
            at = at[int(part)] if isinstance(at, list) else at[part]
        key: Any = int(last) if isinstance(at, list) else last
        if value is None:
            del at[key]
        elif isinstance(at, list) and key == len(at):
            at.append(value)
        else:
            at[key] = value
    return yaml.safe_dump(ladder, sort_keys=False, allow_unicode=True, width=200)


STEP = {"offences": {"from": 2, "to": 2}, "grade": ["suspected"], "measure": "limit_credit"}
WRONG: dict[str, str] = {
    "a case that no step speaks of": edited(("user.steps.3", None)),
    "a case that two steps speak of": edited(("user.steps.8", STEP)),
    "a step of no case": edited(("user.steps.3.offences", {"from": 3, "to": 2})),
    "a grade and an amount that no limit speaks of": edited(("merchant.limits.4", None)),
    "two limits for one case": edited(("merchant.limits.4.amount", ["small", "middle"])),
    "a band that there is not": edited(("user.limits.0.amount", ["tiny"])),
    "bands that do not rise": edited(("user.amounts", {"small": 0, "middle": 5, "large": 5})),
    "bands that do not start from nought": edited(("user.amounts", {"small": 10, "middle": 20, "large": 30})),
    "a milder step for more offences": edited(("user.steps.5.measure", "notice")),
    "a milder limit for more proof": edited(("user.limits.4.at_most", "notice"), ("user.limits.5.at_most", "notice")),
    "a limit after one offence that nobody confirmed": edited(("user.steps.0.measure", "limit_credit")),
    "what a merchant cannot have": edited(("merchant.steps.0.measure", "limit_credit")),
    "a typology left out": edited(("typologies.bust_out", None)),
    "a typology that there is not": edited(("typologies.bust", {"of": ["user"], "family": "money", "reason": "RC03"})),
    "a reason without a text": edited(("typologies.bust_out.reason", "RC99"), ("reasons.person", "X-NONE")),
    "a measure without an end": edited(("lasts.freeze_credit", None)),
    "proof that counts for less long": edited(("counts_for.confirmed", "10d")),
    "terms beyond all bounds": edited(("counts_for.adjudicated", "4000d"), ("lasts.refer", "400d")),
    "an episode longer than anything counts": edited(("user.episode", "60d")),
    "a partner who limits": edited(("partner.measure", "limit_credit")),
    "words and keys misspelt": edited(("user.steps.0.grade", ["suspectd"]), ("user.epsiode", "1h")),
    "what no limit lets be": edited(
        ("user.limits.6.at_most", "freeze_credit"), ("user.limits.8.at_most", "freeze_credit")
    ),
    "what no step comes to": edited(("user.steps.7.measure", "freeze_credit"), ("lasts.refer", "30d")),
    "an end of what nobody proposes": edited(
        ("merchant.steps.10.measure", "suspend_merchant"), ("merchant.limits.9.at_most", "suspend_merchant"),
        ("user.steps.7.measure", "freeze_credit"), ("user.limits.6.at_most", "freeze_credit"),
        ("user.limits.8.at_most", "freeze_credit"),
    ),
}  # fmt: skip


def told(folder: Path, ladder: str) -> str:
    """What is wrong with a ladder, as an analyst reads it."""
    folder.mkdir()
    bundle = write_playground(folder / "bundle", ladder)
    mistakes = [m for m in check_bundle(bundle) if m.path == "ladder.yaml"]
    return show_mistakes(mistakes, {"ladder.yaml": ladder})


def test_what_an_analyst_reads(tmp_path: Path) -> None:
    """golden/ladder_mistakes.txt holds every mistake as it is shown."""
    shown = [f"# {name}\n{told(tmp_path / str(i), text)}\n" for i, (name, text) in enumerate(WRONG.items())]
    assert all("ladder.yaml:" in one for one in shown)
    assert_golden(GOLDEN, "\n".join(shown))


def test_the_shipped_ladder_is_sound_and_never_limits_a_first_offender() -> None:
    assert [m for m in check_bundle(find_bundle("paylater")) if m.path in {"ladder.yaml", "policy.yaml"}] == []
    ladder = shipped_bundle("paylater").ladder
    assert ladder is not None
    for subject in ladder.subjects:
        assert max(hard for (number, _, _), hard in subject.steps.items() if number == 1) == 1


def test_a_policy_and_a_ladder_do_not_both_propose(tmp_path: Path) -> None:
    folder = write_playground(tmp_path / "bundle", shipped_ladder())
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text() + "measures: {warn: {measure: notice, lasts: 1d}}\n", encoding="utf-8")
    sources, bundle = read_bundle(folder)
    assert bundle is None
    assert [m.message for m in sources.mistakes] == ["measures: ladder.yaml says what is proposed; leave this out"]


# ---- boxes

SIZES = (2, 3, 2)
DIMENSIONS = tuple(Dimension(f"d{i}", tuple("abcd"[:size])) for i, size in enumerate(SIZES))
BOXES = st.tuples(*(st.integers(1, (1 << size) - 1) for size in SIZES))


@given(BOXES, BOXES)
def test_what_boxes_share_and_leave_is_what_their_cells_do(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    cells, others = set(cells_of(one)), set(cells_of(other))
    shared = common(one, other)
    assert (set() if shared is None else set(cells_of(shared))) == cells & others
    left = [cell for box in without(one, other) for cell in cells_of(box)]
    assert sorted(left) == sorted(cells - others)


@settings(max_examples=60)
@given(st.lists(BOXES, max_size=6))
def test_what_rows_leave_is_what_no_cell_of_theirs_covers(rows: list[tuple[int, ...]]) -> None:
    covered = {cell for row in rows for cell in cells_of(row)}
    left = [cell for box in left_of(whole(DIMENSIONS), rows) for cell in cells_of(box)]
    assert sorted(left) == sorted(set(cells_of(whole(DIMENSIONS))) - covered)
