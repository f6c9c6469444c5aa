"""People whose deeds are known, told as the log tells them: the office counts what was planted."""

from __future__ import annotations

from benches.education import Plan, make
from bonafide.core.pseudonym import read_token
from bonafide.office.store.database import Store
from tests.office.education.kit import DAY, HOUR, START, School


def test_what_the_office_counts_from_the_log_is_what_was_planted(store: Store) -> None:
    """The same people as events: decided on, drawn, told, and counted in the store's tables."""
    plan = Plan("test", 200, 30, 0.3, 0.5, gives_up=0.1, frightens=0.1)
    people, school = make(plan, 21_500), School(store, holdout_percent=30.0)
    users = range(1, plan.people + 1)
    school.tell(*(school.decided(user, START) for user in users))
    shown = {read_token(token): arm == "shown" for token, arm in school.arms().items()}
    later = []
    for place, user in enumerate(users):
        again = people.again_shown[place] if shown[user] else people.again_held[place]
        given_up = people.gives_up_shown[place] if shown[user] else people.gives_up_held[place]
        later += [school.decided(user, START + 3 * DAY, "hold")] if again else []
        later += [school.cancelled(user, START + HOUR // 4)] if given_up else []
    school.tell(*later)
    school.tell(school.decided(10**6, START + 31 * DAY, "allow"))
    (drawing,) = school.figures()["drawings"]
    for arm, is_shown in (("shown", True), ("held_out", False)):
        ours = [place for place, user in enumerate(users) if shown[user] is is_shown]
        again = people.again_shown if is_shown else people.again_held
        given_up = people.gives_up_shown if is_shown else people.gives_up_held
        assert drawing["all"][arm] == {
            "subjects": len(ours), "reoffended": int(again[ours].sum()), "abandoned": int(given_up[ours].sum()),
        }  # fmt: skip
