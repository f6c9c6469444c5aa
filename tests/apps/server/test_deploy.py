"""What operators are given names what there is: metrics, states, routes, options."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
import yaml

from bonafide.apps.problems import NAMES
from bonafide.apps.runtime.runtime import State
from bonafide.apps.server.openapi import document
from tests.apps.server.client import Client
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "bonafide.json").read_text(encoding="utf-8"))
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
UNIT = (ROOT / "deploy" / "bonafide.service").read_text(encoding="utf-8")
METRIC = re.compile(r"\b(?:bonafide|process|python)_[a-z_]+\b")
ENDING = re.compile(r"_(?:bucket|count|sum)$")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all metrics, as Prometheus stores them."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "2.snapshot").touch()
    client = Client()
    client.runtime.journal.folder = folder
    text = client.ask("GET", "/metrics").body.decode()
    return set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))


def ours(exported: set[str]) -> set[str]:
    return {name for name in exported if name.startswith("bonafide_") and not name.endswith("_created")}


def asked(expressions: list[str]) -> set[str]:
    return {ENDING.sub("", name) for text in expressions for name in METRIC.findall(text)}


def of_dashboard() -> set[str]:
    return asked([target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]])


def test_the_dashboard_shows_every_metric_and_no_other(exported: set[str]) -> None:
    assert ours(exported) <= of_dashboard() <= exported


def test_alerts_ask_for_metrics_that_there_are(exported: set[str]) -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert asked([rule["expr"] for rule in rules]) <= exported
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket") for rule in rules)
    for state in re.findall(r'state="([a-z-]+)"', json.dumps(rules).replace("\\", "")):
        assert state in get_args(State)


def test_the_page_names_every_metric_problem_and_route(exported: set[str]) -> None:
    assert ours(exported) == {name for name in METRIC.findall(PAGE) if name.startswith("bonafide_")}
    for name in NAMES:
        assert f"| `{name}` |" in PAGE
    for path, item in document()["paths"].items():
        for method in item:
            assert f"`{method.upper()} {path}`" in PAGE


def test_panels_have_their_own_place() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in DASHBOARD["panels"])


def test_the_unit_starts_the_command_with_options_that_there_are() -> None:
    (command,) = re.findall(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)
    assert command.split()[1:] == ["serve", "--data", "/var/lib/bonafide"]
    assert "NoNewPrivileges=yes" in UNIT
