"""Rows, monitors, faults and lists of a policy: what they do to outcomes, and what check says of them."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, Decision
from bonafide.core.events import Degraded, Fact, Payment, Payout
from bonafide.core.mistakes import show_mistakes
from bonafide.engine.bundle import Bundle, load_bundle, read_bundle
from bonafide.engine.bundles.check import check_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.policy_rows import Cell, PolicyRow, amount_cuts, row_of, score_cuts, tangles
from bonafide.engine.rules.tree import DECIDED_TYPES
from bonafide.engine.shipped import shipped_bundle
from bonafide.testing.ladder.playground import hits, write_playground
from tests.engine.kit import START_MS, assert_golden
from tests.engine.tiny import TINY

GOLDEN = Path(__file__).parent / "golden" / "policy_mistakes.txt"


def folder_with(tmp: Path, policy: str, rules: list[dict[str, Any]] | None = None, **lists: str) -> Path:
    """The playground with more in its policy, other rules at its end, and lists."""
    folder = write_playground(tmp / "bundle", None)
    with (folder / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write(policy)
    if rules:
        with (folder / "rules.yaml").open("a", encoding="utf-8") as file:
            file.write(yaml.safe_dump(rules))
    (folder / "lists").mkdir()
    for name, text in lists.items():
        (folder / "lists" / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def bundle_with(tmp: Path, policy: str, rules: list[dict[str, Any]] | None = None, **lists: str) -> Bundle:
    return load_bundle(folder_with(tmp, policy, rules, **lists))


def pay(number: int, amount: int = 100, **fields: Any) -> Payment:
    told = {"user_id": "u", "merchant_id": "m", "order_id": "o", "currency": "CNY", **fields}
    return Payment(event_id=f"e{number}", time=START_MS + number, amount=amount, **told)


def decide(bundle: Bundle, *events: Fact) -> list[Decision]:
    return [a for a in Engine(bundle).decide(events) if isinstance(a, Decision)]


# ---- rows


def test_the_first_row_that_fits_decides_else_the_band(tmp_path: Path) -> None:
    bundle = bundle_with(
        tmp_path,
        """
rows:
  - {type: [payment], amount: {from: 500000}, score: {from: 0.3}, outcome: hold}
  - {hits: [C-BUST-OUT], score: {to: 0.5}, outcome: allow}
  - {subject: [merchant], amount: {from: 1000, to: 2000}, outcome: verify}
""",
    )
    payout = Payout(event_id="p", time=START_MS, merchant_id="m", account_id="a", amount=1_500, currency="CNY")
    found = decide(
        bundle, pay(1), pay(2, **hits("drain_the_line")), pay(3, 499_999, **hits("drain_the_line")),
        pay(4, 500_000, **hits("drain_the_line")), pay(5, 500_000), pay(6, **hits("bust_out")),
        pay(7, **hits("bust_out", strict="verify")), pay(8, 500_000, **hits("bust_out")), payout,
        msgspec.structs.replace(payout, event_id="q", amount=2_000),
        pay(10, 500_000, currency="USD", **hits("drain_the_line")),
    )  # fmt: skip
    assert [one.outcome for one in found] == [
        "allow", "warn", "warn", "hold", "allow", "allow", "verify", "hold", "verify", "allow", "warn"
    ]  # fmt: skip


def twin(rows: list[dict[str, Any]], event: Payment | Payout, answer: Decision) -> str:
    """The outcome by the words of the documentation."""
    for row in rows:
        score, amount = row.get("score", {}), row.get("amount", {})
        subject = "user" if isinstance(event, Payment) else "merchant"
        if (
            event.type in row.get("type", [event.type])
            and subject in row.get("subject", [subject])
            and score.get("from", 0) <= answer.score < score.get("to", 2)
            and amount.get("from", 0) <= event.amount < amount.get("to", 10**13)
            and "low" in row.get("credit", ["low"])
            and (set(row["hits"]) & set(answer.hits) if "hits" in row else True)
        ):
            found = str(row["outcome"])
            break
    else:
        found = ("allow", "warn", "verify", "hold")[sum(answer.score >= start for start in (0.3, 0.6, 0.9))]
    owed = "warn" if answer.score >= 0.6 else "allow"
    return max(found, owed, key=OUTCOMES.index)


SPANS = st.dictionaries(st.sampled_from(["from", "to"]), st.sampled_from([0.2, 0.35, 0.6, 0.8]), max_size=2)
AMOUNTS = st.dictionaries(st.sampled_from(["from", "to"]), st.sampled_from([50, 100, 5_000]), max_size=2)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(OUTCOMES)},
        optional={
            "type": st.lists(st.sampled_from(["payment", "payout"]), min_size=1, unique=True),
            "subject": st.lists(st.sampled_from(["user", "merchant"]), min_size=1, unique=True),
            "score": SPANS, "amount": AMOUNTS, "credit": st.just(["low"]) | st.just(["high", "critical"]),
            "hits": st.lists(st.sampled_from(["C-BUST-OUT", "C-DRAIN-THE-LINE"]), min_size=1, unique=True),
        },
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=25)
@given(ROWS)
def test_rows_do_what_they_say(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        for key in ("score", "amount"):
            if key in row and row[key].get("to", 9**9) <= row[key].get("from", 0):
                row[key].pop("to")
    bundle = bundle_with(tmp_path_factory.mktemp("rows"), yaml.safe_dump({"rows": rows}))
    cases = product((40, 50, 100, 6_000), ({}, hits("bust_out"), hits("drain_the_line", strict="verify")))
    log: list[Payment | Payout] = [pay(n, amount, **found) for n, (amount, found) in enumerate(cases)]
    log += [
        Payout(event_id=f"o{n}", time=START_MS, merchant_id="m", account_id="a", amount=n, currency="CNY")
        for n in (40, 50, 6_000)
    ]
    for event, answer in zip(log, decide(bundle, *log), strict=True):
        assert answer.outcome == twin(rows, event, answer)


DIRECT = st.lists(
    st.builds(
        PolicyRow, st.sampled_from(OUTCOMES),
        type=st.none() | st.lists(st.sampled_from(DECIDED_TYPES[:3]), min_size=1, unique=True).map(tuple),
        credit=st.none() | st.lists(st.sampled_from(RISK_LEVELS), min_size=1, unique=True).map(tuple),
        amount=st.none() | st.sampled_from([{"from": 10}, {"to": 10}, {"from": 5, "to": 20}]).map(
            lambda told: msgspec.convert(told, PolicyRow.__annotations__ and _amount())),
        hits=st.none() | st.lists(st.sampled_from(["A", "B"]), min_size=1, unique=True).map(tuple),
    ),
    max_size=4,
)  # fmt: skip


def _amount() -> Any:
    from bonafide.engine.policy_rows import AmountSpan

    return AmountSpan


@settings(max_examples=60)
@given(DIRECT)
def test_what_is_called_unreachable_is_what_no_case_reaches(rows: list[PolicyRow]) -> None:
    reached = {"A": frozenset(DECIDED_TYPES), "B": frozenset({"payment"})}
    cells = [
        Cell(kind, score, credit, amount, frozenset(found))
        for kind, score, credit, amount, found in product(
            DECIDED_TYPES, (0, *score_cuts(rows)), range(4), (0, *amount_cuts(rows)), ((), ("A",), ("B",), ("A", "B"))
        )
        if all(kind in reached[rule] for rule in found)
    ]
    used = {row_of(rows, cell) for cell in cells}
    told = {path[1] for code, path, _ in tangles(rows, reached) if code == "unreachable"}
    assert told == {i for i in range(len(rows)) if i not in used}


# ---- monitors, faults, holds


def test_a_monitor_alerts_and_does_nothing_else(tmp_path: Path) -> None:
    watch = {"id": "W-BIG", "when": "type == 'payment' and amount >= 5000", "typology": "bust_out", "weight": 0,
             "effect": "monitor", "reason": "RC11", "source": "here"}  # fmt: skip
    bundle = bundle_with(tmp_path, "", [watch])
    plain, seen, both = decide(bundle, pay(1), pay(2, 5_000), pay(3, 5_000, **hits("drain_the_line")))
    assert (plain.alert, plain.hits) == (False, ())
    assert (seen.alert, seen.hits, seen.outcome, seen.score, seen.reasons) == (True, ("W-BIG",), "allow", 0.0, ())
    assert (both.alert, both.outcome, [reason.code for reason in both.reasons]) == (True, "warn", ["RC04"])


def test_a_fault_means_what_the_policy_says(tmp_path: Path) -> None:
    policy = "faults: {missing_currency: verify, degraded: {links: warn}}\nhold_default: verify\n"
    bundle = bundle_with(tmp_path, policy)
    log = [
        pay(1), pay(2, currency="USD"), Degraded(event_id="d1", time=START_MS, parts=("links", "other")), pay(3),
        Degraded(event_id="d2", time=START_MS, parts=("other",)), pay(4), pay(5, **hits("bust_out", strict="hold")),
    ]  # fmt: skip
    found = decide(bundle, *log)
    assert [one.outcome for one in found] == ["allow", "verify", "warn", "allow", "hold"]
    assert [one.release_default for one in found] == [None, None, None, None, "verify"]


def test_lists_of_a_policy_spare_watch_and_block(tmp_path: Path) -> None:
    entry = "{{id: {}, until: 2027-01-01T00:00:00Z, reason: known, author: ann}}"
    bundle = bundle_with(
        tmp_path,
        "lists:\n"
        "  - {list: trusted, of: merchant_id, effect: allow}\n"
        "  - {list: watched, of: user_id, effect: watch}\n"
        "  - {list: blocked, of: device_id, effect: block}\n"
        "  - {list: banned, of: user_id, effect: block, outcome: decline}\n",
        trusted__yaml=f"- {entry.format('good')}\n", watched__txt="eyed\n", blocked__txt="d1\n", banned__txt="gone\n",
    )  # fmt: skip
    found = decide(
        bundle, pay(1, merchant_id="good", **hits("bust_out", strict="hold")), pay(2, user_id="eyed"),
        pay(3, device_id="d1"), pay(4, user_id="gone", merchant_id="good"), pay(5, device_id="d2"),
        pay(6, user_id="eyed", merchant_id="good", **hits("bust_out")),
    )  # fmt: skip
    assert [one.outcome for one in found] == ["allow", "allow", "hold", "decline", "allow", "allow"]
    assert [one.alert for one in found] == [False, True, True, True, False, True]
    assert found[0].score > 0.9
    assert "H-BUST-OUT" in found[0].hits
    assert found[1].hits == ()


# ---- mistakes

LIST = {"trusted__yaml": "- {id: a, until: 2027-01-01T00:00:00Z, reason: r, author: x}\n"}
WRONG: dict[str, tuple[str, dict[str, str]]] = {
    "a row that an earlier one covers": (
        "rows:\n  - {score: {from: 0.3}, outcome: verify}\n  - {score: {from: 0.4}, type: [payment], outcome: hold}\n",
        {},
    ),
    "a row of a rule that cannot hit such an event": (
        "rows:\n  - {type: [payout], hits: [C-BUST-OUT], outcome: hold}\n", {}
    ),
    "a row of no type": ("rows:\n  - {type: [payment], subject: [merchant], outcome: hold}\n", {}),
    "two rows that cross": (
        "rows:\n  - {amount: {from: 500}, outcome: verify}\n  - {score: {from: 0.3}, outcome: hold}\n", {}
    ),
    "spans upside down": ("rows:\n  - {score: {from: 0.5, to: 0.2}, amount: {from: 5, to: 5}, outcome: warn}\n", {}),
    "a rule that there is not": ("rows:\n  - {hits: [NO-RULE], outcome: warn}\n", {}),
    "words misspelt": ("rows:\n  - {outcom: warn, credit: [hihg]}\nhold_default: decline\n", {}),
    "a list that there is not": ("lists:\n  - {list: trustd, of: user_id, effect: allow}\n", LIST),
    "a field that holds no text": ("lists:\n  - {list: trusted, of: amount, effect: watch, outcome: hold}\n", LIST),
    "trust without an end": (
        "lists:\n  - {list: trusted, of: user_id, effect: allow}\n", {"trusted__txt": "a\n"}
    ),
    "an entry without a reason": ("", {"trusted__yaml": "- {id: a, author: x}\n"}),
    "an end that is no time": ("", {"trusted__yaml": "- {id: a, until: 2027-01-01, reason: r, author: x}\n"}),
    "one list twice": ("", {**LIST, "trusted__txt": "a\n"}),
    "an entry twice": ("", {"trusted__yaml": LIST["trusted__yaml"] * 2}),
    "a snooze of what there is not": (
        "", {"snoozed__yaml": "- {rule: NO-RULE, user_id: u, until: 2027-01-01T00:00:00Z, reason: r, author: x}\n"}
    ),
    "a snooze of nobody": (
        "", {"snoozed__yaml": "- {rule: C-BUST-OUT, until: 2027-01-01T00:00:00Z, reason: r, author: x}\n"}
    ),
    "a list that nobody reads": ("", LIST),
    "a reason that is not there": ("rows:\n  - {type: [payout], outcome: hold, reason: RC066}\n", {}),
}  # fmt: skip


def test_what_an_analyst_reads(tmp_path: Path) -> None:
    """golden/policy_mistakes.txt holds every mistake as it is shown."""
    shown = []
    for i, (name, (policy, lists)) in enumerate(WRONG.items()):
        (tmp_path / str(i)).mkdir()
        folder = folder_with(tmp_path / str(i), policy, **lists)
        mistakes = [m for m in check_bundle(folder) if m.path.startswith(("policy", "lists"))]
        texts = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*.*")}
        shown.append(f"# {name}\n{show_mistakes(mistakes, texts)}\n")
        assert mistakes, name
    assert_golden(GOLDEN, "\n".join(shown))


def test_a_row_gives_its_reason_where_nothing_else_gives_one(tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path, """
rows:
  - {type: [payment], amount: {from: 5000}, outcome: warn, reason: RC06}
  - {type: [payment], amount: {from: 3000}, outcome: warn}
""")  # fmt: skip
    found = decide(bundle, pay(1), pay(2, 3_000), pay(3, 5_000), pay(4, 5_000, **hits("drain_the_line")))
    assert [(one.outcome, [reason.code for reason in one.reasons]) for one in found] == [
        ("allow", []), ("warn", []), ("warn", ["RC06"]), ("warn", ["RC04"])
    ]  # fmt: skip


def test_no_shipped_row_holds_without_a_reason() -> None:
    bundle = shipped_bundle("paylater")
    assert all(row.reason in bundle.reasons for row in bundle.policy.rows if row.outcome != "allow" and not row.hits)


def test_a_row_above_every_score_is_told(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "b")
    with (tmp_path / "b" / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write("rows:\n  - {score: {from: 1.0}, outcome: verify}\n")
    told = [m.message for m in check_bundle(tmp_path / "b") if m.path == "policy.yaml"]
    assert any(text.startswith("rows[0].score: no score reaches it; the most is") for text in told)


def test_a_monitor_that_weighs_is_a_mistake(tmp_path: Path) -> None:
    watch = {"id": "W-BIG", "when": "amount >= 5000", "typology": "bust_out", "weight": 0.2, "effect": "monitor",
             "reason": "RC11", "source": "here"}  # fmt: skip
    sources, _ = read_bundle(folder_with(tmp_path, "", [watch]))
    assert [m.sentence for m in sources.mistakes] == [
        "rule W-BIG: effect: a monitor only watches, so that it weighs 0, not 0.2"
    ]


def test_rows_about_payouts_do_not_make_every_payment_give_reasons(tmp_path: Path) -> None:
    """The kernel looks for the reasons of a payment from the score on at which something happens to it."""
    for number, (row, line) in enumerate(
        {"{type: [payout], outcome: hold}": 300_000, "{subject: [merchant], outcome: hold}": 300_000,
         "{credit: [high], outcome: hold}": 0, "{type: [payment], score: {from: 0.2}, outcome: warn}": 200_000}.items()
    ):  # fmt: skip
        (tmp_path / str(number)).mkdir()
        bundle = load_bundle(folder_with(tmp_path / str(number), f"rows:\n  - {row}\n"))
        assert bundle.policy.line_e6 == line, row
