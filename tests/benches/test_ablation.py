"""The ablation: what is read decides the layer, smaller bundles hold what their rules need, jobs see only the past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer

from benches.ablation.__main__ import main
from benches.ablation.grouped import job_places, write_grouped
from benches.ablation.judge import COLUMNS, alerted_fraction
from benches.ablation.layers import LAYERS, OF_DERIVED, OF_FACT, SHARED, layers_of, up_to
from benches.ablation.run import ablate
from benches.speed.bundles import make_bundle, rule
from benches.speed.single import structs
from bonafide.core.events import DERIVED_CLASS
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import DERIVED
from bonafide.engine.rules.utilisation import UTILISATION
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.inputs import read_chunks
from bonafide.lab.log_files import scan_log
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

PLATFORM = scenario("small", users=200, days=16)
WEEK_MS = 7 * DAY_MS
FEATURES: list[dict[str, Any]] = [
    {"name": "user_paid", "event": "payment", "by": "user_id", "take": "count", "over": "7d"},
    {"name": "own_device", "event": "payment", "by": ["user_id", "device_id"], "take": "count", "over": "7d"},
    {"name": "device_users", "event": "payment", "by": "device_id", "take": "distinct", "of": "user_id", "over": "7d"},
    {"name": "home", "event": "payout", "by": "merchant_id", "take": "sum", "of": "brought_home", "over": "7d"},
    {"name": "loops", "event": "loop_closed", "by": "user_id", "take": "count", "over": "30d"},
    {"name": "linked", "event": "linked", "by": "user_id", "take": "count", "over": "30d"},
    {"name": "ring", "event": "grouped", "by": "user_id", "take": "max", "of": "score", "over": "7d"},
    {"name": "buyers_paid", "event": "payment", "by": "merchant_id", "take": "mean", "of": "user_paid", "over": "7d"},
    {
        "name": "near_ring",
        "event": "payment",
        "by": "merchant_id",
        "take": "share",
        "where": "ring >= 0.2",
        "over": "7d",
    },
    {"name": "idle", "event": "payment", "by": "merchant_id", "take": "count", "over": "7d"},
]
RULES = {
    "amount >= 90000": "rules",
    "local_hour < 2": "rules",
    "type == 'payment' and line_in_use >= 0.9": "rules",
    "type == 'payment' and user_paid >= 8": "windows",
    "type == 'payment' and own_device >= 9": "windows",
    "utilisation >= 0.99": "windows",
    "type == 'payment' and device_users >= 9 and user_paid >= 1": "links",
    "type == 'payment' and linked >= 1": "links",
    "type == 'payment' and shares >= 2": "links",
    "type == 'payment' and buyers_paid >= 9": "links",
    "type == 'transfer' and brought_home >= 0.9 * amount": "funds",
    "type == 'payout' and home >= 50000": "funds",
    "type == 'payment' and loops >= 1 and device_users >= 1": "funds",
    "type == 'payment' and ring >= 0.2": "rings",
    "type == 'payout' and near_ring >= 0.2": "rings",
}


def made(folder: Path, texts: list[str]) -> Bundle:
    """A bundle of FEATURES and these rules; one hit is enough for an alert."""
    return load_bundle(make_bundle(folder, FEATURES, [rule(n, text, 0.6) for n, text in enumerate(texts)]))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return made(tmp_path_factory.mktemp("made") / "bundle", list(RULES))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run(Simulation(PLATFORM, 1), folder, lambda done, total: None)
    return folder


def test_a_rule_belongs_to_the_highest_layer_that_it_reads(bundle: Bundle) -> None:
    assert list(layers_of(bundle).values()) == list(RULES.values())


def test_every_derived_type_fact_and_shared_key_has_its_layer() -> None:
    assert OF_DERIVED.keys() == DERIVED_CLASS.keys()
    assert OF_FACT.keys() == {*DERIVED, UTILISATION}
    assert FIELDS.keys() >= SHARED


def test_a_feature_that_another_carries_comes_with_it(tmp_path: Path) -> None:
    alone = up_to(made(tmp_path / "bundle", ["type == 'payout' and near_ring >= 0.2"]), "rings")
    assert set(alone.feature_names) == {"ring", "near_ring"}


def test_a_smaller_bundle_holds_the_rules_so_far_and_what_they_read(bundle: Bundle) -> None:
    features = {layer: set(up_to(bundle, layer).feature_names) for layer in LAYERS}
    assert features["rules"] == set()
    assert features["windows"] == {"user_paid", "own_device"}
    assert features["links"] == features["windows"] | {"device_users", "linked", "buyers_paid"}
    assert features["funds"] == features["links"] | {"home", "loops"}
    assert features["rings"] == features["funds"] | {"ring", "near_ring"}
    hidden = {f.name for f in up_to(bundle, "windows").features} - features["windows"]
    assert {"_credit_spent", "_credit_limit"} <= hidden
    assert [len(up_to(bundle, layer).rules) for layer in LAYERS] == [3, 6, 10, 13, 15]
    assert len({up_to(bundle, layer).hash for layer in LAYERS}) == len(LAYERS)


def test_all_layers_of_the_shipped_bundle_hold_all_of_its_rules() -> None:
    shipped = shipped_bundle("paylater")
    whole = up_to(shipped, "rings")
    assert whole.rules == shipped.rules
    assert layers_of(shipped).keys() == {rule.id for rule in shipped.rules}


def test_groups_stand_where_the_log_reaches_their_moment(run: Path, tmp_path: Path) -> None:
    events, out = run / "events.parquet", tmp_path / "grouped.parquet"
    start = Simulation(PLATFORM, 1).world.start
    told = write_grouped(events, out, start, WEEK_MS)
    log, grouped = scan_log(events).collect(), pl.read_parquet(out)
    assert told.jobs == 2
    assert grouped.filter(pl.col("type") != "group").select(log.columns).equals(log)
    groups = grouped.with_row_index("place").filter(pl.col("type") == "group")
    assert groups.height == sum(told.events.values()) > 0
    for (moment,), some in groups.group_by("time"):
        assert (moment - start) % WEEK_MS == 0
        assert grouped[: some["place"].min()]["time"].max() < moment
        assert grouped[some["place"].max() + 1]["time"].item() >= moment
        assert some["valid_until"].unique().to_list() == [moment + WEEK_MS]


def test_what_comes_after_a_job_does_not_change_what_it_wrote(run: Path, tmp_path: Path) -> None:
    log, start = scan_log(run / "events.parquet").collect(), Simulation(PLATFORM, 1).world.start
    (_, place), *_ = job_places(log, start, WEEK_MS)
    log[: place + 1].write_parquet(tmp_path / "cut.parquet")
    write_grouped(tmp_path / "cut.parquet", tmp_path / "early.parquet", start, WEEK_MS)
    write_grouped(run / "events.parquet", tmp_path / "whole.parquet", start, WEEK_MS)
    early, whole = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("early", "whole"))
    assert early.height > place + 1
    assert whole[: early.height].select(early.columns).equals(early)


def test_rows_of_a_log_become_the_events_that_the_door_hands_over(run: Path) -> None:
    chunk = next(read_chunks([run / "events.parquet"]))
    made_of = structs(chunk.frame[:500].drop("file", "line"))
    assert [event.event_id for event in made_of] == chunk.frame["event_id"][:500].to_list()
    assert {event.type for event in made_of} == set(chunk.frame["type"][:500])


def test_a_way_is_alerted_by_any_of_its_events() -> None:
    decisions = pl.DataFrame({"event_id": ["p1", "t1", "p2", "p3"], "outcome": ["allow", "verify", "warn", "hold"]})
    ways = pl.DataFrame({"events": [["p1", "t1"], ["p2", "t2"], ["p3"], ["p1"]]})
    assert alerted_fraction(decisions, ways) == 0.5
    assert alerted_fraction(decisions, ways[:0]) is None


@pytest.mark.drill
def test_a_layer_without_rules_repeats_the_row_before(tmp_path: Path) -> None:
    bundle = made(tmp_path / "bundle", ["amount >= 90000", "type == 'payment' and user_paid >= 3", "local_hour < 2"])
    told = ablate(PLATFORM, [1, 2], bundle, WEEK_MS, load_kernels())
    assert [row.layer for row in told.rows] == list(LAYERS)
    assert [(row.rules, row.features) for row in told.rows] == [(2, 0), (3, 1), (3, 1), (3, 1), (3, 1)]
    assert [row.added for row in told.rows] == [["R-000", "R-002"], ["R-001"], [], [], []]
    assert told.rows[1].figures == told.rows[4].figures != told.rows[0].figures
    assert told.jobs == 0
    for row in told.rows:
        assert all(len(one.of_seeds) == 2 for one in row.figures.values())
        p50, p99 = row.figures["p50_us"].mean, row.figures["p99_us"].mean
        assert p50 is not None
        assert p99 is not None
        assert 0 < p50 <= p99


@pytest.mark.drill
def test_the_command_plays_groups_and_prints_a_row_for_each_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "bundle", ["amount >= 90000", "type == 'payment' and ring >= 0.01"])
    asked = ["--bundle", str(tmp_path / "bundle"), "--users", "200", "--days", "16", "--seeds", "1"]
    main([*asked, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["layer_of"] == {"R-000": "rules", "R-001": "rings"}
    assert told["jobs"] == 2
    assert told["group_events"]
    first, last = told["rows"][0]["figures"], told["rows"][-1]["figures"]
    assert first["money_caught_fraction"]["mean"] < last["money_caught_fraction"]["mean"]
    main(asked)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:7]] == ["rules", *(f"+ {name}" for name in list(LAYERS)[1:])]
    assert all(column.heading in lines[0] for column in COLUMNS.values())


@pytest.mark.parametrize("asked", [["--seeds", "1,1"], ["--every", "soon"], ["--scenario", "nowhere"]])
def test_what_cannot_be_played_is_refused_in_a_sentence(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        main(asked)
    assert refused.value.exit_code == 2
    assert asked[1] in capsys.readouterr().err
