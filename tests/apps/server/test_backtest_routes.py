"""Back-tests over HTTP: who may ask, what is read of what they sent, and how it is handed out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.backtests.room import Room
from bonafide.apps.backtests.told import BACKTESTS, FIGURES, Progress, report_name
from bonafide.apps.server.backtest_shapes import BacktestAnswer, BacktestsAnswer
from bonafide.apps.server.office_routes import backtests
from tests.apps.server.bureau import Bureau, has_decided, opened
from tests.apps.server.client import Answer
from tests.apps.server.test_bundle_routes import files, shown


def finished(data: Path, name: str, tell: Callable[[Progress], None], stop: threading.Event) -> str | None:
    """Stands in for the process."""
    folder = data / BACKTESTS / name
    (folder / FIGURES).write_bytes(msgspec.json.encode({"events": 7, "bundles": []}))
    for lang in ("en", "zh"):
        (folder / report_name(lang)).write_text(f"<h1>{lang}</h1>", encoding="utf-8")
    return None


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with pytest.MonkeyPatch.context() as patched, opened(tmp_path_factory.mktemp("backtests")) as one:
        patched.setattr(backtests, "Room", partial(Room, run=finished))
        one.settle("ann", "analyst")
        has_decided(one.data)
        yield one


@pytest.fixture
def first(bureau: Bureau) -> str:
    """The bundle that decides."""
    return str(get(bureau, "/v1/bundles").json["decides"])


def ask(bureau: Bureau, body: Any) -> Answer:
    return bureau.as_person(bureau.session("ann"), "POST", "/v1/backtests", body)


def get(bureau: Bureau, path: str) -> Answer:
    return bureau.as_person(bureau.session("ann"), "GET", path)


def ended(bureau: Bureau, name: str) -> Any:
    """What is said of one once it has ended."""
    waited = threading.Event()
    for _ in range(2_000):
        told = shown(get(bureau, f"/v1/backtests/{name}"), BacktestAnswer)
        if told["ended"]:
            return told
        waited.wait(0.005)
    raise AssertionError("it did not end")


def test_a_change_is_judged_beside_what_decides(bureau: Bureau, first: str) -> None:
    rules = files()["rules.yaml"]
    weight = next(line for line in rules.splitlines() if "weight:" in line)
    body = {"base": first, "files": {"rules.yaml": rules.replace(weight, f"{weight}1", 1)}, "days": 30}
    made = shown(ask(bureau, body), BacktestAnswer, 202)
    assert (made["person"], made["champion"], made["days"], made["figures"]) == ("ann", first, 30, None)
    told = ended(bureau, made["id"])
    assert (told["state"], told["figures"], told["why_not"]) == ("done", {"events": 7, "bundles": []}, None)
    kept = bureau.data.folder / BACKTESTS / made["id"] / "bundle"
    assert (kept / "rules.yaml").read_text(encoding="utf-8") == body["files"]["rules.yaml"]  # type: ignore[index]
    assert (kept / "features.yaml").is_file()
    every = shown(get(bureau, "/v1/backtests"), BacktestsAnswer)["backtests"]
    assert (every[0]["id"], every[0]["figures"]) == (made["id"], None)
    assert ("person:ann", "backtest.ask", f"bundle:{made['challenger']}", "done") in bureau.deeds()


def test_what_decides_is_judged_alone_where_nothing_is_changed(bureau: Bureau, first: str) -> None:
    made = shown(ask(bureau, {"base": first, "files": {}}), BacktestAnswer, 202)
    assert (made["challenger"], made["name"]) == (first, "starter")
    assert not (bureau.data.folder / BACKTESTS / made["id"] / "bundle").exists()


def test_what_has_ended_is_not_ended_again(bureau: Bureau, first: str) -> None:
    made = shown(ask(bureau, {"base": first, "files": {}}), BacktestAnswer, 202)
    ended(bureau, made["id"])
    got = bureau.as_person(bureau.session("ann"), "POST", f"/v1/backtests/{made['id']}/end", {})
    assert got.problem == "conflict"
    nobody = bureau.as_person(bureau.session("ann"), "POST", f"/v1/backtests/{'f' * 16}/end", {})
    assert nobody.problem == "not-found"


def test_a_report_is_a_file_that_runs_nothing(bureau: Bureau, first: str) -> None:
    made = shown(ask(bureau, {"base": first, "files": {}}), BacktestAnswer, 202)
    ended(bureau, made["id"])
    got = get(bureau, f"/v1/backtests/{made['id']}/report?lang=zh")
    assert (got.status, got.body, got.headers["content-type"]) == (200, b"<h1>zh</h1>", "text/html; charset=utf-8")
    assert got.headers["content-disposition"].startswith("attachment")
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert get(bureau, f"/v1/backtests/{made['id']}/report?lang=fr").status == 422
    for path in ("f" * 16, "x", "..%2Ffeatures"):
        for end in ("", "/report"):
            assert get(bureau, f"/v1/backtests/{path}{end}").problem == "not-found"


def test_what_is_no_bundle_is_refused_with_its_mistakes(bureau: Bureau, first: str) -> None:
    before = get(bureau, "/v1/backtests").json
    got = ask(bureau, {"base": first, "files": {"rules.yaml": "- nonsense\n"}})
    assert (got.status, got.json["field"], "rules.yaml:1" in got.json["detail"]) == (422, "files", True)
    assert str(bureau.data.folder) not in got.json["detail"]
    assert ask(bureau, {"base": first, "files": {}, "days": 0}).json["field"] == "days"
    assert get(bureau, "/v1/backtests").json == before
