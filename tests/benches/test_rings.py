"""The benchmark of rings runs, counts what it made, and names every method that is there."""

from __future__ import annotations

import json

import pytest

from benches.rings import made, main
from bonafide.lab.rings import METHODS


def test_the_same_seed_makes_the_same_platform() -> None:
    one, two, other = made(5_000, 1), made(5_000, 1), made(5_000, 2)
    assert one.payments.equals(two.payments)
    assert not one.payments.equals(other.payments)


def test_a_small_run_tells_edges_and_seconds_of_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--edges", "20000", "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 18_000 <= told["edges"] <= 22_000
    assert {"graph", *METHODS} - {"community"} <= set(told["steps"]) <= {"graph", *METHODS}
    assert told["steps"]["cash_out_block"]["groups"] > 0


def test_a_small_run_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--edges", "5000"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("together ")
    assert any(line.startswith("pagerank ") for line in lines)
