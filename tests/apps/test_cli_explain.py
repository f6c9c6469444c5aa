"""`bonafide explain`: what people read in both languages, what is kept for it by a replay, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.core.events import Fact, ListChanged, Payment, Payout, Refund, Shipment, Verdict
from bonafide.core.moment import MINUTE_MS
from tests.engine.kit import assert_golden
from tests.engine.modelled import modelled
from tests.lab.runs import as_lines, write_bundle

GOLDEN = Path(__file__).parent / "golden"
START_MS = 1_767_601_800_000
IDS = re.compile(r"\b(?:p[0-9]+|r1|w1|u1|m1|a1|o[0-9]+|RC[0-9]|[A-Z]+|[a-z]+(?:_[a-z0-9]+)+|[0-9a-f]{64}|small)\b")
"""Ids and names of fields, features and rules: all that a Chinese answer may hold in Latin letters."""


def told(*arguments: object, width: int = 100) -> Result:
    """What a command wrote and how it ended; an error of ours may not come through as an exception."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(width)})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def payment(number: int, **fields: Any) -> Payment:
    told_ = {"event_id": f"p{number}", "time": START_MS + number * MINUTE_MS, "user_id": "u1", "merchant_id": "m1"}
    return Payment(**{**told_, "order_id": f"o{number}", "amount": 45_050, "currency": "CNY", **fields})


def log() -> list[Fact]:
    """An allowed payment, one that three rules hit, a held payout, a declined refund, and one that only teaches."""
    verdict = Verdict(
        event_id="v1",
        time=START_MS,
        subject_type="user",
        subject_id="u1",
        label="cash_out",
        source="court",
        user_id="u1",
    )
    more = {"time": START_MS + 10 * MINUTE_MS, "merchant_id": "m1", "currency": "CNY", "amount": 99}
    return [
        payment(0, amount=99, credit_limit=500_000), payment(1), verdict, payment(2, credit_limit=500_000), payment(3),
        Payout(event_id="w1", account_id="a1", speed="instant", **more),
        Refund(event_id="r1", user_id="u1", order_id="o1", to="bank", **more),
        Shipment(event_id="s1", time=START_MS, order_id="o1", merchant_id="m1", user_id="u1", status="created"),
        payment(20, currency="JPY"), payment(3, amount=1),
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a log, a small bundle, and what a replay of the one under the other left in `out`."""
    (tmp_path / "log.ndjson").write_bytes(as_lines(log()))
    write_bundle(tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    assert told("replay", "log.ndjson", "--bundle", "small", "--out", "out").exit_code == 3
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# What people read


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("event_id", ["p0", "p3", "w1", "r1", "p20"])
def test_an_answer_reads_as_written_down(folder: Path, event_id: str, lang: str, width: int) -> None:
    result = told("explain", event_id, "--in", "out", "--lang", lang, width=width)
    assert result.exit_code == 0
    assert_golden(GOLDEN / f"explain_{event_id}_{lang}_{width}.txt", result.stdout)


def test_lists_are_as_they_were_for_the_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paid = {"merchant_id": "m1", "account_id": "a1", "amount": 99, "currency": "CNY"}
    limited = {"list": "new_14d", "entry": "m1"}
    events: list[Fact] = [
        Payout(event_id="before", time=START_MS, **paid),
        ListChanged(event_id="l1", time=START_MS + 1, action="add", **limited),
        Payout(event_id="during", time=START_MS + 2, **paid),
        ListChanged(event_id="l2", time=START_MS + 3, action="remove", **limited),
        Payout(event_id="after", time=START_MS + 4, **paid),
    ]
    (tmp_path / "log.ndjson").write_bytes(as_lines(events))
    assert told("replay", "log.ndjson", "--out", "out").exit_code == 0
    held = []
    for event in ("before", "during", "after"):
        found = json.loads(told("explain", event, "--in", "out", "--json", "--trace").stdout)
        assert found["derived_again"]
        hit = [rule["id"] for rule in found["rules"]]
        assert hit == [name for name, part in found["trace"].items() if part["value"] is True]
        held.append("O-LIMITS-14D" in hit)
    assert held == [False, True, False]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_trace_reads_as_written_down(folder: Path, lang: str) -> None:
    result = told("explain", "p0", "--in", "out", "--lang", lang, "--trace")
    assert result.exit_code == 0
    assert_golden(GOLDEN / f"explain_trace_{lang}.txt", result.stdout)


@pytest.mark.parametrize("event_id", ["p0", "p3", "w1", "r1", "p20", "s1"])
def test_a_chinese_answer_holds_no_english_word(folder: Path, event_id: str) -> None:
    for options in ([], ["--trace"]):
        text = told("explain", event_id, "--in", "out", "--lang", "zh", *options).stdout
        shown = re.sub(r"'[a-z_]+'", "", text)  # values as rules write them
        left = IDS.sub(
            "", re.sub(r"\b(amount|ip|to|type|speed|status|time|currency|goods|channel|category)\b", "", shown)
        )
        assert re.findall(r"[A-Za-z]{2,}", left.replace("UTC", "")) == [], left


# What a model adds


@pytest.fixture
def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what a replay under a bundle with a model and a scorecard left in `out`."""
    refund = Refund(event_id="r1", time=START_MS + 9 * MINUTE_MS, user_id="u1", merchant_id="m1", order_id="o1",
                    amount=99, currency="CNY", to="bank")  # fmt: skip
    payments = [
        payment(0, amount=99, credit_limit=500_000), payment(1, pay_with="credit"),
        payment(2, amount=180_000, credit_limit=200_000, pay_with="credit"), payment(3, currency="JPY", user_id="u2"),
    ]  # fmt: skip
    (tmp_path / "log.ndjson").write_bytes(as_lines([*payments, refund]))
    modelled(tmp_path / "modelled")
    monkeypatch.chdir(tmp_path)
    assert told("replay", "log.ndjson", "--bundle", "modelled", "--out", "out").exit_code == 0
    return tmp_path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("event_id", ["p0", "p2", "p3", "r1"])
def test_a_score_of_a_model_reads_as_written_down(scored: Path, event_id: str, lang: str, width: int) -> None:
    result = told("explain", event_id, "--in", "out", "--lang", lang, width=width)
    assert result.exit_code == 0
    assert "1 - (1 - " not in result.stdout or event_id == "r1"
    assert_golden(GOLDEN / f"explain_model_{event_id}_{lang}_{width}.txt", result.stdout)


@pytest.mark.parametrize("event_id", ["p0", "p1", "p2", "p3"])
def test_what_is_shown_of_a_margin_adds_up_as_it_is_shown(scored: Path, event_id: str) -> None:
    for lang in ("en", "zh"):
        shown = told("explain", event_id, "--in", "out", "--lang", lang).stdout.splitlines()
        end = next(i for i, line in enumerate(shown) if line.startswith("= "))
        rows = [re.match(r"[ =] +([+-][0-9.]+)   ", line) for line in shown[:end]]
        parts = [float(row[1]) for row in rows if row is not None]
        assert len(parts) >= 4
        assert sum(parts) == pytest.approx(float(shown[end].split()[1]), abs=1e-9)


def test_a_score_as_json_has_every_part(scored: Path) -> None:
    found = json.loads(told("explain", "p2", "--in", "out", "--json", "--trace").stdout)
    margin, credit = found["score"]["margin"], found["score"]["credit"]
    parts = [margin["base"], *margin["rules"].values(), *(one["part"] for one in margin["inputs"])]
    assert sum(parts) == pytest.approx(margin["margin"], abs=1e-9)
    assert round(margin["probability"], 6) == found["decision"]["score"]
    assert set(margin["reasons"]) == {"RC1", "RC2"}
    assert {one["of"] for one in margin["inputs"]} == {"amount", "amount / credit_limit", "pay_with == 'credit'"}
    assert (credit["score"], credit["base"]) == (found["decision"]["credit_score"], 650)
    assert credit["base"] + sum(credit["families"].values()) == credit["score"]
    assert [rule["share"] for rule in found["rules"]] == [None] * len(found["rules"])
    by_rules = json.loads(told("explain", "r1", "--in", "out", "--json").stdout)["score"]
    assert (by_rules["margin"], by_rules["credit"]["score"]) == (None, 690)


@pytest.mark.parametrize("event_id", ["p0", "p2", "p3", "r1"])
def test_a_score_in_chinese_holds_no_english_word(scored: Path, event_id: str) -> None:
    text = told("explain", event_id, "--in", "out", "--lang", "zh").stdout
    left = IDS.sub("", text).replace("UTC", "").replace("modelled", "").replace("tiny", "").replace("JPY", "")
    assert re.findall(r"[A-Za-z]{2,}", left.replace("CNY", "")) == [], left


def test_a_score_that_is_not_derived_again_shows_no_parts(scored: Path) -> None:
    (scored / "log.ndjson").rename("elsewhere.ndjson")
    result = told("explain", "p2", "--in", "out")
    assert result.exit_code == 1
    assert "what each rule and input added is known only when" in result.stdout.replace("\n", " ")
    assert "1 - (1 - " not in result.stdout
    assert json.loads(told("explain", "p2", "--in", "out", "--json").stdout)["score"] is None


def test_what_did_not_become_a_decision_is_told(folder: Path) -> None:
    taught = told("explain", "s1", "--in", "out")
    assert taught.exit_code == 0
    assert taught.stdout.startswith("s1 was not decided on: a shipment only teaches. It was taken in at place 7")
    assert "物流记录" in told("explain", "s1", "--in", "out", "--lang", "zh").stdout
    unknown = told("explain", "p30", "--in", "out")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "no event of this id was decided on, taught or refused in out; did you mean p3 or" in unknown.stderr


def test_json_is_one_object_with_every_number(folder: Path) -> None:
    result = told("explain", "p3", "--in", "out", "--json", "--trace")
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    found = json.loads(result.stdout)
    row = pl.read_parquet("out/decisions.parquet").filter(pl.col("event_id") == "p3").to_dicts()[0]
    assert (found["status"], found["derived_again"]) == ("decided", True)
    assert (found["decision"]["outcome"], found["decision"]["score"]) == (row["outcome"], row["score"])
    assert [rule["id"] for rule in found["rules"]] == row["hits"] == ["MANY", "LARGE", "KNOWN"]
    assert sum(rule["share"] for rule in found["rules"]) == pytest.approx(1)
    assert found["features"]["user_count_1h"] == {"value": 3.0}
    assert found["trace"]["LARGE"]["parts"][0] == {"text": "amount", "value": 45_050.0}
    assert [note["en"] for note in found["notes"]] == ["a later record with the same id and other content was refused"]
    assert "trace" not in json.loads(told("explain", "p3", "--in", "out", "--json").stdout)
    assert json.loads(told("explain", "s1", "--in", "out", "--json").stdout)["status"] == "taught"
    unknown = told("explain", "p30", "--in", "out", "--json")
    assert (unknown.exit_code, "p3" in json.loads(unknown.stdout)["near"]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["p0", "--in", "none"], 2, "there is no such folder; name the folder that replay --out wrote"),
        (["p0", "--in", "small"], 2, "holds no summary.json and decisions.parquet of a replay"),
        (["", "--in", "out"], 2, "an empty text is no event's id"),
        (["p0"], 2, "Missing option '--in'"),
        (["p0", "--in", "out", "--lang", "fr"], 2, "'fr' is not one of"),
    ],
)
def test_wrong_use_is_answered_in_one_sentence(folder: Path, arguments: list[str], code: int, says: str) -> None:
    result = told("explain", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr


def test_an_answer_that_is_not_derived_again_ends_with_one_and_says_so(folder: Path) -> None:
    (folder / "log.ndjson").rename("elsewhere.ndjson")
    gone = told("explain", "p3", "--in", "out", "--lang", "zh")
    assert (gone.exit_code, "未能重新推导：输入文件 log.ndjson 已不在原处" in gone.stdout) == (1, True)
    assert "MANY" in gone.stdout
    (folder / "log.ndjson").write_bytes(as_lines([*log()[:4], payment(3, amount=99)]))
    other = told("explain", "p3", "--in", "out")
    assert other.exit_code == 1
    assert "NOT the same when derived again from the log" in other.stdout.replace("\n", " ")


def test_a_bundle_that_is_not_the_one_that_decided_ends_with_one(folder: Path) -> None:
    (folder / "out" / "bundle" / "reasons.yaml").write_text("RC1: {zh: 另, en: other}\n")
    result = told("explain", "p3", "--in", "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "out/bundle: is not the bundle that decided: its hash is" in result.stderr


# What a replay keeps for it


def test_a_replay_keeps_how_it_was_asked_and_the_bundle(folder: Path) -> None:
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert (summary["inputs"], summary["mapping"], summary["now"], summary["features"]) == (
        ["log.ndjson"], None, None, False,
    )  # fmt: skip
    assert summary["input_bytes"] == [(folder / "log.ndjson").stat().st_size]
    kept = {path.name: path.read_bytes() for path in (folder / "out" / "bundle").iterdir() if path.name[0] != "."}
    assert kept == {path.name: path.read_bytes() for path in (folder / "small").iterdir()}


def test_an_answer_does_not_need_the_bundle_that_has_gone_on(folder: Path) -> None:
    (folder / "small" / "rules.yaml").write_text("[]\n")
    assert told("explain", "p3", "--in", "out").exit_code == 0


def test_now_is_part_of_what_is_derived_again(folder: Path) -> None:
    assert told("replay", "log.ndjson", "--bundle", "small", "--out", "early", "--now", START_MS).exit_code == 3
    assert told("explain", "p1", "--in", "early").exit_code == 0
    refused = told("explain", "p20", "--in", "early", "--lang", "zh")
    assert (refused.exit_code, "时间在未来" in refused.stdout) == (0, True)


def test_a_copy_of_an_earlier_run_gives_way(folder: Path) -> None:
    assert told("replay", "log.ndjson", "--out", "out", "--force").exit_code == 3
    assert "rules.yaml" in names(folder / "out" / "bundle")
    assert told("explain", "p3", "--in", "out").exit_code == 0
    again = told("replay", "log.ndjson", "--bundle", "out/bundle", "--out", "out", "--force")
    assert again.exit_code == 3
    assert told("explain", "p3", "--in", "out").exit_code == 0


def test_a_folder_of_somebody_else_is_never_replaced(folder: Path) -> None:
    (folder / "mine" / "bundle").mkdir(parents=True)
    (folder / "mine" / "bundle" / "notes.txt").write_text("keep")
    (folder / "mine" / "truth.parquet").write_text("old")
    result = told("replay", "log.ndjson", "--bundle", "small", "--out", "mine", "--force")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is there and is no copy of a replay's bundle; move it, or choose another --out" in result.stderr
    assert (folder / "mine" / "bundle" / "notes.txt").read_text() == "keep"
    assert names(folder / "mine") == {"bundle", "truth.parquet"}


def test_the_bundle_itself_is_neither_copied_nor_removed(folder: Path) -> None:
    write_bundle(folder / "home" / "bundle")
    arguments = ["replay", "log.ndjson", "--bundle", "home/bundle", "--out", "home", "--force"]
    assert told(*arguments).exit_code == 3
    assert not (folder / "home" / "bundle" / ".copied").exists()
    assert told("explain", "p3", "--in", "home").exit_code == 0


def test_what_is_read_is_not_replaced_by_the_copy(folder: Path) -> None:
    inside = folder / "out" / "bundle" / "log.ndjson"
    inside.write_bytes((folder / "log.ndjson").read_bytes())
    result = told("replay", inside, "--bundle", "small", "--out", "out", "--force")
    assert result.exit_code == 2
    assert "holds what is read" in result.stderr
    assert inside.exists()


def test_a_link_in_place_of_the_copy_is_refused(folder: Path) -> None:
    write_bundle(folder / "other")
    (folder / "linked").mkdir()
    (folder / "linked" / "bundle").symlink_to(folder / "other")
    result = told("replay", "log.ndjson", "--out", "linked", "--force")
    assert (result.exit_code, names(folder / "linked")) == (2, {"bundle"})
    assert "rules.yaml" in names(folder / "other")


def test_the_demo_can_be_explained(folder: Path) -> None:
    assert told("demo", "--users", 50, "--merchants", 20, "--days", 7, "--out", "demo").exit_code == 0
    first = pl.read_parquet("demo/decisions.parquet").sort("score", descending=True)["event_id"][0]
    assert told("explain", first, "--in", "demo", "--trace").exit_code == 0
