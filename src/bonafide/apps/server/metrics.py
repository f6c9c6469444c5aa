"""Prometheus metrics: read from plain counts when they are asked for, so that nothing is paid for them before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bonafide.apps.runtime.figures import Figures, Histogram
from bonafide.apps.runtime.runtime import State
from bonafide.apps.runtime.snapshots import SUFFIX
from bonafide.apps.server.ports import Runtime

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

_MS: Final = 1_000
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one service, in a registry of their own."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Of(service))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """All of them as Prometheus reads them; may read from disk."""
        return generate_latest(self._registry)


class _Of(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterable[Metric]:
        """Nothing: asking for names at registration would ask a runtime that has not started."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family, from the numbers as they are now."""
        service = self._service
        yield _labelled("bonafide_info", "The version that runs.", {(_version(),): 1}, ("version",))
        state, _ = service.admission.standing()
        states = {(one,): int(one == state) for one in get_args(State)}
        yield _labelled("bonafide_state", "1 for the state that the service is in.", states, ("state",))
        yield from _of_doors(service)
        looks = 0 if service.office is None else service.office.unusual.total
        yield _count("bonafide_unusual_looks", "Looks at clear data that were one too many for who looked.", looks)
        yield from _of_figures(service.runtime.figures)
        yield _gauge("bonafide_queue_events", "Events given in and not answered yet.", service.runtime.waiting_events)
        if state not in ("starting", "failed"):
            yield from _of_disk(service.runtime, service.admission.wall_ms())


def _of_doors(service: Service) -> Iterator[Metric]:
    counts, gate = service.counts, service.admission.gate
    requests = {(route, str(status)): number for (route, status), number in counts.requests.copy().items()}
    yield _counter("bonafide_requests", "Requests by route and status.", requests, ("route", "status"))
    answers = {(str(status),): number for status, number in counts.events.copy().items()}
    yield _counter("bonafide_answers", "Events by the status of their answer.", answers, ("status",))
    yield _gauge("bonafide_in_flight_requests", "Requests that are being answered.", gate.requests)
    yield _gauge("bonafide_in_flight_bytes", "Bytes of bodies and answers that are held.", gate.bytes)
    yield _count("bonafide_shed_requests", "Requests turned away for want of room.", gate.shed)
    yield _count(
        "bonafide_refused_connections", "Connections turned away for want of room.", counts.connections_refused
    )
    yield _count("bonafide_refused_heads", "Connections closed for a head too slow, too large or not HTTP.",
                 counts.heads_refused)  # fmt: skip
    yield _count("bonafide_failed_reads", "Requests told to come again: what is on disk could not be read.",
                 counts.reads_failed)  # fmt: skip
    yield _histogram("bonafide_loop_lag_seconds", "How much later than asked the loop woke up.", counts.loop_lag)
    yield _gauge("bonafide_loop_lag_max_seconds", "The latest that the loop ever woke up.", counts.loop_lag_max_s)


def _of_figures(figures: Figures) -> Iterator[Metric]:
    events = dict(figures.decided.copy()) | {(kind, "taught"): n for kind, n in figures.taught.copy().items()}
    yield _counter("bonafide_events", "Events taken in, by type and outcome.", events, ("type", "outcome"))
    refused = {(reason,): number for reason, number in figures.refused.copy().items()}
    yield _counter("bonafide_refused", "Records refused, by reason.", refused, ("reason",))
    away = {(why,): number for why, number in figures.turned_away.copy().items()}
    yield _counter("bonafide_turned_away", "Events not taken in, by why.", away, ("why",))
    yield _count("bonafide_duplicates", "Events that had been taken in before.", figures.duplicates)
    yield _count("bonafide_alerts", "Decisions with an outcome of verify or stricter.", figures.alerts)
    yield _counter("bonafide_shadow", "Decisions by their outcome and what a challenger in shadow would have said.",
                   dict(figures.shadow.copy()), ("outcome", "challenger"))  # fmt: skip
    yield _counter("bonafide_arms", "Decisions of a rollout, by arm and outcome.", dict(figures.arms.copy()),
                   ("arm", "outcome"))  # fmt: skip
    yield _count("bonafide_snapshots", "Snapshots taken.", figures.snapshots)
    yield _count("bonafide_rebuilt", "Times that the engine was made anew from the journal.", figures.rebuilt)
    yield _histogram("bonafide_answer_seconds", "From a request's events to their durable answers.",
                     figures.answer_seconds)  # fmt: skip
    yield _histogram("bonafide_engine_seconds", "Deciding one batch.", figures.engine_seconds)
    yield _histogram("bonafide_commit_seconds", "Writing one batch until it was durable.", figures.commit_seconds)
    yield _histogram("bonafide_batch_events", "Events decided and written together.", figures.batch_events)
    yield _histogram("bonafide_lateness_seconds", "How far behind the clock events were.", figures.lateness_seconds)


def _of_disk(runtime: Runtime, now_ms: int) -> Iterator[Metric]:
    journal, kept, recovered = runtime.journal, runtime.journal.kept, runtime.recovered
    yield _count("bonafide_log_events", "Events in the log.", journal.next_seq)
    yield _gauge("bonafide_journal_bytes", "The journal on disk.", size_of(journal.path))
    yield _gauge("bonafide_state_bytes", "What the engine remembers, in memory.", runtime.engine.state.used_bytes)
    draws = runtime.engine.draws
    yield _gauge("bonafide_drawn_subjects", "Subjects whose draw for a rollout is remembered.", len(draws))
    yield _count("bonafide_undrawn_decisions", "Decisions of a rollout for subjects that came when no more could be "
                 "drawn.", draws.turned_away)  # fmt: skip
    yield _count("bonafide_conflicts", "Conflicts recorded.", kept.conflicts)
    yield _gauge("bonafide_dead_letters", "Refused records that are kept.", kept.dead_letters)
    yield _count("bonafide_dead_letters_dropped", "Refused records that had to go early.", kept.dead_letters_dropped)
    yield _gauge("bonafide_intake_texts", "Clear texts that wait, sealed, for the vault.", journal.waiting.texts)
    if recovered is not None:
        yield _gauge("bonafide_recovery_seconds", "What the last start took to recover.", recovered.seconds)
        yield _gauge("bonafide_recovered_events", "Events replayed by it.", recovered.events)
    newest = newest_snapshot(journal.folder / "snapshots")
    if newest is not None:
        seq, written_s = newest
        age = max(now_ms / _MS - written_s, 0.0)
        yield _gauge("bonafide_snapshot_age_seconds", "Since the newest snapshot was written.", age)
        yield _gauge("bonafide_snapshot_age_events", "Events in the log since then.", journal.next_seq - seq)


def size_of(path: Path) -> int:
    """Bytes of a database on disk, with what it has not checkpointed yet."""
    return sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())


def newest_snapshot(folder: Path) -> tuple[int, float] | None:
    """Where in the log the newest snapshot stands, and when it was written in seconds since 1970."""
    found = [path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit()]
    newest = max(found, key=lambda path: int(path.stem), default=None)
    with suppress(FileNotFoundError):  # it was just replaced by a newer one
        return None if newest is None else (int(newest.stem), newest.stat().st_mtime)
    return None


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)


def _count(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(name, meaning, value)


def _labelled(name: str, meaning: str, values: Mapping[Any, float], labels: tuple[str, ...]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _counter(name: str, meaning: str, values: Mapping[Any, float], labels: tuple[str, ...]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(name, meaning)
    counts, total = histogram.counts[:], 0
    buckets = []
    for bound, number in zip((*histogram.bounds, float("inf")), counts, strict=True):
        total += number
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), float(total)))
    family.add_metric((), buckets, histogram.total)
    return family


def _version() -> str:
    try:
        return version("bonafide")
    except PackageNotFoundError:
        return "unknown"
