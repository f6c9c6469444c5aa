"""Who is told what and when, who is held out, and what is counted of it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import msgspec

from bonafide.core.pseudonym import show_token
from bonafide.engine.bundles.education import LEVELS
from bonafide.office.education.choosing import arm_of, piece_of
from bonafide.office.store.database import Store
from tests.office.education.kit import DAY, HOUR, SECRET, START, School, shipped_education


def test_the_level_follows_outcome_offences_and_first_use(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    school.tell(
        school.decided(1, START, "allow"), school.decided(1, START, "allow"), school.decided(2, START, "warn"),
        school.decided(3, START, "verify"), school.decided(4, START, "verify", offences=2),
        school.decided(5, START, "decline"),
    )  # fmt: skip
    assert [(row.subject, row.level) for row in school.given()] == [
        (show_token(1), "L0"), (show_token(2), "L1"), (show_token(3), "L2"), (show_token(4), "L3"),
        (show_token(5), "L3"),
    ]  # fmt: skip
    messages = school.messages()
    assert [one["type"] for one in messages] == ["education.given"] * 5
    asked = messages[2]["data"]
    assert (asked["pause_s"], bool(asked["asks"]), asked["subject_id"]) == (600, True, show_token(3))
    assert all(one["data"]["text"][lang] for one in messages for lang in ("zh", "en"))


def test_a_piece_about_what_was_seen_comes_first(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    rules = {typology: rule for rule, typology in school.taught.typologies.items()}
    school.tell(school.decided(1, START, "warn", hits=(rules["drain_the_line"],)))
    assert [row.piece for row in school.given()] == ["NOTE-LINE"]


def test_it_is_capped_rotates_and_is_over_when_the_moment_is(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    for day in range(40):
        school.tell(school.decided(1, START + day * DAY))
    given = school.given(1)
    assert [(row.event_ms - START) // DAY for row in given] == [0, 1, 30, 31]
    assert all(one.piece != other.piece for one, other in pairwise(given))
    school.tell(school.decided(2, START), now=START + 2 * HOUR)
    assert school.given(2) == []
    assert show_token(2) not in school.arms(), "who is not told is not counted"


def test_a_tip_silences_no_question_and_a_question_silences_tips(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    for hour, outcome in enumerate(("warn", "warn", "warn", "verify", "verify", "verify", "warn", "decline")):
        school.tell(school.decided(1, START + hour * HOUR, outcome))
    assert [row.level for row in school.given(1)] == ["L1", "L1", "L2", "L2", "L3"]


def test_the_log_read_anew_gives_nothing_twice(store: Store) -> None:
    school = School(store)
    said = [school.decided(user, START) for user in range(1, 30)]
    school.tell(*said)
    before = (school.given(), school.messages(), school.arms())
    school.tell(*said)
    assert (school.given(), school.messages(), school.arms()) == before


def test_whoever_is_held_out_gets_no_message_and_is_kept_alike(store: Store) -> None:
    school = School(store, holdout_percent=50.0)
    school.tell(*(school.decided(user, START) for user in range(1, 101)))
    arms = school.arms()
    told = {one["data"]["subject_id"] for one in school.messages()}
    assert told == {subject for subject, arm in arms.items() if arm == "shown"}
    assert 30 <= len(told) <= 70
    assert {row.subject for row in school.given()} == set(arms)


def test_whoever_is_in_a_group_stays_there_when_the_share_grows(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    school.tell(*(school.decided(user, START) for user in range(1, 41)))
    school.change(holdout_percent=50.0)
    school.tell(*(school.decided(user, START + HOUR) for user in range(1, 41)))
    assert set(school.arms().values()) == {"shown"}
    assert len(school.messages()) == 80


def test_what_came_of_it_is_counted_within_its_time(store: Store) -> None:
    school = School(store, holdout_percent=0.0)
    school.tell(*(school.decided(user, START) for user in range(1, 9)))
    school.tell(
        school.decided(1, START + HOUR // 2, "verify"), school.decided(2, START + 2 * HOUR, "verify"),
        school.decided(3, START + 2 * HOUR, "warn"), school.decided(4, START + 31 * DAY, "verify"),
        school.cancelled(5, START + 60_000), school.cancelled(6, START - 60_000),
        school.cancelled(7, START + 60_000), school.judged(7, START + DAY), school.cancelled(2, START + 60_000),
    )  # fmt: skip
    (drawing,) = school.figures()["drawings"]
    assert drawing["all"]["shown"] == {"subjects": 8, "reoffended": 1, "abandoned": 1}
    assert drawing["all"]["reoffence"] is None, "nobody is held out, so nothing is compared"
    assert list(drawing["by_level"]) == ["L1"]


def test_nothing_is_said_before_its_time_is_over(store: Store) -> None:
    school = School(store)
    school.tell(*(school.decided(user, START) for user in range(1, 9)))
    (drawing,) = school.figures()["drawings"]
    assert (drawing["running"], drawing["all"]["shown"]["subjects"]) == (8, 0)


def test_the_draw_is_by_secret_and_salt_and_takes_its_share() -> None:
    education = shipped_education()
    subjects = [show_token(n) for n in range(1, 4_001)]
    drawn = [arm_of(SECRET, education, one) for one in subjects]
    assert drawn == [arm_of(SECRET, education, one) for one in subjects]
    assert 330 <= Counter(drawn)["held_out"] <= 470
    other = [arm_of(SECRET, msgspec.structs.replace(education, salt="next"), one) for one in subjects]
    both = sum(one == two == "held_out" for one, two in zip(drawn, other, strict=True))
    assert both < 80, "another salt draws others"
    assert drawn != [arm_of(bytes(16), education, one) for one in subjects]


def test_each_piece_of_a_level_has_its_turn() -> None:
    education = shipped_education()
    for level in LEVELS:
        general = {piece.id for piece in education.pieces if piece.level == level and not piece.typologies}
        seen, last = [], None
        for number in range(4):
            last = piece_of(SECRET, education, "~1", level, frozenset(), number, last).id
            seen.append(last)
        assert set(seen) == general
