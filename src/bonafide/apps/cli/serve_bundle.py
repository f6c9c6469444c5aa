"""Which bundle `bonafide serve` decides with, and what carries out the office's wishes while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonafide.core.errors import StateError

if TYPE_CHECKING:
    from bonafide.apps.runtime.office_watch import OfficeWatch
    from bonafide.apps.runtime.runtime import Runtime
    from bonafide.apps.server.logs import Log
    from bonafide.apps.server.office import Office
    from bonafide.apps.server.serving import Beside
    from bonafide.apps.settings import Settings
    from bonafide.engine.bundle import Bundle
    from bonafide.office.bundles.four_eyes import Chosen
    from bonafide.office.bundles.life import BundleLife
    from bonafide.office.journal.journal import Journal
    from bonafide.office.store.datadir import DataDir


class Together:
    """Some that work beside the deciding process, as one."""

    def __init__(self, *parts: Beside | None) -> None:
        self._parts = [part for part in parts if part is not None]

    def start(self) -> None:
        """Start them in their order."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """Stop them, the last first."""
        for part in reversed(self._parts):
            part.stop()


def choose_bundle(
    data: DataDir, settings: Settings, given: Bundle, journal: Journal, life: BundleLife | None, log: Log
) -> Chosen:  # fmt: skip
    """The bundle that this start decides with, of which a copy is kept. Raises what `choose` raises."""
    from bonafide.apps.settings import SETTINGS
    from bonafide.engine.shipped import find_bundle
    from bonafide.office.bundles.four_eyes import Chosen, choose
    from bonafide.office.bundles.kept import keep_bundle

    if life is None:
        chosen = Chosen(given, None, passed_over=False)
    else:
        decided = {content for _, content in journal.head.activations}
        named = settings.bundle != SETTINGS["bundle"].default
        chosen = choose(settings.four_eyes, given, named, life.read(), decided, journal.head.bundle, data.folder)
    if chosen.bundle is given:
        keep_bundle(find_bundle(settings.bundle), data.folder, given.hash)
    if chosen.passed_over:
        log.warning("bundle-passed-over", setting=settings.bundle, hash=given.hash, in_force=chosen.bundle.hash)
    return chosen


def note_start(runtime: Runtime, chosen: Chosen, life: BundleLife | None) -> None:
    """Write back that an activation which waited for a start is in force."""
    if life is not None and chosen.by is not None:
        life.note_outcome(chosen.by, runtime.journal.head.activations[-1][0])


def note_failure(chosen: Chosen, life: BundleLife, error: StateError, log: Log) -> bool:
    """Write back that an activation which waited for a start cannot be in force, so that the one before it decides;
    False where it was in force already."""
    step = chosen.by
    if step is None or step.number in life.read()[1]:
        return False
    log.warning("bundle-refused", hash=step.hash, told=str(error))
    life.note_outcome(step, None, error.message)
    return True


def open_watch(office: Office, settings: Settings, life: BundleLife, log: Log) -> OfficeWatch:
    """What looks at the office while the service decides."""
    from bonafide.apps.runtime.office_watch import OfficeWatch
    from bonafide.office.records.records import Records

    followed = None if settings.four_eyes == "never" else life
    records = Records(office.store, clock=office.clock)
    say = lambda text: log.warning("office", told=text)
    return OfficeWatch(followed, office.lists(), records, office.data.folder, say)
