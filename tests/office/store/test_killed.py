"""PostgreSQL killed in the middle of writes to every family of tables: effects lost 0, doubled 0, and all goes on."""

from __future__ import annotations

from pathlib import Path
from random import Random
from threading import Event

import pytest

from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.datadir import DataDir
from tests.office.databases import QUICK, Cluster, running_cluster
from tests.office.store.killed import DONE, FAILED, FAMILIES, UNSURE, Worker, check_all

SPAN_S = (0.2, 1.0)
"""How long the server is left alone between two deaths."""


def drill(cluster: Cluster, folder: Path, deaths: int, seed: int) -> None:
    """Kill the server so often, in turn at once with all its processes and by an immediate stop."""
    data, stop, chance = DataDir.open(folder), Event(), Random(seed)
    workers = [Worker(family(cluster.url(), data), stop) for family in FAMILIES]
    for worker in workers:
        worker.start()
    try:
        for number in range(deaths):
            stop.wait(chance.uniform(*SPAN_S))
            (cluster.stop if number % 2 else cluster.kill)()
            stop.wait(chance.choice((0.0, 0.3)))
            cluster.start()
        stop.wait(SPAN_S[1])
    finally:
        stop.set()
        for worker in workers:
            worker.join(120)
    assert not any(worker.is_alive() for worker in workers)
    try:
        with Store.open(cluster.url()) as store:
            counts = check_all(workers, store)
    finally:
        for worker in workers:
            worker.family.store.close()
    told = ", ".join(f"{name} {counts[name]}" for name in (DONE, FAILED, UNSURE))
    longest = max(worker.longest_s for worker in workers)
    print(f"deaths {deaths}, threads {len(workers)}, {told}, effects lost 0, doubled 0, longest call {longest:.1f} s")


@pytest.mark.drill
def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    with running_cluster(**QUICK) as cluster:
        drill(cluster, tmp_path / "data", deaths=2, seed=1)


@pytest.mark.drill
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_server_that_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    with running_cluster() as cluster:
        drill(cluster, tmp_path / "data", deaths=25, seed=seed)


@pytest.mark.drill
def test_a_server_that_has_become_a_replica_is_told() -> None:
    with running_cluster(**QUICK) as cluster, Store.open(cluster.url()) as store:
        cluster.stop()
        cluster.become_replica()
        cluster.start()
        assert store.version("one") == 0
        with pytest.raises(StoreError, match="the server only reads, as a replica does"), store.writing():
            pass
        with pytest.raises(StoreError, match="the server only reads, as a replica does"):
            Store.open(cluster.url())
