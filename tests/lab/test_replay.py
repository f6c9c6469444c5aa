"""A replay answers as the engine does one event at a time, counts every record once, and repeats to the byte."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision, bare_measure
from bonafide.core.door import decode_event
from bonafide.core.errors import InputError
from bonafide.core.events import Event, Fact, MerchantApplication, Payment, Payout, Refund, Transfer
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.engine import Engine
from bonafide.engine.templates import as_json
from bonafide.lab import replay
from bonafide.testing.generators import events, texts
from bonafide.testing.windows_twin import WindowTwin
from tests.lab.runs import Run, as_lines, as_parquet, replayed, small_bundle

START_MS = 1_767_601_800_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 3 * DAY_MS // MINUTE_MS).map(lambda minute: START_MS + minute * MINUTE_MS)
"""Three days, so that with a lateness of two some events are too late."""
EVENTS = events(pool=2, times=TIMES) | events({"payment", "refund", "payout"}, pool=2, times=TIMES)
BAD_LINES = st.sampled_from(
    [
        b"{", b"[1]", b"nonsense", b'{"type":"payment"}', b'{"type":"tick","event_id":"k","time":-1}',
        b'{"type":"tick","event_id":"k","time":1,"more":1}', b'{"type":"nothing","event_id":"k","time":1}', b"\xff\xfe",
    ]
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Lines of a log: valid ones, of which ids and whole lines recur, some of them late; and bad ones."""
    lines: list[bytes] = []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["event", "event", "event", "again", "bad"]))
        if kind == "event" or not lines:
            lines.append(msgspec.json.encode(draw(EVENTS)))
        else:
            lines.append(draw(BAD_LINES if kind == "bad" else st.sampled_from(lines)))
    return lines


def told_by_the_door(lines: list[bytes]) -> list[Event | None]:
    """The event of each line; None where the door refuses it."""
    found: list[Event | None] = []
    for line in lines:
        try:
            found.append(decode_event(line))
        except InputError:
            found.append(None)
    return found


def decided(log: list[Fact]) -> list[tuple[Fact, Decision]]:
    """Each decided event with its decision, by one call of the engine an event."""
    engine = Engine(small_bundle())
    answered = [(event, engine.decide_one(event)) for event in log]
    return [(event, answer) for event, answer in answered if isinstance(answer, Decision)]


def digest_of(decisions: list[tuple[Fact, Decision]]) -> str:
    return hashlib.sha256(b"".join(decision.canonical + b"\n" for _, decision in decisions)).hexdigest()


def row_of(event: Fact, decision: Decision) -> dict[str, Any]:
    """What INTERFACE.md says of a decision as a row of decisions.parquet."""
    own = {name: getattr(event, name, None) for name in ("user_id", "merchant_id", "amount", "currency")}
    return {
        "seq": decision.seq, "event_id": event.event_id, "time": EPOCH + timedelta(milliseconds=event.time),
        "type": event.type, **own, "outcome": decision.outcome, "score": decision.score,
        "risk_level": decision.risk_level, "credit_score": decision.credit_score, "alert": decision.alert,
        "hits": list(decision.hits), "reasons": [reason.code for reason in decision.reasons],
        "measures": [measure.measure for measure in decision.measures], "faults": list(decision.faults), "loops": [],
        "degraded": list(decision.degraded),
        "proposals": [as_json(bare_measure(one, [r.code for r in one.reasons])) for one in decision.measures],
        "bundle": decision.bundle, "arm": decision.arm, "shadow_outcome": None, "shadow_score": None,
        "shadow_hits": None,
    }  # fmt: skip


def assert_counted_as_the_twin_says(run: Run, lines: list[bytes]) -> None:
    twin = WindowTwin([], lateness_ms=2 * DAY_MS)
    met = [(event, "rejected" if event is None else twin.feed(event)[0]) for event in told_by_the_door(lines)]
    became = Counter(status for _, status in met)
    taken = [event for event, status in met if event is not None and status == "taken"]
    summary = run.summary
    assert summary.read == len(lines)
    assert (summary.duplicate, summary.conflict) == (became["duplicate"], became["conflict"])
    assert summary.rejected == became["rejected"] + became["too-late"]
    assert summary.decided == sum(event.decided for event in taken)
    assert summary.decided + summary.taught + summary.duplicate + summary.conflict + summary.rejected == summary.read
    assert summary.by_type == dict(sorted(Counter(event.type for event in taken).items()))
    assert sum(summary.by_outcome.values()) == summary.decided
    reasons = Counter(reject["reason"] for reject in run.rejects)
    assert (reasons["conflict"], reasons["too-late"]) == (became["conflict"], became["too-late"])
    assert reasons.total() == summary.refused
    refused = [n + 1 for n, (_, status) in enumerate(met) if status not in {"taken", "duplicate"}]
    assert sorted(reject["line"] for reject in run.rejects) == refused


@settings(max_examples=60)
@given(logs(), st.sampled_from([1, 7, 1_000]))
def test_every_record_is_counted_once_and_answered_as_the_engine_answers(lines: list[bytes], rows: int) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "log.ndjson"
        path.write_bytes(b"\n".join(lines))
        run = replayed(Path(name) / "out", path, rows=rows)
        assert_counted_as_the_twin_says(run, lines)
        expected = decided([event for event in told_by_the_door(lines) if event is not None])
        assert run.summary.digest == digest_of(expected)
        assert run.table("decisions").to_dicts() == [row_of(*pair) for pair in expected]


# The same log, however it comes


def busy_log(size: int = 240) -> list[Fact]:
    """Payments, refunds, payouts, transfers and applications of a few people, on which every outcome occurs."""
    rng = random.Random(5)
    log: list[Fact] = []
    for number in range(size):
        time = START_MS + number * 7 * MINUTE_MS - (HOUR_MS if number % 11 == 0 else 0)
        user, merchant, amount = f"用户-{rng.randrange(9)}", f"m{rng.randrange(4)}", rng.randrange(1, 1_000)
        fact = {"event_id": AWKWARD[number % len(AWKWARD)] + str(number), "time": time}
        money = {"amount": amount, "currency": rng.choice(["CNY", "CNY", "USD", "KRW"])}
        people = {"user_id": user, "merchant_id": merchant, "order_id": f"o{number}"}
        match number % 12:
            case 3:
                log.append(Refund(**fact, **money, **people, to=rng.choice(["bank", "original"])))
            case 6:
                speed = rng.choice(["instant", "scheduled"])
                log.append(Payout(**fact, **money, merchant_id=merchant, account_id="a", speed=speed))
            case 8:
                log.append(Transfer(**fact, **money, from_account_id="a", to_account_id="b"))
            case 9:
                about = {"legal_name": "店", "registration_no": "r", "representative_id": "i", "category": "tea"}
                log.append(MerchantApplication(**fact, **about, merchant_id=merchant))
            case _:
                log.append(Payment(**fact, **money, **people))
    return log


AWKWARD = ('a"b', "a\\b", "\\", '"', "订单", "😀", "\u2028", "é", "</script>", "{}", " ", "\u202e", "p,;")
"""Beginnings of ids that JSON escapes, or that look as if it should."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "log.ndjson").write_bytes(as_lines(busy_log()))
    return replayed(folder / "out", folder / "log.ndjson")


def test_the_busy_log_is_busy(plain: Run) -> None:
    assert min(plain.summary.by_outcome.values()) > 0
    assert plain.summary.decided == plain.summary.read == 240
    table = plain.table("decisions")
    assert set(table["hits"].explode().drop_nulls()) == {"MANY", "LARGE", "BANK", "FAST", "PAPER"}
    assert set(table["faults"].explode().drop_nulls()) == {"missing: currency"}


def test_canonical_lines_equal_the_decisions_own_encoding_for_awkward_ids(plain: Run) -> None:
    assert plain.summary.digest == digest_of(decided(busy_log()))


@settings(max_examples=30)
@given(st.lists(texts(20), min_size=1, max_size=20), st.sampled_from([5, 500, 5_000]))
def test_canonical_lines_equal_the_decisions_own_encoding_for_any_id(names: list[str], amount: int) -> None:
    fields = {"time": START_MS, "merchant_id": "m", "order_id": "o", "amount": amount, "currency": "CNY"}
    log: list[Fact] = [Payment(event_id=name, user_id=name, **fields) for name in names]
    with TemporaryDirectory() as name:
        path = Path(name) / "log.ndjson"
        path.write_bytes(as_lines(log))
        assert replayed(Path(name), path).summary.digest == digest_of(decided(log))


def test_a_digest_is_over_lines_of_canonical_json(plain: Run) -> None:
    lines = [decision.canonical for _, decision in decided(busy_log())]
    assert json.loads(lines[0])["event_id"] == 'a"b0'
    assert all(b"\n" not in line for line in lines)
    assert plain.summary.digest != hashlib.sha256(b"".join(lines)).hexdigest()


@pytest.mark.parametrize("rows", [1, 7, 65_536])
@pytest.mark.parametrize("walk_rows", [3, 16_384])
def test_the_digest_does_not_depend_on_how_the_log_is_cut(
    plain: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, walk_rows: int
) -> None:
    monkeypatch.setattr(replay, "WALK_ROWS", walk_rows)
    run = replayed(tmp_path, plain.folder.parent / "log.ndjson", rows=rows)
    assert run.summary == plain.summary._replace(peak_memory_bytes=run.summary.peak_memory_bytes)
    assert run.table("decisions").equals(plain.table("decisions"))


@pytest.mark.parametrize("secret", [bytes(16), bytes(range(16)), b"\xff" * 16])
def test_the_digest_does_not_depend_on_the_secret(plain: Run, tmp_path: Path, secret: bytes) -> None:
    run = replayed(tmp_path, plain.folder.parent / "log.ndjson", secret=secret)
    assert run.summary.digest == plain.summary.digest


def test_the_digest_does_not_depend_on_the_form_of_the_file(plain: Run, tmp_path: Path) -> None:
    log = busy_log()
    (tmp_path / "log.ndjson.gz").write_bytes(gzip.compress(as_lines(log)))
    (tmp_path / "log.json").write_bytes(b"[" + b",".join(as_lines(log).splitlines()) + b"]")
    (tmp_path / "begin.ndjson").write_bytes(as_lines(log[:100]))
    as_parquet(tmp_path / "log.parquet", log, groups=50)
    as_parquet(tmp_path / "end.parquet", log[100:])
    for names in (["log.ndjson.gz"], ["log.json"], ["log.parquet"], ["begin.ndjson", "end.parquet"]):
        run = replayed(tmp_path / "-".join(names).replace(".", "_"), *[tmp_path / name for name in names])
        assert run.summary.digest == plain.summary.digest, names


def test_asking_for_features_changes_no_decision(plain: Run, tmp_path: Path) -> None:
    run = replayed(tmp_path, plain.folder.parent / "log.ndjson", features=True)
    assert run.summary.digest == plain.summary.digest


def test_another_order_or_another_event_changes_the_digest(plain: Run, tmp_path: Path) -> None:
    log = busy_log()
    for name, other in {"a": [log[1], log[0], *log[2:]], "b": log[:-1]}.items():
        (tmp_path / name).mkdir()
        path = tmp_path / f"{name}.ndjson"
        path.write_bytes(as_lines(other))
        assert replayed(tmp_path / name, path).summary.digest != plain.summary.digest


def test_a_second_engine_goes_on_where_files_end(tmp_path: Path) -> None:
    """The same id in a second file is a duplicate, and `file` in the rejects names the file that holds the line."""
    log = busy_log(30)
    changed = [msgspec.structs.replace(event, time=event.time + 1) for event in log[:2]]
    (tmp_path / "a.ndjson").write_bytes(as_lines(log))
    (tmp_path / "b.ndjson").write_bytes(as_lines([*log[5:9], *changed]))
    run = replayed(tmp_path / "out", tmp_path / "a.ndjson", tmp_path / "b.ndjson")
    assert (run.summary.decided, run.summary.duplicate, run.summary.conflict) == (30, 4, 2)
    assert [(r["file"], r["line"], r["reason"]) for r in run.rejects] == [
        (str(tmp_path / "b.ndjson"), 5, "conflict"), (str(tmp_path / "b.ndjson"), 6, "conflict"),
    ]  # fmt: skip
