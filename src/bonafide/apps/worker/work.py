"""All that the worker does, in rounds, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from bonafide.apps.outbox.clear import clear_texts_of
from bonafide.apps.outbox.worker import OutboxWorker, open_outbox
from bonafide.apps.settings import Settings
from bonafide.apps.worker.intake import ROWS_AT_ONCE, TakeIn, open_take_in
from bonafide.core.errors import StateError
from bonafide.core.moment import HOUR_MS, MINUTE_MS
from bonafide.office.access.keys import now_ms
from bonafide.office.admission.watch import MerchantWatch
from bonafide.office.appeals.appeals import Appeals
from bonafide.office.audit.marks import Marker
from bonafide.office.bundles.hits import HitCounter
from bonafide.office.cases.desk import come_back
from bonafide.office.cases.files import CaseFiles
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.cases.typologies import typologies_in
from bonafide.office.education.loading import taught_in
from bonafide.office.journal.lock import WORKER_LOCK_FILE, FolderLock
from bonafide.office.me.follow import Teller
from bonafide.office.measures.upkeep import Upkeep
from bonafide.office.outbox.log import open_log
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.opening import open_store
from bonafide.office.vault.forgetting import sweep
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.vault import Vault

EVERY_S: Final = 0.5
"""How soon it looks again where there was nothing to do."""
TROUBLE_S: Final = 2.0
"""How long it waits after something could not be read or written."""
SWEEP_EVERY_MS: Final = HOUR_MS
MARK_EVERY_MS: Final = 10 * MINUTE_MS
"""How often the audit log gets a mark of the journal."""

CASE_STEPS: Final = 8
"""Steps of reading the log for cases in one round, so that clear texts do not wait for a long log."""
LAST_STEPS: Final = 16
"""Steps of taking in after it was told to stop; the rest waits, sealed, for the next start."""

Say = Callable[[str], None]


class Tools(NamedTuple):
    """What a round works with."""

    vault: Vault
    take_in: TakeIn
    merchants: MerchantWatch
    outbox: OutboxWorker
    marker: Marker
    opener: CaseOpener
    store: Store
    measures: Upkeep
    appeals: Appeals
    teller: Teller
    files: CaseFiles
    hits: HitCounter


class Work:
    """The work on one data directory. Whatever goes wrong is told once, and tried again for as long as it runs."""

    def __init__(
        self, data: DataDir, settings: Settings, master_key: str | None, say: Say, clock: Callable[[], int] = now_ms
    ) -> None:  # fmt: skip
        self._data = data
        self._settings = settings
        self._master_key = master_key
        self._say = say
        self._clock = clock
        self._swept_ms = self._marked_ms = 0
        self._trouble: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then what waits is taken in once more, and sends under way are finished."""
        while not stop.is_set():
            try:
                with self._opened() as tools:
                    self._tell(None)
                    self._rounds(tools, stop)
            except StateError as error:
                self._tell(str(error))
                stop.wait(TROUBLE_S)

    def _rounds(self, tools: Tools, stop: threading.Event) -> None:
        while not stop.is_set():
            taken = tools.take_in.step()
            # Reviews come behind the intake: what an application names is known by then.
            reviewed = tools.merchants.step() if taken < ROWS_AT_ONCE else 0
            told = tools.measures.step() + tools.teller.step() + self._count_hits(tools.hits)
            if not told + taken + reviewed + self._open_cases(tools):
                stop.wait(EVERY_S)
            self._sweep_when_due(tools)
            self._mark_when_due(tools.marker)
            self._tell(tools.outbox.trouble)
        for _ in range(LAST_STEPS):
            if not tools.take_in.step():
                break
        tools.marker.mark(self._clock())

    def _open_cases(self, tools: Tools) -> int:
        """Take some of the log in for cases, and have those come back that waited; how many events were read."""
        come_back(tools.store, self._clock())
        read = 0
        for _ in range(CASE_STEPS):
            step = tools.opener.step()
            if not step:
                break
            read += step
        return read

    def _count_hits(self, hits: HitCounter) -> int:
        """Count some more of the log; a disk that is full keeps nothing else from being done."""
        try:
            return hits.step()
        except OSError:
            return 0

    def _sweep_when_due(self, tools: Tools) -> None:
        now = self._clock()
        if now - self._swept_ms >= SWEEP_EVERY_MS:
            self._swept_ms = now
            sweep(tools.vault)
            tools.appeals.sweep()
            tools.files.sweep()

    def _mark_when_due(self, marker: Marker) -> None:
        now = self._clock()
        if now - self._marked_ms >= MARK_EVERY_MS and marker.mark(now):
            self._marked_ms = now

    @contextmanager
    def _opened(self) -> Iterator[Tools]:
        with ExitStack() as held:
            held.callback(FolderLock(self._data.folder, WORKER_LOCK_FILE).release)
            store = held.enter_context(open_store(self._data, self._settings.store_url))
            vault = open_vault(store, self._data, self._master_key, clock=self._clock)
            take_in = held.enter_context(open_take_in(self._data.folder, vault))
            log = held.enter_context(open_log(self._data.folder))
            asks = clear_texts_of(vault)
            outbox = held.enter_context(open_outbox(self._data, store, self._settings, asks, self._clock))
            outbox.worker.start()
            secret = self._data.read_secret()
            merchants = MerchantWatch(vault, log, self._data.folder, secret, self._clock, take_in.waits)
            opener = CaseOpener(store, log, typologies_in(self._data.folder), clock=self._clock)
            measures = Upkeep(store, log, secret, self._clock)
            appeals = Appeals(store, self._data.folder, secret, vault)
            teller = Teller(store, log, secret, taught_in(self._data.folder), self._clock)
            files = CaseFiles(store, self._data.folder, vault.keyring, clock=self._clock)
            yield Tools(
                vault, take_in, merchants, outbox.worker, Marker(store, log), opener, store, measures, appeals,
                teller, files, HitCounter(log, self._data.folder, self._clock),
            )  # fmt: skip

    def _tell(self, trouble: str | None) -> None:
        """Say what is wrong when it begins, and that it is over."""
        if trouble is not None and trouble != self._trouble:
            self._say(f"the worker does not get on: {trouble}; it tries again")
        elif trouble is None and self._trouble is not None:
            self._say("the worker gets on again")
        self._trouble = trouble
