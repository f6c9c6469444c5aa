"""A bundle with a trial: what is read, what cannot stand together, what changed, and what of it may harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bonafide.engine.bundle import Bundle, read_bundle
from bonafide.engine.bundles.check import examine_bundle
from bonafide.engine.bundles.diff import diff_bundles
from bonafide.engine.bundles.examples import run_examples
from bonafide.engine.bundles.files import Sources, content_hash, read_sources
from bonafide.engine.bundles.harm import harm_between
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.bundles.trial_files import challenger_files, champion_files, trial_files
from bonafide.engine.shipped import find_bundle
from bonafide.engine.swap import swap_kind
from bonafide.testing.ladder.playground import shipped_ladder
from tests.engine.tiny import TINY

Edit = tuple[str, str, str]
HARDER: Edit = ("rules.yaml", "weight: 0.4", "weight: 0.5")
MILDER: Edit = ("rules.yaml", "weight: 0.4", "weight: 0.3")


def rollout(percent: float, control: float = 10, salt: str = "a") -> TrialHead:
    return TrialHead("rollout", percent, control, salt)


def files_of(*edits: Edit) -> dict[str, bytes]:
    """The tiny bundle's files with texts replaced; an empty old text adds to the end."""
    files = dict(read_sources(TINY).contents)
    for name, was, now in edits:
        text = files.get(name, b"").decode()
        assert was in text
        files[name] = (text.replace(was, now, 1) if was else text + now).encode()
    return files


def written(folder: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


def read(folder: Path, files: dict[str, bytes]) -> tuple[Sources, Bundle]:
    sources, bundle = read_bundle(written(folder, files))
    assert bundle is not None, [mistake.message for mistake in sources.mistakes]
    return sources, bundle


def mistakes(folder: Path, files: dict[str, bytes]) -> list[tuple[str, str]]:
    sources, bundle = read_bundle(written(folder, files))
    assert bundle is None
    return [(mistake.path, mistake.message) for mistake in sources.mistakes]


def test_both_are_one_bundle_of_one_hash_and_each_is_found_again(tmp_path: Path) -> None:
    more = ("features.yaml", "", "- {name: more, event: refund, by: user_id, take: count, over: 1h, note: n}\n")
    challenger = files_of(HARDER, more)
    files = trial_files(files_of(), challenger, rollout(12.5))
    _, bundle = read(tmp_path / "b", files)
    trial, tiny = bundle.trial, read(tmp_path / "t", files_of())[1]
    assert trial is not None
    assert (trial.mode, trial.share, trial.control, trial.salt) == ("rollout", 1_250, 1_000, "a")
    assert (trial.percent, trial.percent_control) == ("12.5", "10")
    assert bundle.hash == content_hash(files) != tiny.hash
    assert trial.challenger.hash == content_hash(challenger)
    assert challenger_files(files) == challenger
    assert content_hash(champion_files(files)) == content_hash(champion_files(files_of()))
    assert set(bundle.feature_names) == {*tiny.feature_names, "more"}
    assert [bundle.features[i]._replace(name="") for i in trial.columns] == [
        feature._replace(name="") for feature in trial.challenger.features
    ]
    assert (swap_kind(tiny, bundle), swap_kind(bundle, tiny)) == ("warm", "at-once")
    assert [part.hash for part in bundle.parts] == [bundle.hash] * 2


def test_another_percentage_is_another_bundle(tmp_path: Path) -> None:
    first = trial_files(files_of(), files_of(HARDER), rollout(10))
    second = trial_files(first, challenger_files(first), rollout(40))
    assert read(tmp_path / "a", first)[1].hash != read(tmp_path / "b", second)[1].hash
    assert second["bundle.yaml"].count(b"trial:") == 1
    assert champion_files(first) == champion_files(second)
    block = files_of()["bundle.yaml"] + b"trial:\n  mode: rollout\n  percent: 5\n\n  salt: b\nnote: stays\n"
    assert champion_files({"bundle.yaml": block})["bundle.yaml"] == files_of()["bundle.yaml"] + b"note: stays\n"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("{mode: rollout, percent: 20}", "trial: a rollout needs percent and salt"),
        ("{mode: rollout, percent: 95, control: 10, salt: a}", "trial.percent: with control this is more than 100"),
        ("{mode: rollout, percent: 0.001, salt: a}", "trial.percent: at most two digits behind the point"),
        ("{mode: shadow, salt: a}", "trial.salt: a shadow decides for nobody; leave this out"),
        ("{mode: rollout, percent: 101, salt: a}", "trial.percent: expected a number from 0 to 100, found 101"),
        ("{mode: both}", "trial.mode: unknown 'both'; expected one of shadow, rollout"),
        ("{mode: shadow, share: 3}", "trial: unknown key share; the keys here are mode, percent, control, salt"),
    ],
)
def test_what_is_wrong_with_how_it_is_tried_is_said(tmp_path: Path, told: str, message: str) -> None:
    files = trial_files(files_of(), files_of(HARDER), TrialHead("shadow"))
    files["bundle.yaml"] = files["bundle.yaml"].replace(b"{mode: shadow}", told.encode())
    assert (("bundle.yaml", message)) in mistakes(tmp_path / "b", files)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("bundle.yaml", "lateness: 2d", "lateness: 1d"), "trial: the challenger cannot decide from the champion's "
         "state: its bundle.yaml differs in lateness, which what is kept depends on"),
        (("bundle.yaml", 'zone: "+01:00"', 'zone: "+09:00"'), "trial: the challenger cannot decide from the champion's "
         "state: its bundle.yaml differs in zone, which what is kept depends on"),
        (("lists/vip.txt", "", "somebody\n"), "trial: the list vip must be the same in both: what the log changes on "
         "it holds for both"),
        (("features.yaml", "", "- {name: g, event: grouped, by: user_id, take: count, over: 1h, note: n}\n"),
         None),
    ],
)  # fmt: skip
def test_what_cannot_stand_together_is_said(tmp_path: Path, edit: Edit, message: str | None) -> None:
    files = trial_files(files_of(), files_of(edit), TrialHead("shadow"))
    if message is None:
        read(tmp_path / "b", files)
    else:
        assert mistakes(tmp_path / "b", files) == [("bundle.yaml", message)]


def test_there_is_one_ladder_and_one_trial(tmp_path: Path) -> None:
    reasons = (find_bundle("paylater") / "reasons.yaml").read_text(encoding="utf-8")
    policy = files_of()["policy.yaml"].decode()
    bare = policy[: policy.index("measures:")]
    edits = (("reasons.yaml", "", reasons), ("policy.yaml", policy, bare))
    with_ladder, without = files_of(("ladder.yaml", "", shipped_ladder()), *edits), files_of(*edits)
    told = mistakes(tmp_path / "a", trial_files(with_ladder, without, TrialHead("shadow")))
    assert told == [("bundle.yaml", "trial: ladder.yaml of both must say the same: there is one ladder")]
    read(tmp_path / "b", trial_files(with_ladder, with_ladder, TrialHead("shadow")))
    nested = trial_files(files_of(), files_of(HARDER), TrialHead("shadow"))
    nested["challenger/bundle.yaml"] += b"trial: {mode: shadow}\n"
    nested |= {f"challenger/challenger/{name}": text for name, text in files_of().items()}
    told = mistakes(tmp_path / "c", nested)
    assert ("challenger/bundle.yaml", "trial: a challenger has no trial of its own") in told
    assert ("challenger/challenger", "a challenger has no challenger of its own") in told
    alone = trial_files(files_of(), files_of(HARDER), TrialHead("shadow")) | {"bundle.yaml": files_of()["bundle.yaml"]}
    ((path, message),) = mistakes(tmp_path / "d", alone)
    assert (path, message.split(",")[0]) == ("challenger/bundle.yaml", "is there")
    lonely = champion_files(alone) | {"bundle.yaml": files_of()["bundle.yaml"] + b"trial: {mode: shadow}\n"}
    ((path, message),) = mistakes(tmp_path / "e", lonely)
    assert message == "trial: there is no folder challenger/ with the bundle that is tried"


def test_a_mistake_of_the_challenger_stands_at_its_own_line(tmp_path: Path) -> None:
    files = trial_files(files_of(), files_of(("rules.yaml", "weight: 0.4", "weight: 4")), TrialHead("shadow"))
    sources, bundle = read_bundle(written(tmp_path / "b", files))
    assert bundle is None
    (mistake,) = sources.mistakes
    assert mistake.path == "challenger/rules.yaml"
    assert mistake.line is not None
    assert "weight: 4" in sources.texts["challenger/rules.yaml"].splitlines()[mistake.line - 1]


def test_the_examples_of_both_are_played_and_each_knows_its_own_bundle(tmp_path: Path) -> None:
    starter = dict(read_sources(find_bundle("starter")).contents)
    other = {**starter, "policy.yaml": starter["policy.yaml"].replace(b"from: 0.3", b"from: 0.5")}
    folder = written(tmp_path / "b", trial_files(starter, other, rollout(50, 0)))
    checked = examine_bundle(folder)
    assert checked.bundle is not None
    failed = [result for result in checked.results if not result.passed]
    assert failed
    assert {result.path.split("/")[0] for result in failed} == {"challenger"}
    assert {mistake.path.split("/")[0] for mistake in checked.sources.mistakes} == {"challenger"}
    assert [r.passed for r in run_examples(checked.bundle)] == [r.passed for r in checked.results]


def change(tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes]) -> tuple[list[str], tuple[str, ...]]:
    before, after = read(tmp_path / "old", old), read(tmp_path / "new", new)
    return [f"{c.section}/{c.name}" for c in diff_bundles(before, after)], harm_between(before, after)


def test_a_rollout_may_harm_as_its_challenger_would(tmp_path: Path) -> None:
    plain, harder, milder = files_of(), files_of(HARDER), files_of(MILDER)
    why = "challenger: rule MANY: weighs 0.5 instead of 0.4"

    def trial(challenger: dict[str, bytes], told: TrialHead) -> dict[str, bytes]:
        return trial_files(plain, challenger, told)

    shown, harm = change(tmp_path, plain, trial(harder, rollout(10)))
    assert shown == ["bundle/trial", "challenger/challenger", "challenger/rules: MANY"]
    assert harm == (why,)
    assert change(tmp_path, plain, trial(milder, rollout(10)))[1] == ()
    assert change(tmp_path, plain, trial(harder, TrialHead("shadow")))[1] == ()
    assert change(tmp_path, plain, trial(harder, rollout(0)))[1] == ()
    assert change(tmp_path, trial(harder, TrialHead("shadow")), trial(harder, rollout(10)))[1] == (why,)
    assert change(tmp_path, trial(harder, rollout(10)), plain) == (["bundle/trial", "challenger/challenger"], ())
    assert change(tmp_path, trial(harder, rollout(10)), trial(harder, rollout(5, 20)))[1] == ()
    grown = change(tmp_path, trial(harder, rollout(10)), trial(harder, rollout(40, 5, "b")))[1]
    assert grown == (
        "trial: with another salt others are decided by the challenger",
        "trial: 40 of 100 instead of 10 are decided by the challenger",
        "trial: the control group has 5 of 100 instead of 10",
        why,
    )
    assert change(tmp_path, trial(milder, rollout(10)), trial(milder, rollout(90)))[1] == ()
    assert change(tmp_path, trial(milder, rollout(10)), trial(harder, rollout(10)))[1] == (why,)
    # Whoever is promoted is held against the champion before it.
    assert change(tmp_path, trial(harder, rollout(90)), harder)[1] == (why.removeprefix("challenger: "),)
    moved = trial_files(harder, milder, rollout(10))
    assert change(tmp_path, trial(milder, rollout(10)), moved)[1] == (why.removeprefix("challenger: "),)
