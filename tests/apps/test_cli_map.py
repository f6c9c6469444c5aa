"""`bonafide map init`: what it writes, what it shows, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.lab.inputs import load_mapping
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden"
WHOLE = """\
交易流水号;用户编号;商户编号;订单号;交易时间;交易金额(元);币种;是否套现;备注
T1;20001;M1;O1;2026-01-05 08:30:00;1234.50;CNY;否;好
T2;20002;M2;O2;2026-01-05 08:31:00;99.00;CNY;是;"第一行
第二行"
T3;20001;M1;O3;2026-01-05 08:32:30;0.01;CNY;否;
"""
PART = "id,when,who,paid\n1,05/01/2026 08:30:00,u1,¥12.50\n2,06/01/2026 08:30:00,u2,¥1.00\n"
SOME_REFUSED = "id,time,user,merchant,amount\n" + "".join(
    f"{n},2026-01-05T08:30:0{n}Z,u{n},m1,{n}.00\n" for n in range(5)
)


def told(*arguments: object, width: int = 100) -> Result:
    """What a command wrote and how it ended; an error of ours may not come through as an exception."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(width)})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file that maps whole, one that does not, and one with a row that is no event."""
    (tmp_path / "whole.csv").write_text(WHOLE, encoding="utf-8")
    (tmp_path / "part.csv").write_text(PART, encoding="utf-8")
    (tmp_path / "refused.csv").write_text(SOME_REFUSED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("width", [80, 120])
def test_a_file_that_maps_whole_reads_as_written_down(folder: Path, width: int) -> None:
    result = told("map", "init", "whole.csv", "--zone", "+08:00", width=width)
    assert result.exit_code == 0
    assert "mapping.yaml is written; read it through, then: bonafide replay whole.csv" in result.stderr
    written = (folder / "mapping.yaml").read_text(encoding="utf-8")
    assert_golden(GOLDEN / f"map_whole_{width}.txt", f"{result.stdout}\n---- mapping.yaml\n{written}")


def test_a_file_that_lacks_fields_reads_as_written_down(folder: Path) -> None:
    result = told("map", "init", "part.csv", "--out", "m.yaml")
    assert result.exit_code == 1
    assert "m.yaml is written but not complete" in result.stderr
    written = (folder / "m.yaml").read_text(encoding="utf-8")
    assert_golden(GOLDEN / "map_part.txt", f"{result.stdout}\n---- m.yaml\n{written}")


def test_the_file_that_lacks_fields_is_refused_by_replay_in_one_sentence(folder: Path) -> None:
    told("map", "init", "part.csv")
    result = told("replay", "part.csv", "--mapping", "mapping.yaml", "--out", "out")
    assert result.exit_code == 2
    assert "payment cannot do without user_id, merchant_id, amount; say where each comes from" in result.stderr
    assert not (folder / "out").exists()


def test_what_was_guessed_is_what_replay_reads(folder: Path) -> None:
    assert told("map", "init", "whole.csv").exit_code == 0
    result = told("replay", "whole.csv", "--mapping", "mapping.yaml", "--out", "out", "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["decided"], summary["rejected"]) == (3, 0)
    assert sum(summary["money_by_outcome"].values()) == 123_450 + 9_900 + 1


def test_a_row_that_is_no_event_is_shown_and_ends_with_one(folder: Path) -> None:
    result = told("map", "init", "refused.csv")
    assert result.exit_code == 1
    assert "The first 5 rows as events:" in result.stdout
    assert "refused, line 2: amount: 0 is not accepted; give a whole number from 1" in result.stdout


def test_no_more_than_ten_rows_are_shown(folder: Path) -> None:
    rows = [f"{n},2026-01-05T08:{n:02}:00Z,u1,m1,1.5" for n in range(60)]
    (folder / "long.csv").write_text("\n".join(["id,time,user,merchant,amount", *rows, ""]))
    found = json.loads(told("map", "init", "long.csv", "--json").stdout)
    assert [row["event_id"] for row in found["rows"]] == [str(n) for n in range(10)]
    assert found["rows_looked_at"] == 60


def test_json_is_one_object_that_says_everything(folder: Path) -> None:
    result = told("map", "init", "whole.csv", "--currency", "EUR", "--json")
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert (found["event"], found["complete"], found["missing"], found["fault"]) == ("payment", True, [], None)
    assert found["fields"]["user_id"]["source"] == {"column": "用户编号", "prefix": "u"}
    assert found["truth"]["source"]["cash_out"] == ["是"]
    assert found["unused"] == ["备注"]
    assert found["rows"][0]["amount"] == 123_450
    part = json.loads(told("map", "init", "part.csv", "--out", "part.yaml", "--json").stdout)
    assert part["complete"] is False
    assert [gap["field"] for gap in part["missing"]] == ["user_id", "merchant_id", "amount"]


def test_wishes_are_written_into_the_mapping(folder: Path) -> None:
    arguments = ["--currency", "JPY", "--zone", "Asia/Tokyo", "--event", "refund", "--out", "deep/m.yaml"]
    assert told("map", "init", "part.csv", *arguments).exit_code == 1
    text = (folder / "deep" / "m.yaml").read_text(encoding="utf-8")
    assert "event: refund" in text
    assert "{value: JPY}" in text
    assert 'zone: "Asia/Tokyo"' in text


def test_a_mapping_that_is_there_is_written_over_only_when_forced(folder: Path) -> None:
    (folder / "mapping.yaml").write_text("mine")
    result = told("map", "init", "whole.csv")
    assert result.exit_code == 2
    assert "add --force to write over it" in result.stderr
    assert (folder / "mapping.yaml").read_text() == "mine"
    assert told("map", "init", "whole.csv", "--force").exit_code == 0
    assert load_mapping(folder / "mapping.yaml").delimiter == ";"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["none.csv"], 2, "there is no such file"),
        (["."], 2, "folder"),
        (["whole.csv", "--currency", "RMBB"], 2, "give an ISO 4217 code such as CNY"),
        (["whole.csv", "--zone", "Peking"], 2, "is not a zone; give one such as UTC"),
        (["whole.csv", "--event", "paiment"], 2, "is not an event type; did you mean payment?"),
        (["whole.csv", "--event", "tick"], 2, "is not an event type; one of payment"),
        (["whole.csv", "--out", "whole.csv"], 2, "this file is also read; name another"),
        (["whole.csv", "--out", "."], 2, "this is a folder; name a file"),
        (["events.ndjson"], 2, "holds JSON, which needs no mapping"),
        (["empty.csv"], 3, "is empty"),
        (["gbk.csv"], 3, "convert it first: iconv -f GB18030 -t UTF-8 gbk.csv > utf8-gbk.csv"),
        (["headless.csv"], 1, "the first row holds values"),
    ],
)
def test_what_cannot_be_mapped_ends_in_one_sentence_and_writes_nothing(
    folder: Path, arguments: list[str], code: int, says: str
) -> None:
    (folder / "events.ndjson").write_text('{"type":"tick"}\n')
    (folder / "empty.csv").write_text("")
    (folder / "gbk.csv").write_bytes(WHOLE.encode("gbk"))
    (folder / "headless.csv").write_text("u1,2026-01-05 08:30:00,1.5\nu2,2026-01-05 08:31:00,2.5\n")
    result = told("map", "init", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr
    assert not (folder / "mapping.yaml").exists()
