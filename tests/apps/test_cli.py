"""The command line: how each command ends, what it says where, and that results on stdout stay clean."""

from __future__ import annotations

import errno
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from bonafide.apps.cli import main as run_main
from bonafide.apps.cli.main import app
from bonafide.core.events import BundleActivated, Payment
from bonafide.engine.bundle import load_bundle
from tests.engine.kit import assert_golden
from tests.lab.runs import as_lines, labelled_mapping, write_bundle

GOLDEN = Path(__file__).parent / "golden"
START_MS = 1_767_601_800_000
SPEC = "- {name: n, event: payment, by: user_id, take: count, over: 1h}\n"
MAPPING = labelled_mapping("1m")
DEMO = ["demo", "--users", "50", "--merchants", "20", "--days", "7"]


def told(*arguments: object) -> Result:
    """What a command wrote and how it ended; an error of ours may not come through as an exception."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def payment(number: int, **fields: Any) -> Payment:
    fact = {"event_id": f"p{number}", "time": START_MS + number * 1_000, "order_id": "o1"}
    return Payment(**{**fact, "user_id": "u1", "merchant_id": "m1", "amount": 1_250, "currency": "CNY", **fields})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good log, a bad one, a CSV with its mapping, a spec and a bundle."""
    good = as_lines([payment(n) for n in range(4)])
    (tmp_path / "good.ndjson").write_bytes(good)
    (tmp_path / "bad.ndjson").write_bytes(good + b'{"type":"payment"}\n' + as_lines([payment(0, amount=1)]))
    rows = [f"{n},{START_MS + n * 60_000},u{n % 3},{n + 1},{n % 2}" for n in range(8)]
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "spec.yaml").write_text(SPEC)
    write_bundle(tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def only_object(result: Result) -> dict[str, Any]:
    """The one JSON object on stdout, on one line, with nothing else beside it."""
    assert result.stdout.endswith("}\n")
    assert result.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(result.stdout)
    return found


# Help


def commands(group: typer.main.TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, typer.main.TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def paths() -> list[tuple[str, ...]]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.main.TyperGroup)
    return list(commands(group))


@cache
def general_help() -> Result:
    """Made once: it takes as long as a hundred commands' own."""
    return told("--help")


@pytest.mark.parametrize("path", paths(), ids=" ".join)
def test_help_lists_every_command_with_an_example(path: tuple[str, ...]) -> None:
    general = general_help()
    assert general.exit_code == 0
    assert re.search(rf"^│ {path[0]}  ", general.stdout, re.MULTILINE)
    example = re.compile(rf"^ bonafide {' '.join(path)}\b.*$", re.MULTILINE)
    shown = example.search(general.stdout)
    assert shown is not None
    own = example.search(told(*path, "--help").stdout)
    assert own is not None
    assert own[0].strip() == shown[0].strip()


def test_a_misspelt_command_is_answered_with_the_nearest(folder: Path) -> None:
    result = told("rply")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'replay'?" in result.stderr


def test_help_comes_without_loading_anything_heavy() -> None:
    program = (
        "import sys; from bonafide.apps.cli.main import app; "
        "print(*{'numpy', 'numba', 'polars', 'yaml'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


# How commands end: 0


def test_replay_ends_with_zero_and_says_what_it_did_on_stdout(folder: Path) -> None:
    result = told("replay", "good.ndjson", "--out", "out")
    assert result.exit_code == 0
    assert result.stdout.startswith("read 4: decided 4, taught 0, duplicate 0, conflict 0, rejected 0\n")
    assert re.search(r"^allow +4 +50\.00 CNY$", result.stdout, re.MULTILINE)
    assert re.search(r"^decline +0 +-$", result.stdout, re.MULTILINE)
    assert {path.name for path in (folder / "out").iterdir()} == {
        "decisions.parquet", "summary.json", "rejects.ndjson", "bundle",
    }  # fmt: skip


def test_replay_shows_every_currency(folder: Path) -> None:
    (folder / "two.ndjson").write_bytes(as_lines([payment(0), payment(1, currency="JPY"), payment(2, currency="USD")]))
    lines = told("replay", "two.ndjson", "--out", "out").stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("allow"))
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["1,250 JPY", "12.50 USD"]
    assert len({len(line) for line in lines[at : at + 3]}) == 1


def test_the_summary_of_a_replay_reads_as_written_down(folder: Path) -> None:
    """Labels that became verdicts, several currencies, an outcome of nothing; figures of the machine left out."""
    payments = [payment(n, currency=code, amount=10**n) for n, code in enumerate(["CNY", "USD", "JPY", "CNY"])]
    (folder / "more.ndjson").write_bytes(as_lines(payments))
    text = told("replay", "more.ndjson", "bad.ndjson", "--bundle", "small", "--out", "out").stdout
    text = re.sub(r"[0-9.]+ s, [0-9,]+ events/s, peak memory [0-9,]+ MiB", "SECONDS, EVENTS, MEMORY", text)
    text = re.sub(r"\b[0-9a-f]{16}\b", "0123456789abcdef", text)
    assert_golden(GOLDEN / "summary.txt", text)


def test_features_of_a_replay_and_of_a_spec_have_a_row_per_event(folder: Path) -> None:
    assert told("replay", "good.ndjson", "--out", "out", "--features", "--bundle", "small").exit_code == 0
    assert pl.read_parquet("out/features.parquet")["user_count_1h"].to_list() == [0, 1, 2, 3]
    result = told("features", "good.ndjson", "--spec", "spec.yaml", "--out", "deep/f.parquet")
    assert result.exit_code == 0
    assert result.stdout == (
        "read 4: accepted 4, duplicate 0, conflict 0, rejected 0; amounts in CNY; deep/f.parquet\n"
    )  # fmt: skip
    assert pl.read_parquet("deep/f.parquet").rows() == [(f"p{n}", n, float(n)) for n in range(4)]


def test_a_csv_with_labels_goes_from_replay_to_evaluate(folder: Path) -> None:
    assert told("replay", "log.csv", "--mapping", "mapping.yaml", "--out", "out").exit_code == 0
    told_all = told("evaluate", "--decisions", "out/decisions.parquet", "--truth", "out/truth.parquet")
    assert told_all.exit_code == 0
    assert told_all.stdout.startswith("8 payments of 3 payers judged; 4 of them are cash-out (50.00 %).\n")
    judged = only_object(told("evaluate", "-d", "out/decisions.parquet", "-t", "out/truth.parquet", "--json"))
    assert (judged["currency"], judged["money_caught"] + judged["money_missed"]) == ("CNY", 2 + 4 + 6 + 8)


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "good.ndjson", "--out", "out"],
        ["replay", "bad.ndjson", "--out", "out"],
        ["features", "good.ndjson", "--spec", "spec.yaml", "--out", "f.parquet"],
        ["features", "bad.ndjson", "--spec", "spec.yaml", "--out", "f.parquet"],
        ["bundle", "show"],
        ["bundle", "show", "small"],
        ["warmup"],
        DEMO,
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_json_is_one_object_on_stdout_and_nothing_else(folder: Path, arguments: list[str]) -> None:
    result = told(*arguments, "--json")
    assert result.exit_code == (3 if "bad.ndjson" in arguments else 0)
    assert only_object(result)


def test_a_replay_goes_on_with_the_bundles_that_its_log_activates(folder: Path) -> None:
    rules = (folder / "small" / "rules.yaml").read_text(encoding="utf-8")
    write_bundle(folder / "next")
    (folder / "next" / "rules.yaml").write_text(rules.replace("amount > 600", "amount > 5000"), encoding="utf-8")
    content = load_bundle(folder / "next").hash
    activated = BundleActivated(event_id="b1", time=START_MS, bundle=content)
    (folder / "log.ndjson").write_bytes(as_lines([payment(0), activated, payment(1)]))
    asked = ["replay", "log.ndjson", "--bundle", "small", "--out", "out", "--force"]
    assert only_object(told(*asked, "--json"))["bundles"] == [load_bundle(folder / "small").hash]
    missing = told(*asked, "--bundles", "small")
    assert missing.exit_code == 2
    assert "the log activates the bundle" in missing.stderr
    (folder / "kept").mkdir()
    (folder / "next").rename(folder / "kept" / content)
    assert only_object(told(*asked, "--bundles", "kept", "--json"))["bundles"] == [
        load_bundle(folder / "small").hash, content
    ]  # fmt: skip
    assert pl.read_parquet(folder / "out" / "decisions.parquet")["hits"].to_list() == [["LARGE"], []]
    assert told(*asked, "--bundles", "nowhere").exit_code == 2
    assert told(*asked, "--bundles", "kept", "--features").exit_code == 2


def test_the_json_of_a_replay_is_its_summary(folder: Path) -> None:
    found = only_object(told("replay", "good.ndjson", "--out", "out", "--json"))
    assert found == json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (found["currency"], found["money_by_outcome"]["allow"]) == ("CNY", 5_000)


def test_now_and_secret_are_taken_in_their_forms(folder: Path) -> None:
    digests = set()
    for number, options in enumerate(([], ["--secret", "00" * 16], ["--now", "2026-01-05T08:30:00Z"])):
        found = only_object(told("replay", "good.ndjson", "--out", f"out{number}", "--json", *options))
        digests.add(found["digest"])
    assert len(digests) == 1
    early = told("replay", "good.ndjson", "--out", "early", "--json", "--now", START_MS - 300_000)
    assert early.exit_code == 3
    assert (only_object(early)["decided"], only_object(early)["rejected"]) == (1, 3)


# How commands end: 3


def test_refused_records_are_counted_on_stderr_and_kept_and_the_rest_is_written(folder: Path) -> None:
    result = told("replay", "bad.ndjson", "--out", "out")
    assert result.exit_code == 3
    assert "refused records: 2; see out/rejects.ndjson" in result.stderr
    assert "read 6: decided 4, taught 0, duplicate 0, conflict 1, rejected 1" in result.stdout
    assert pl.read_parquet("out/decisions.parquet").height == 4
    assert json.loads((folder / "out" / "summary.json").read_text())["rejected"] == 1
    reasons = [json.loads(line)["reason"] for line in (folder / "out" / "rejects.ndjson").read_text().splitlines()]
    assert reasons == ["missing-field", "conflict"]


def test_features_say_how_refused_records_can_be_kept(folder: Path) -> None:
    arguments = ["features", "bad.ndjson", "--spec", "spec.yaml", "--out", "f.parquet"]
    result = told(*arguments)
    assert (result.exit_code, pl.read_parquet("f.parquet").height) == (3, 4)
    assert "refused records: 2; --rejects FILE keeps them" in result.stderr
    again = told(*arguments, "--rejects", "r.ndjson")
    assert "refused records: 2; see r.ndjson" in again.stderr
    assert len((folder / "r.ndjson").read_text().splitlines()) == 2


# How commands end: 2, and 3 for files that are nothing readable


REFUSED = (
    ["replay", "none.ndjson", "--out", "out"],
    ["replay", "log.csv", "--out", "out"],
    ["replay", "good.ndjson", "--out", "small"],
    ["replay", "good.ndjson", "--out", "good.ndjson"],
    ["replay", "good.ndjson", "--out", "good.ndjson/out"],
    ["replay", "good.ndjson", "--out", "out", "--bundle", "paylatr"],
    ["replay", "good.ndjson", "--out", "out", "--bundle", "nothing"],
    ["replay", "log.csv", "--out", "out", "--mapping", "handbok"],
    ["replay", "log.csv", "--out", "out", "--mapping", "nothing.yaml"],
    ["replay", "good.ndjson", "--out", "out", "--now", "yesterday"],
    ["replay", "good.ndjson", "--out", "out", "--now", "2026-01-05T08:30:00"],
    ["replay", "good.ndjson", "--out", "out", "--secret", "12"],
    ["replay", "good.ndjson", "--out", "out", "--secret", "x" * 32],
    ["features", "good.ndjson", "--spec", "none.yaml", "--out", "f.parquet"],
    ["features", "good.ndjson", "--spec", "good.ndjson", "--out", "f.parquet"],
    ["features", "good.ndjson", "--spec", "spec.yaml", "--out", "small"],
    ["features", "good.ndjson", "--spec", "spec.yaml", "--out", "f.parquet", "--currency", "RMBB"],
    ["features", "good.ndjson", "--spec", "spec.yaml", "--out", "f.parquet", "--currency", "CNYY"],
    ["evaluate", "--decisions", "none.parquet", "--truth", "none.parquet"],
    ["evaluate", "--decisions", "spec.yaml", "--truth", "spec.yaml"],
    ["evaluate", "--decisions", "decisions.parquet", "--truth", "decisions.parquet"],
    ["bundle", "show", "paylatr"],
    ["demo", "--users", "3"],
    ["demo", "--scenario", "smal"],
    ["simulate"],
    ["simulate", "--out", "small", "--users", "50", "--days", "7"],
    ["simulate", "--out", "out", "--scenario", "smal"],
    ["simulate", "--out", "out", "--seed", "-1"],
    ["simulate", "--out", "out", "--seeds", "1,2"],
    ["simulate", "--gates", "--out", "out", "--seeds", "1,2"],
    ["simulate", "--gates", "--seed", "1"],
    ["simulate", "--gates", "--seeds", "1,-2"],
    ["simulate", "--gates", "--seeds", "1,2,1"],
)


def test_wrong_use_is_answered_in_plain_words_and_nothing_is_left_behind(folder: Path) -> None:
    pl.DataFrame({"event_id": ["p1"]}).write_parquet("decisions.parquet")
    before = sorted(path.name for path in folder.iterdir())
    parts = []
    for arguments in REFUSED:
        result = told(*arguments)
        assert result.stdout == ""
        assert sorted(path.name for path in folder.iterdir()) == before, arguments
        answer = result.stderr[result.stderr.index("bonafide: ") :].rstrip("\n")
        parts.append(f"$ bonafide {' '.join(arguments)}\n{answer}\n-> {result.exit_code}\n")
    assert_golden(GOLDEN / "refusals.txt", "\n".join(parts))


def test_a_folder_that_is_not_empty_is_written_into_only_when_forced(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "mine").write_text("keep")
    refused = told("replay", "good.ndjson", "--out", "out")
    assert refused.exit_code == 2
    assert "add --force" in refused.stderr
    assert [path.name for path in (folder / "out").iterdir()] == ["mine"]
    assert told("replay", "good.ndjson", "--out", "out", "--force").exit_code == 0
    assert (folder / "out" / "mine").read_text() == "keep"
    assert (folder / "out" / "summary.json").exists()


def test_an_option_that_is_missing_is_named(folder: Path) -> None:
    result = told("replay", "good.ndjson")
    assert result.exit_code == 2
    assert "Missing option '--out'" in result.stderr


# How commands end: 4


def test_a_full_disk_ends_with_four_and_the_way_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        # What polars makes of the system's ENOSPC.
        raise pl.exceptions.ComputeError(
            "parquet: File out of specification: underlying IO error: No space left on device (os error 28)"
        )

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    result = told("replay", "good.ndjson", "--out", "out", "--json")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.splitlines()[-1] == (
        "bonafide: out/decisions.parquet: cannot be written: No space left on device (os error 28); "
        "make room or choose another folder"
    )
    assert {path.name for path in (folder / "out").iterdir()} == {"rejects.ndjson", "bundle"}


def test_a_full_disk_under_the_summary_ends_with_four(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    result = told("replay", "good.ndjson", "--out", "out")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.splitlines()[-1].startswith("bonafide: out/summary.json: No space left on device; ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_rejects_ends_with_four(folder: Path) -> None:
    result = told("features", "bad.ndjson", "--spec", "spec.yaml", "--out", "f.parquet", "--rejects", "/dev/full")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "/dev/full: cannot be written: No space left on device" in result.stderr


def test_a_full_stdout_ends_with_four(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "argv", ["bonafide", "bundle", "show", "--json"])
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as ended:
        run_main()
    assert ended.value.code == 4
    assert "No space left on device" in capsys.readouterr().err


# The demo


def test_the_demo_keeps_everything_it_used_where_it_is_told_to(folder: Path) -> None:
    first, second = told(*DEMO, "--out", "a", "--json"), told(*DEMO, "--seed", "1", "--json")
    result = only_object(first)
    assert result["summary"]["digest"] == only_object(second)["summary"]["digest"]
    assert {path.name for path in (folder / "a").iterdir()} == {
        "events.parquet", "truth.parquet", "subjects.parquet", "loops.parquet", "flows.parquet", "README.md",
        "decisions.parquet", "rejects.ndjson", "summary.json", "bundle",
    }  # fmt: skip
    counts = result["summary"]
    assert counts["rejected"] == counts["conflict"] == 0
    judged = only_object(told("evaluate", "-d", "a/decisions.parquet", "-t", "a/truth.parquet", "--json"))
    for name in ("n", "positives", "auc", "money_caught", "money_missed", "honest_money_disturbed"):
        assert result["evaluation"][name] == judged[name]
    assert "Everything is in a" in first.stderr


def test_the_demo_ends_with_commands_that_exist(folder: Path) -> None:
    for out in ([], ["--out", "a"]):
        text = told(*DEMO, *out).stdout
        assert "Honest people disturbed" in text
        commands = re.findall(r"^  bonafide ([a-z]+)", text.split("Where to go next:\n")[1], re.MULTILINE)
        assert {"evaluate", "simulate", "map"} <= set(commands) <= {path[0] for path in paths()}


# Simulated platforms

SIMULATE = ["simulate", "--users", "60", "--merchants", "30", "--days", "8"]


def test_simulate_writes_a_run_that_replays_without_a_refusal(folder: Path) -> None:
    done = told(*SIMULATE, "--out", "run", "--json")
    result = only_object(done)
    assert (done.exit_code, result["scenario"], result["seed"], result["users"]) == (0, "small", 1, 60)
    assert {path.name for path in (folder / "run").iterdir()} == {
        "events.parquet", "truth.parquet", "subjects.parquet", "loops.parquet", "flows.parquet", "README.md",
    }  # fmt: skip
    replayed = told("replay", "run/events.parquet", "--out", "out", "--json")
    counts = only_object(replayed)
    assert (replayed.exit_code, counts["rejected"], counts["conflict"]) == (0, 0, 0)
    assert counts["read"] == result["rates"]["events"]


def test_the_command_on_the_page_of_a_run_makes_the_run_again(folder: Path) -> None:
    shown = told(*SIMULATE, "--seed", "5", "--out", "run")
    assert shown.stdout.startswith("events.parquet ")
    command = re.search(r"^bonafide (simulate .+)$", (folder / "run" / "README.md").read_text(), re.MULTILINE)
    assert command is not None
    assert told(*command[1].replace("DIR", "again").split()).exit_code == 0
    for name in ("events.parquet", "truth.parquet", "subjects.parquet", "loops.parquet", "flows.parquet", "README.md"):
        assert (folder / "again" / name).read_bytes() == (folder / "run" / name).read_bytes()


def test_simulate_lists_its_scenarios(folder: Path) -> None:
    listed = only_object(told("simulate", "--list", "--json"))["scenarios"]
    text = told("simulate", "--list").stdout
    assert {"small", "city", "calm", "festival", "new-scheme"} <= {scenario["name"] for scenario in listed}
    for scenario in listed:
        assert re.search(
            rf"^{scenario['name']} +{scenario['users']:,} .+{re.escape(scenario['says'])}$", text, re.MULTILINE
        )


def test_simulate_judges_a_run_by_the_gates_when_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, bool]] = []
    monkeypatch.setattr("bonafide.apps.cli.simulate.show_gates", lambda path, as_json: asked.append((path, as_json)))
    assert told("simulate", "--gates", "--out", "run", "--json").exit_code == 0
    assert asked == [(Path("run"), True)]
    assert not (folder / "run").exists()


@pytest.mark.parametrize("option", ["--users", "--merchants", "--days"])
def test_a_platform_of_nothing_is_wrong_use(folder: Path, option: str) -> None:
    assert told("simulate", "--out", "run", option, "0").exit_code == 2
    assert not (folder / "run").exists()


def test_force_leaves_no_result_of_an_earlier_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("truth.parquet", "features.parquet", "notes.txt"):
        (out / name).write_text("old")
    events = tmp_path / "events.ndjson"
    events.write_text('{"type": "tick", "event_id": "t1", "time": 1767225600000}\n')
    assert told("replay", events, "--out", out, "--force").exit_code == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "bundle", "decisions.parquet", "notes.txt", "rejects.ndjson", "summary.json",
    ]  # fmt: skip


def test_features_never_write_over_what_they_read_nor_over_a_device(tmp_path: Path) -> None:
    events, spec = tmp_path / "events.ndjson", tmp_path / "spec.yaml"
    events.write_text('{"type": "tick", "event_id": "t1", "time": 1767225600000}\n')
    spec.write_text("- {name: n, event: payment, by: user_id, take: count, over: 1h}\n")
    linked = tmp_path / "linked.parquet"
    linked.symlink_to(tmp_path / "target.parquet")
    for out in (events, spec, Path("/dev/null")):
        assert told("features", events, "--spec", spec, "--out", out).exit_code == 2
    assert told("features", events, "--spec", spec, "--out", tmp_path / "f", "--rejects", events).exit_code == 2
    assert events.read_text().startswith("{")
    assert told("features", events, "--spec", spec, "--out", linked).exit_code == 0
    assert linked.is_symlink()
    assert (tmp_path / "target.parquet").is_file()


def test_a_key_given_twice_is_a_mistake(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("- {name: n, event: payment, by: user_id, take: count, over: 1h, over: 2h}\n")
    result = told("features", "examples/events.ndjson", "--spec", spec, "--out", tmp_path / "f.parquet")
    assert result.exit_code == 2
    assert "spec.yaml:1:65: is not YAML: the key 'over' is given twice" in result.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "is a PNG picture"),
        ("{}".encode("utf-16"), "is UTF-16 text"),
        (b"PAR1" + bytes(64), "begins like Parquet but is cut off or damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_refused_record_and_stops_no_other(
    folder: Path, content: bytes, says: str
) -> None:
    (folder / "bad").write_bytes(content)
    alone = told("replay", "good.ndjson", "--out", "alone", "--json")
    both = told("replay", "bad", "good.ndjson", "--out", "both", "--json")
    assert (alone.exit_code, both.exit_code) == (0, 3)
    assert f"bonafide: bad: {says}" in both.stderr
    counts, wanted = json.loads(both.stdout), json.loads(alone.stdout)
    assert (counts["read"], counts["rejected"]) == (wanted["read"] + 1, 1)
    assert counts["digest"] == wanted["digest"]
    (reject,) = (folder / "both" / "rejects.ndjson").read_text().splitlines()
    assert says in json.loads(reject)["message"]
