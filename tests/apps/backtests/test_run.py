"""A back-test of a journal says what `bonafide backtest` says of the exported log, walked or from kept features."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bonafide.apps.backtests.run import KEPT_MS, last_days, run_backtest
from bonafide.apps.backtests.told import ASKED, BACKTESTS, BUNDLE, FIGURES, Asked, Progress, report_name, write_json
from bonafide.core.errors import StateError
from bonafide.core.events import Event, Payment, Verdict
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle
from bonafide.lab.backtest.compare import compare
from bonafide.lab.backtest.told import Backtest
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.journal import Journal, Record
from bonafide.office.store.datadir import DataDir
from tests.engine.kit import START_MS
from tests.lab.backtest.kit import backtested, changed, write_log
from tests.lab.runs import BUNDLE as SMALL

RULE = "- {id: XX, when: amount > 500, typology: broker_ring, weight: 0.9, reason: RC1, source: test}\n"


def payments(first: int, count: int) -> list[Event]:
    return [
        Payment(event_id=f"p{at}", time=START_MS + at * DAY_MS // 4, user_id=f"u{at % 5}", merchant_id=f"m{at % 3}",
                order_id=f"o{at}", amount=100 * (at % 10) + 1, currency="CNY", credit_limit=10_000, credit_used=0)
        for at in range(first, first + count)
    ]  # fmt: skip


def verdict(number: int, of: str, label: str) -> Event:
    return Verdict(event_id=f"v{number}", time=START_MS + 100 * DAY_MS + number, subject_type="event", subject_id=of,
                   label=label, source="analyst", user_id="u0", merchant_id="m0")  # type: ignore[arg-type]  # fmt: skip


class Log:
    """A data directory with a journal, two bundles, and what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.data = DataDir.open(folder / "data").folder
        self.champion = changed(folder / "one")
        self.challenger = changed(folder / "two", rules=RULE)
        keep_bundle(folder / "one", self.data, self.champion.hash)
        self.folder, self.events = folder, list[Event]()
        self._asked = 0

    def add(self, events: Sequence[Event]) -> None:
        records = [Record(0, "", msgspec.json.encode(one), b"{}") for one in events]
        with closing(Journal.open(self.data)) as journal:
            journal.append(records, bundle=self.champion.hash)
        self.events += events

    def ask(self, *, days: int | None = None, fresh: bool = False) -> str:
        self._asked += 1
        name = f"{self._asked:016x}"
        home = self.data / BACKTESTS / name
        shutil.copytree(self.folder / "two", home / BUNDLE)
        write_json(home / ASKED, Asked(
            id=name, person="ann", asked_ms=0, champion=self.champion.hash, challenger=self.challenger.hash, name="two",
            days=days, fresh=fresh,
        ))  # fmt: skip
        return name

    def run(self, *, days: int | None = None, fresh: bool = False, now_ms: int = 0) -> Backtest:
        name = self.ask(days=days, fresh=fresh)
        home = self.data / BACKTESTS / name
        said: list[Progress] = []
        run_backtest(self.data, name, now_ms, said.append)
        assert said
        assert "<script" not in (home / report_name("zh")).read_text(encoding="utf-8")
        return msgspec.json.decode((home / FIGURES).read_bytes(), type=Backtest)

    def by_lab(self, events: Sequence[Event], bundles: Sequence[Bundle]) -> Backtest:
        return compare(backtested(write_log(self.folder, list(events)), bundles), resamples=0)


def plain(told: Backtest) -> list[object]:
    """What must be the same, however it came about."""
    return [
        (one.hash, one.decided, one.by_outcome, one.alerts, one.days, [(r.id, r.hits, r.hits_alone, r.alerts_lost)
         for r in one.rules]) for one in told.bundles
    ]  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    found = Log(tmp_path_factory.mktemp("backtests"))
    found.add(payments(0, 300))
    return found


def test_it_says_what_a_back_test_of_the_exported_log_says(log: Log) -> None:
    walked = log.run(fresh=True)
    assert plain(walked) == plain(log.by_lab(log.events, [log.champion, log.challenger]))
    assert (walked.events, walked.cached, walked.labels) == (300, False, None)
    assert walked.swap_sets[0].changed > 0
    again = log.run(now_ms=KEPT_MS)
    assert (plain(again), again.cached) == (plain(walked), True)
    assert not log.run(now_ms=KEPT_MS + 1).cached  # too old


def test_the_newest_verdict_judges_and_a_log_that_grew_little_is_not_walked_again(log: Log) -> None:
    before = log.run(fresh=True)
    grown = before.events // 20
    log.add([verdict(1, "p9", "genuine"), verdict(2, "p9", "cash_out"), verdict(3, "p8", "genuine"),
             verdict(4, "p7", "cash_out"), verdict(5, "p7", "unsure")])  # fmt: skip
    told = log.run()
    assert (told.cached, told.events, told.labelled, told.cash_out) == (True, before.events, 2, 1)
    log.add(payments(1_000, grown * 2))
    walked = log.run()
    assert (walked.cached, walked.events, walked.labelled) == (False, len(log.events), 2)


def test_the_last_days_alone_are_judged_with_the_windows_of_the_whole_log(log: Log) -> None:
    streams = backtested(write_log(log.folder, log.events), [log.champion])
    part = last_days(streams, 10)
    assert 0 < part.events.height < streams.events.height
    assert part.streams[0].which.tolist() == streams.streams[0].which.tolist()[-part.events.height :]
    told = log.run(days=10)
    assert [one.decided for one in told.bundles] == [part.events.height] * 2


def test_a_bundle_that_is_not_what_was_asked_for_any_more_is_refused(log: Log) -> None:
    log.run()
    kept = log.data / "bundles" / log.champion.hash / "rules.yaml"
    kept.write_text(SMALL["rules.yaml"] + RULE, encoding="utf-8")
    with pytest.raises(StateError, match="was changed"):
        log.run()
    kept.write_text(SMALL["rules.yaml"], encoding="utf-8")
