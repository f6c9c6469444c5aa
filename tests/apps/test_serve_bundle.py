"""What `bonafide serve` decides with: the setting until four eyes apply, then what two people chose, nothing else."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bonafide.apps.cli.serve import start_runtime
from bonafide.apps.cli.serve_bundle import Together
from bonafide.apps.runtime import office_watch
from bonafide.apps.runtime.runtime import Runtime
from bonafide.apps.settings import Settings
from bonafide.core.errors import StateError, UsageError
from bonafide.engine.bundle import load_bundle
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.bundles.life import BundleLife
from bonafide.office.bundles.staging import Staged
from bonafide.office.bundles.steps import in_force
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from tests.engine.kit import payment
from tests.engine.tiny import TINY
from tests.office.bundles.kit import HERE, Desk


class Told:
    """A log that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda event, **more: self.events.append(event)


class Key:
    key_id = "k1"


class Site:
    """One data directory, its people, and its starts."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "office.db")
        self.desk = Desk(self.store, folder)
        self.data = self.desk.data
        self.folder = folder
        self.log = Told()
        self.first = self.made("first", "# first\n")

    def made(self, name: str, more: str = "", replace: tuple[str, str, str] | None = None) -> Path:
        """A bundle's folder."""
        folder = self.folder / name
        shutil.copytree(TINY, folder)
        if replace is not None:
            file, was, now = replace
            (folder / file).write_text((folder / file).read_text().replace(was, now))
        with (folder / "rules.yaml").open("a") as file_:
            file_.write(more)
        return folder

    def activated(self, folder: Path, replaces: Path, life: BundleLife | None = None) -> str:
        """Have two people choose a bundle."""
        life = life or self.desk.life
        content = load_bundle(folder).hash
        keep_bundle(folder, self.data.folder, content)
        staged = Staged(content, folder.name, load_bundle(replaces).hash, (), (), "at-once")
        life.propose(self.desk.ann, HERE, staged)
        life.approve(self.desk.bob, HERE, content)
        life.activate(self.desk.cy, HERE, content)
        return content

    def start(self, given: Path, mode: Any = "auto") -> str:
        """Start, decide once, stop; the hash of what decided."""
        settings = Settings(bundle=str(given), four_eyes=mode)
        runtime = start_runtime(self.data, settings, load_bundle(given), self.log, None, self.desk.life)  # type: ignore[arg-type]

        async def use(runtime: Runtime) -> str:
            runtime.run(asyncio.get_running_loop())
            seq = runtime.journal.next_seq
            (answer,) = await runtime.decide((payment(seq, 0),), None, Key())
            await runtime.stop()
            return answer.body.decode()

        body = asyncio.run(use(runtime))
        found = runtime.bundle.hash
        assert found in body
        return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_setting_decides_until_two_people_have_chosen(site: Site) -> None:
    other, hash_of = site.made("other", "# other\n"), lambda folder: load_bundle(folder).hash
    assert [site.start(folder) for folder in (site.first, other, site.first)] == [
        hash_of(site.first), hash_of(other), hash_of(site.first),
    ]  # fmt: skip
    chosen = site.activated(site.made("chosen", "# chosen\n"), site.first)
    assert site.start(site.first) == chosen
    assert site.log.events[-2:] == ["bundle-passed-over", "recovered"]
    outcome = site.desk.life.read()[1][2]
    assert (outcome.outcome, outcome.seq) == ("done", 6)
    with pytest.raises(UsageError, match="has not been approved"):
        site.start(site.made("third", "# third\n"))
    assert site.start(site.first, "never") == hash_of(site.first)
    assert site.start(other) == chosen


def test_a_copy_that_was_swapped_stops_every_start(site: Site) -> None:
    site.start(site.first)
    chosen = site.activated(site.made("chosen", "# chosen\n"), site.first)
    rules = site.data.bundles / chosen / "rules.yaml"
    kept = rules.read_text()
    rules.write_text(kept.replace("0.4", "0.9"))
    for _ in range(2):
        with pytest.raises(StateError, match="was changed"):
            site.start(site.first)
    rules.write_text(kept)
    assert site.start(site.first) == chosen
    rules.write_text(kept + "# once more\n")
    with pytest.raises(StateError, match="was changed"):
        site.start(site.first)


def test_what_waits_for_a_start_and_cannot_take_over_leaves_the_old_one(site: Site) -> None:
    narrow = site.made("narrow", replace=("bundle.yaml", "lateness: 2d", "lateness: 1h"))
    settings = Settings(bundle=str(site.first))
    runtime = start_runtime(site.data, settings, load_bundle(site.first), site.log, None, site.desk.life)  # type: ignore[arg-type]

    async def use() -> None:
        runtime.run(asyncio.get_running_loop())
        await runtime.decide((payment(0, 0), payment(1, -2 * 3_600_000)), None, Key())
        await runtime.stop()

    asyncio.run(use())
    site.activated(narrow, site.first)
    assert site.start(site.first) == load_bundle(site.first).hash
    assert "bundle-refused" in site.log.events
    steps, outcomes = site.desk.life.read()
    assert (outcomes[2].outcome, "lateness" in outcomes[2].told) == ("failed", True)
    assert in_force(steps, outcomes) is None


def test_what_is_under_way_when_the_service_stops_is_given_up_and_comes_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office_watch, "STOP_S", 0.01)
    site.start(site.first)
    site.activated(site.made("chosen", "# chosen\n"), site.first)
    began, closed = threading.Event(), threading.Event()

    class Warms:
        bundle = None

        def activate(self, bundle: Any, by: str | None = None) -> int:
            began.set()
            closed.wait(30)
            raise StateError("the journal is closed")

    said: list[str] = []
    watch = office_watch.OfficeWatch(
        site.desk.life, None, Records(site.desk.life._store), site.data.folder, said.append
    )
    watch.over(Warms())  # type: ignore[arg-type]
    watch.start()
    assert began.wait(30)
    watch.stop()
    closed.set()
    watch._thread.join()
    assert said == []
    assert site.desk.life.read()[1] == {}


def test_parts_beside_start_in_order_and_stop_backwards() -> None:
    said: list[str] = []

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            said.append(f"start {self.name}")

        def stop(self) -> None:
            said.append(f"stop {self.name}")

    both = Together(Part("a"), None, Part("b"))
    both.start()
    both.stop()
    assert said == ["start a", "start b", "stop b", "stop a"]
