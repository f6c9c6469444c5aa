"""People over a store of one test, a data directory, and bundles that are nothing but a page with another text."""

from __future__ import annotations

from pathlib import Path

from bonafide.engine.bundles.files import content_hash
from bonafide.office.bundles.kept import keep_files
from bonafide.office.bundles.life import BundleLife
from bonafide.office.bundles.staging import Staged
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.office.people.kit import Office

HERE = "127.0.0.1"
HOUR = 3_600_000


class Desk:
    """Ann, Bob and Cy, who may propose, approve and activate; and what they do."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.data = DataDir.open(folder / "data")
        self.store, self.office = store, Office(store)
        self.clock = self.office.clock
        self.life = BundleLife(store, self.data, clock=self.clock)
        self.ann = self.person("ann", "analyst")
        self.bob = self.person("bob", "senior")
        self.cy = self.person("cy", "admin")
        self.first = self.kept("first")

    def person(self, name: str, role: str) -> Session:
        return self.office.settled(name, role).session

    def again(self, name: str) -> Session:
        """Another session of the same person."""
        self.clock.now_ms += 60_000
        from tests.office.people.kit import PASSWORD

        return self.office.desk.sign_in(name, PASSWORD, HERE, code=self.office.code(name)).session

    def kept(self, text: str) -> str:
        """The hash of a bundle that is kept."""
        files = {"README.md": text.encode()}
        keep_files(files, self.data.folder, content_hash(files))
        return content_hash(files)

    def staged(self, text: str, replaces: str = "", harms: tuple[str, ...] = ()) -> Staged:
        return Staged(self.kept(text), text, replaces or self.first, (f"files: {text}",), harms, "at-once")

    def approved(self, text: str, replaces: str = "", harms: tuple[str, ...] = ()) -> str:
        """A bundle that Ann has proposed and Bob approved."""
        made = self.staged(text, replaces, harms)
        self.life.propose(self.ann, HERE, made)
        return self.life.approve(self.bob, HERE, made.hash).hash

    def active(self, text: str, replaces: str = "") -> str:
        """A bundle that was activated, and took over."""
        step = self.life.activate(self.cy, HERE, self.approved(text, replaces))
        self.life.note_outcome(step, 7)
        return step.hash
