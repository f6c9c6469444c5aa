"""Which changes of a bundle may harm: each kind both ways, and what cannot be told counts as harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bonafide.engine.bundle import Bundle, read_bundle
from bonafide.engine.bundles.diff import diff_bundles
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.harm import harm_of
from bonafide.testing.ladder.playground import shipped_ladder, write_playground
from tests.engine.tiny import TINY

OUTCOMES = (TINY / "policy.yaml").read_text()


def read(folder: Path) -> tuple[Sources, Bundle]:
    sources, bundle = read_bundle(folder)
    sources.raise_mistakes()
    assert bundle is not None
    return sources, bundle


def harms(tmp_path: Path, *edits: tuple[str, str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the edits of the tiny bundle may harm, and what taking them back may."""
    folder = tmp_path / "new"
    shutil.copytree(TINY, folder)
    (tmp_path / "old" / "lists").mkdir(parents=True)
    shutil.copytree(TINY, tmp_path / "old", dirs_exist_ok=True)
    (tmp_path / "old" / "lists").rmdir()
    for name, was, now in edits:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        text = path.read_text() if path.exists() else ""
        assert was in text
        path.write_text(text.replace(was, now, 1))
    old, new = read(tmp_path / "old"), read(folder)
    return harm_of(old[1], new[1], diff_bundles(old, new)), harm_of(new[1], old[1], diff_bundles(new, old))


@pytest.mark.parametrize(
    ("edit", "harder", "milder"),
    [
        (("rules.yaml", "weight: 0.4", "weight: 0.5"), "rule MANY: weighs 0.5 instead of 0.4", None),
        (("rules.yaml", "user_count_1h >= 2", "user_count_1h >= 1"), "rule MANY: may hold where it did not", None),
        (("rules.yaml", "amount >= 100000", "amount >= 90000 and amount >= 80000"), "rule LARGE: may hold", None),
        (("rules.yaml", "when: amount < 0", "when: amount < 10"), "rule NEVER: may hold where it did not", None),
        (("rules.yaml", "effect: hold", "effect: decline"), "rule CASH: has the effect decline instead of hold", None),
        (("rules.yaml", "to == 'cash'", "to in ['cash', 'bank']"), "rule CASH: may hold where it did not", None),
        (("rules.yaml", "", "- {id: NEW, when: amount > 7, typology: off_hours, weight: 0, reason: RC1, source: t}\n"),
         "rule NEW: is new", None),
        (("rules.yaml", "utilisation > 0.9", "utilisation < 0.9"), "rule FULL: may", "rule FULL: may"),
        (("features.yaml", "over: 1h", "over: 2h"), "feature user_count_1h: counts", "feature user_count_1h"),
        (("bundle.yaml", "lateness: 2d", "lateness: 3d"), "bundle.yaml: lateness", "bundle.yaml: lateness"),
        (("rules.yaml", "source: tests", "source: others"), None, None),
        (("rules.yaml", "reason: RC1", "reason: RC2"), None, None),
        (("rules.yaml", "", "# a comment\n"), None, None),
        (("README.md", "", "a page\n"), None, None),
    ],
)  # fmt: skip
def test_each_kind_of_change(
    tmp_path: Path, edit: tuple[str, str, str], harder: str | None, milder: str | None
) -> None:
    there, back = harms(tmp_path, edit)
    for found, wanted in ((there, harder), (back, milder)):
        assert (found == ()) if wanted is None else (len(found) == 1 and found[0].startswith(wanted)), found


def test_a_rule_that_watched_may_harm_once_it_counts(tmp_path: Path) -> None:
    there, back = harms(tmp_path, ("rules.yaml", "weight: 0.4", "weight: 0, effect: monitor"))
    assert there == ()
    assert "rule MANY: has the effect allow instead of monitor" in back


def test_a_ladder_harms_by_whatever_is_not_words(tmp_path: Path) -> None:
    ladder = shipped_ladder()
    made = {}
    words = ladder.replace("answers within 5 days", "answers within 3 days")
    longer = ladder.replace("limit_credit: 30d", "limit_credit: 60d")
    for name, text in (("without", None), ("with", ladder), ("words", words), ("longer", longer)):
        made[name] = read(write_playground(tmp_path / name, text))

    def told(was: str, now: str) -> tuple[str, ...]:
        return harm_of(made[was][1], made[now][1], diff_bundles(made[was], made[now]))

    assert told("with", "words") == ()
    assert told("with", "longer") == ("ladder.yaml: lasts changes, and harder measures may be proposed",)
    for changes in (told("without", "with"), told("with", "without")):
        assert "ladder.yaml: user changes, and harder measures may be proposed" in changes


def test_bands_measures_and_holds(tmp_path: Path) -> None:
    policy = OUTCOMES
    first = next(line for line in policy.splitlines() if "from:" in line and "0}" not in line and "0," not in line[:20])
    number = first.split("from: ")[1].split(",")[0]
    there, back = harms(tmp_path, ("policy.yaml", first, first.replace(number, str(float(number) / 2), 1)))
    assert len(there) == 1
    assert there[0].startswith(f"policy.yaml: a score of {float(number) / 2:g} means")
    assert back == ()


def test_a_list_harms_by_how_it_is_asked_for(tmp_path: Path) -> None:
    rule = "- {id: LST, when: %s, typology: off_hours, weight: 0.1, reason: RC1, source: t}\n"
    made = {}
    for kind, when in (("in", "user_id in known"), ("not in", "amount > 5 and user_id not in known")):
        for size, entries in (("small", "u1\n"), ("large", "u1\nu2\n")):
            folder = tmp_path / kind / size
            shutil.copytree(TINY, folder)
            (folder / "lists").mkdir()
            (folder / "lists" / "known.txt").write_text(entries)
            (folder / "rules.yaml").write_text((folder / "rules.yaml").read_text() + rule % when)
            made[kind, size] = read(folder)

    def told(kind: str, was: str, now: str) -> tuple[str, ...]:
        old, new = made[kind, was], made[kind, now]
        return harm_of(old[1], new[1], diff_bundles(old, new))

    assert told("in", "small", "large") == ("list known: 1 more in it, and a rule holds for who is",)
    assert told("in", "large", "small") == ()
    assert told("not in", "small", "large") == ()
    assert told("not in", "large", "small") == ("list known: 1 fewer in it, and a rule holds for who is not",)
