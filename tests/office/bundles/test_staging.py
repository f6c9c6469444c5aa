"""What is looked at before a bundle may be proposed, and which bundle a start decides with."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from bonafide.core.errors import ConfigError, StateError, UsageError
from bonafide.engine.bundle import load_bundle
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.bundles.trial_files import trial_files
from bonafide.engine.shipped import find_bundle
from bonafide.office.bundles.four_eyes import choose
from bonafide.office.bundles.kept import keep_bundle, load_kept
from bonafide.office.bundles.staging import UPLOAD_BYTES_MAX, Sent, Staged, stage, stage_files
from bonafide.office.store.database import Store
from tests.office.bundles.kit import HERE, Desk


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory's folder where the starter bundle is kept."""
    data, source = tmp_path_factory.mktemp("data"), find_bundle("starter")
    content = load_bundle(source).hash
    keep_bundle(source, data, content)
    return data, content


def edited(tmp_path: Path, name: str, was: str, now: str) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(find_bundle("starter"), folder)
    text = (folder / name).read_text()
    assert was in text
    (folder / name).write_text(text.replace(was, now, 1))
    return folder


def first_weight() -> str:
    text = (find_bundle("starter") / "rules.yaml").read_text()
    return next(line for line in text.splitlines() if "weight:" in line)


def test_a_bundle_that_loads_and_whose_examples_hold_is_kept(tmp_path: Path, active: tuple[Path, str]) -> None:
    data, content = active
    staged = stage(edited(tmp_path, "README.md", "", "words\n") if _has_page() else _worded(tmp_path), data, content)
    assert staged.replaces == content
    assert staged.harms == ()
    assert staged.takes_over == "at-once"
    assert (data / "bundles" / staged.hash).is_dir()


def _has_page() -> bool:
    return (find_bundle("starter") / "README.md").exists()


def _worded(tmp_path: Path) -> Path:
    return edited(tmp_path, "rules.yaml", "", "# other words\n")


def test_what_is_wrong_is_not_proposed(tmp_path: Path, active: tuple[Path, str]) -> None:
    data, content = active
    folder = edited(tmp_path, "rules.yaml", "", "- nonsense\n")
    with pytest.raises(ConfigError, match=r"rules\.yaml"):
        stage(folder, data, content)
    shutil.rmtree(folder)
    folder = _worded(tmp_path)
    shutil.rmtree(folder / "examples")
    with pytest.raises(UsageError, match="has no examples"):
        stage(folder, data, content)
    with pytest.raises(UsageError, match="in force already"):
        stage(find_bundle("starter"), data, content)
    assert len(list((data / "bundles").iterdir())) <= 2


def test_an_example_that_does_not_hold_stops_it(tmp_path: Path, active: tuple[Path, str]) -> None:
    data, content = active
    line = first_weight()
    indent = line[: line.index("weight:")]
    folder = edited(tmp_path, "rules.yaml", line, f"{indent}weight: 0.0")
    with pytest.raises((UsageError, ConfigError), match="example"):
        stage(folder, data, content)


def test_files_that_are_sent_stay_within_the_bundle(active: tuple[Path, str]) -> None:
    data, content = active
    files = {str(p.relative_to(find_bundle("starter"))): p.read_text()
             for p in sorted(find_bundle("starter").rglob("*")) if p.is_file()}  # fmt: skip
    files["rules.yaml"] += "\n# sent\n"
    assert stage_files(Sent(files, {}), data, content).harms == ()
    page = base64.b64encode(b"a page\n").decode()
    assert stage_files(Sent(files, {"NOTICE": page}), data, content).changes
    outside = ("../x", "/etc/x", "a/b/c.yaml", ".hidden", "a\\b", "examples/../rules.yaml", "")
    for name in (*outside, "x" * 300, "rules.yaml/x"):
        with pytest.raises(UsageError, match="no path"):
            stage_files(Sent(files | {name: "x"}, {}), data, content)
    with pytest.raises(UsageError, match="base64"):
        stage_files(Sent(files, {"NOTICE": "%"}), data, content)
    with pytest.raises(UsageError, match="at most"):
        stage_files(Sent(files | {"NOTICE": "x" * UPLOAD_BYTES_MAX}, {}), data, content)
    with pytest.raises(UsageError, match=r"files: error: rules\.yaml:1"):
        stage_files(Sent(files | {"rules.yaml": "- nonsense\n"}, {}), data, content)
    with pytest.raises(UsageError, match=r"^files: this bundle is in force already"):
        stage_files(
            Sent(files | {"rules.yaml": (find_bundle("starter") / "rules.yaml").read_text()}, {}), data, content
        )
    assert not [path for path in (data / "bundles").iterdir() if path.name.startswith(".")]


def test_a_trial_may_be_sent_and_waits_where_its_challenger_may_harm(active: tuple[Path, str]) -> None:
    data, content = active
    ours = dict(read_sources(find_bundle("starter")).contents)
    weight = first_weight().split("weight:")[1].split(",")[0].strip()
    theirs = ours | {"rules.yaml": ours["rules.yaml"].replace(weight.encode(), b"0.01", 1)}

    def sent(challenger: dict[str, bytes], told: TrialHead) -> Staged:
        files = {name: text.decode() for name, text in trial_files(ours, challenger, told).items()}
        return stage_files(Sent(files, {}), data, content)

    with pytest.raises(UsageError, match=r"error: challenger/examples/"):  # it does less than its examples say
        sent(theirs, TrialHead("shadow"))
    same = sent(ours, TrialHead("rollout", 10.0, 10.0, "a"))
    assert (same.harms, same.takes_over) == ((), "at-once")
    assert load_kept(data, same.hash).trial is not None
    rule = "- {id: ALL, when: type == 'payment' and amount > 7, typology: off_hours, weight: 0.01, reason: RC02,\n"
    rule += "   source: t}\n"
    examples = (
        "defaults: {merchant_id: m, order_id: o, user_id: u, currency: CNY}\nexamples:\n"
        "- {name: eight, event: {amount: 8}, hits: [ALL]}\n- {name: seven, event: {amount: 7}, not_hits: [ALL]}\n"
    )
    harder = ours | {"rules.yaml": ours["rules.yaml"] + rule.encode(), "examples/all.yaml": examples.encode()}
    told = sent(harder, TrialHead("rollout", 10.0, 10.0, "a"))
    assert told.harms == ("challenger: rule ALL: is new",)
    assert "challenger: rules: ALL added" in told.changes
    assert sent(harder, TrialHead("shadow")).harms == ()
    for name in ("challenger/examples/a/b.yaml", "challenger/bundle.yaml/x", "challenger"):
        files = {path: text.decode() for path, text in trial_files(ours, ours, TrialHead("shadow")).items()}
        with pytest.raises(UsageError, match="no path"):
            stage_files(Sent(files | {name: "x"}, {}), data, content)


def test_a_start_decides_with_what_four_eyes_chose(store: Store, tmp_path: Path, active: tuple[Path, str]) -> None:
    desk = Desk(store, tmp_path)
    given = load_bundle(find_bundle("starter"))
    other = given._replace(hash="f" * 64)
    data = desk.data.folder
    keep_bundle(find_bundle("starter"), data, given.hash)

    def chosen(mode: str = "auto", bundle: object = other, *, named: bool = True, decided: frozenset[str] = frozenset(),
               last: str | None = given.hash) -> tuple[str, bool]:  # fmt: skip
        found = choose(mode, bundle, named, desk.life.read(), decided, last, data)  # type: ignore[arg-type]
        return found.bundle.hash, found.passed_over

    assert chosen() == (other.hash, False)  # nobody has approved anything yet
    desk.life.propose(desk.ann, HERE, desk.staged("second", given.hash))
    assert chosen() == (other.hash, False)
    desk.life.approve(desk.bob, HERE, desk.kept("second"))
    with pytest.raises(UsageError, match="has not been approved"):
        chosen()
    assert chosen(named=False) == (given.hash, True)
    assert chosen(decided=frozenset({other.hash})) == (given.hash, True)
    assert chosen(bundle=given) == (given.hash, False)
    assert chosen("never") == (other.hash, False)
    assert chosen("always", last=None) == (other.hash, False)
    (data / "bundles" / given.hash / "rules.yaml").write_text("[]\n")
    with pytest.raises(StateError, match="was changed"):
        chosen(bundle=given)
