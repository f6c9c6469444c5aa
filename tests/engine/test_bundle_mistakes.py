"""What an analyst reads when a bundle is wrong, word for word, in golden/bundle_mistakes.txt; and that damage of any
kind is answered by such words.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/engine/test_bundle_mistakes.py`, then read the difference.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import show_mistakes
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.check import examine_bundle
from bonafide.engine.bundles.examples import run_examples
from bonafide.engine.shipped import find_bundle, shipped_bundle
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden" / "bundle_mistakes.txt"
STARTER = find_bundle("starter")
EXAMPLES = "examples/first.yaml"
RULE = "- id: U-NEW\n  when: {}\n  typology: off_hours\n  weight: 0.1\n  reason: RC03\n  source: tests\n"

# Title, file, what is written there, and what is written instead; an empty `old` adds at the end.
CASES: list[tuple[str, str, str, str]] = [
    ("a file that is no YAML", "policy.yaml", "outcomes:", "outcomes: ["),
    ("a key twice", "bundle.yaml", "currency: CNY", "currency: CNY\ncurrency: EUR"),
    ("a key misspelt", "bundle.yaml", "purpose:", "porpuse:"),
    ("a key that is none", "policy.yaml", "hold_for: 24h", "hold_for: 24h\nladder: []"),
    ("a key forgotten", "bundle.yaml", 'zone: "+08:00"', "#"),
    ("a currency that is none", "bundle.yaml", "currency: CNY", "currency: RMB"),
    ("a zone with a name", "bundle.yaml", '"+08:00"', "Asia/Shanghai"),
    ("a zone too far", "bundle.yaml", '"+08:00"', '"+15:00"'),
    ("a name in capitals", "bundle.yaml", "name: starter", "name: Starter"),
    ("an origin that is none", "bundle.yaml", "anti_fraud_duty", "anti_fruad_duty"),
    ("no purpose", "bundle.yaml", "[contract, credit, anti_fraud_duty]", "[]"),
    ("a lateness without unit", "bundle.yaml", "lateness: 30d", "lateness: 30"),
    ("a lateness in words", "bundle.yaml", "lateness: 30d", "lateness: 30 days"),
    ("a lateness too long", "bundle.yaml", "lateness: 30d", "lateness: 91d"),
    ("a rate that is a number", "bundle.yaml", "", 'exchange: {version: "1", rates: {USD: 7.0}}\n'),
    ("a rate with a comma", "bundle.yaml", "", 'exchange: {version: "1", rates: {USD: "7,00"}}\n'),
    ("a rate of nothing", "bundle.yaml", "", 'exchange: {version: "1", rates: {USD: "0.00"}}\n'),
    ("a rate of the own currency", "bundle.yaml", "", 'exchange: {version: "1", rates: {CNY: "1"}}\n'),
    ("a rate of no currency", "bundle.yaml", "", 'exchange: {version: "1", rates: {RMB: "1"}}\n'),
    ("a feature's unknown take", "features.yaml", "take: sum", "take: summ"),
    ("a feature's unknown key", "features.yaml", "by: user_id,", "by: userid,"),
    ("a rule that is no mapping", "rules.yaml", "", "- U-NEW\n"),
    ("a rule's unknown name", "rules.yaml", "pair_cash_refunds_30d", "pair_cash_refund_30d"),
    ("a rule over two lines", "rules.yaml", "0.8 * credit_limit", "0.8 * credit_limt"),
    ("a rule's unknown list", "rules.yaml", "easily_resold", "easily_sold"),
    ("a rule's unknown typology", "rules.yaml", "refund_elsewhere", "refund_elsewere"),
    ("a rule's unknown reason", "rules.yaml", "reason: RC07", "reason: RC70"),
    ("a rule's id taken already", "rules.yaml", "id: U-RESOLD", "id: U-DRAIN"),
    ("a rule's id in small letters", "rules.yaml", "id: U-RESOLD", "id: u-resold"),
    ("a weight of one", "rules.yaml", "weight: 0.4", "weight: 1"),
    ("a weight in words", "rules.yaml", "weight: 0.4", "weight: heavy"),
    ("a weight that is no number", "rules.yaml", "weight: 0.4", "weight: .nan"),
    ("an effect that is none", "rules.yaml", "effect: verify", "effect: refuse"),
    ("a condition that is yes", "rules.yaml", "", RULE.format("yes")),
    ("a rule that costs too much", "rules.yaml", "", RULE.format(" or ".join(
        f"amount > {i} * credit_limit" for i in range(1, 75)))),
    ("a rule that reads what may not be read", "rules.yaml", "", RULE.format("invited_by is missing")),
    ("no rules", "rules.yaml", (STARTER / "rules.yaml").read_text(encoding="utf-8"), "[]"),
    ("a band without order", "policy.yaml", "{from: 0.6, outcome: verify}", "{from: 0.2, outcome: verify}"),
    ("no first band", "policy.yaml", "{from: 0, outcome: allow}", "{from: 0.1, outcome: allow}"),
    ("a score above one", "policy.yaml", "{from: 0.6, outcome: verify}", "{from: 60, outcome: verify}"),
    ("an outcome that is none", "policy.yaml", "warn: {measure", "wran: {measure"),
    ("a measure that needs the ladder", "policy.yaml", "measure: notice", "measure: freeze_credit"),
    ("a measure without end", "policy.yaml", "lasts: 30d", "lasts: 9999d"),
    ("a reason without translation", "reasons.yaml", "zh: 退款去向与付款方式不一致, ", ""),
    ("a reason too long", "reasons.yaml", "zh: 退款去向", "zh: " + "退" * 201),
    ("a reason's code", "reasons.yaml", "RC02:", "rc02:"),
    ("a list's hidden character", "lists/easily_resold.txt", "gold\n", "go\x07ld\n"),
    ("an unknown file", "rulez.yaml", "", ""),
    ("inputs of many kinds of wrong", "model/inputs.yaml", "", "model:\n- {name: of_line, of: amount / credit_limt}\n"
     "- {name: of_line, of: amount, direction: upward}\n- {name: x, of: amount > 1, reason: RC99}\n- amount\n"
     "scorecard:\n- {name: user_payment_count_24h, direction: up}\ntraining: {max_bins: 255, trees: 0}\ntrees: 3\n"),
    ("a calibration without trees", "model/calibration.yaml", "", "rules_weight: -1\nknots: [[0, 0.5], [0, 2]]\n"),
    ("a file that no model has", "model/model.pkl", "", "x"),
    ("more reasons than can be told", "reasons.yaml", "", "".join(f"X{i}: {{zh: 一, en: one}}\n" for i in range(4096))),
    # what loads and makes no sense
    ("a contradiction", "rules.yaml", "", RULE.format("amount > 500 and amount < 400")),
    ("always true", "rules.yaml", "", RULE.format("amount >= 0")),
    ("units that differ", "rules.yaml", "", RULE.format("amount > user_payment_count_24h")),
    ("a divisor that may be zero", "rules.yaml", "amount >= 0.5 * credit_limit", "amount / credit_limit >= 0.5"),
    ("a rule that nothing comes of", "rules.yaml", "weight: 0.35", "weight: 0"),
    ("a rule about what is not decided on", "rules.yaml", "", RULE.format("type == 'login' and success == False")),
    ("a rule without its key", "rules.yaml", "", RULE.format("type == 'payout' and user_payment_count_24h >= 1")),
    ("a hold of a rule that is not there", "policy.yaml", "hold_for: 24h", "hold_for: 24h\nholds: {U-BRUST: 72h}"),
    ("two rules alike", "rules.yaml", "", RULE.format(
        "type == 'payment' and category in easily_resold and amount >= 0.5 * credit_limit")),
    *(
        (title, "policy.yaml", "hold_for: 24h", f"hold_for: 24h\nfail_modes:\n  {written}")
        for title, written in (
            ("a fail mode of no type", "paymnt: [{from: 0, outcome: hold}]"),
            ("a fail mode of a type that only teaches", "login: [{from: 0, outcome: hold}]"),
            ("a fail mode with a gap", "payment: [{from: 500, outcome: hold}]"),
            ("a fail mode without a band", "payment: []"),
            ("fail modes out of order", "payment: [{from: 0, outcome: hold}, {from: 500, outcome: verify}]"),
            ("a fail mode that declines", "payout: [{from: 0, outcome: decline}]"),
            ("a fail mode of half a cent", "payment: [{from: 0.5, outcome: hold}]"),
            ("a fail mode that no cap bounds", "payout: [{from: 0, outcome: allow}]"),
            ("a fail mode that lets through without a cap", "payment: [{from: 0, outcome: allow}]"),
            ("a fail mode by an amount that is none",
             "merchant_application: [{from: 0, outcome: verify}, {from: 5, outcome: hold}]"),
            ("a deadline that is too long", "deadline: 2h"),
            ("a deadline without a unit", "deadline: 1"),
            ("a cap that is no amount", "allow_per_user_day: 300.00"),
        )
    ),
    ("a band that no score reaches", "policy.yaml", "{from: 0.6, outcome: verify}", "{from: 0.9, outcome: verify}"),
    ("a measure for what never happens", "policy.yaml", "measures:", "measures:\n  hold: {measure: notice, lasts: 1d}"),
    ("Chinese that is none", "reasons.yaml", "zh: 退款去向与付款方式不一致", "zh: tui kuan"),
    ("English that is none", "reasons.yaml", "en: Refund went to", "en: 退款 went to"),
    ("half of what to submit", "reasons.yaml", ", submit_en: what the goods are for", ""),
    ("a feature that nobody reads", "features.yaml", "",
     "- {name: user_logins, event: login, by: subject_id, take: count}\n"),
    ("a reason that nobody gives", "reasons.yaml", "", "RC09: {zh: 资料过期, en: Documents expired}\n"),
    ("a list that nobody reads", "lists/other.txt", "", "a\n"),
    ("a ladder", "ladder.yaml", "", "steps: []\n"),
    ("no examples", EXAMPLES, "", "-"),
    # examples
    ("an example that does not hold", EXAMPLES, "not_hits: [U-RESOLD]",
     "hits: [U-RESOLD]\n  outcome: hold\n  reasons: [RC07]"),
    ("an example's bad amount", EXAMPLES, "event: {amount: 399999}", "event: {amount: 3999.99}"),
    ("an example's unknown field", EXAMPLES, "category: phone", "categroy: phone"),
    ("an example's unknown key", EXAMPLES, "  reasons: [RC03]", "  reason: [RC03]"),
    ("an example's unknown rule", EXAMPLES, "not_hits: [R-ELSEWHERE]", "not_hits: [R-ELSEWERE]"),
    ("an example like none", EXAMPLES, "like: the third payment of a day,", "like: the fourth payment of a day,"),
    ("an example without time", EXAMPLES, "at: 2h 30m", "at: half past two"),
    ("an example of what only teaches", EXAMPLES, "event: {at: 0h, category: phone,",
     "event: {at: 0h, type: traffic, category: phone,"),
    ("an example with a bad past, and another like it", EXAMPLES, "every: 1h", "every: 1"),
    ("an example that asks nothing", EXAMPLES, "  hits: [U-RESOLD]\n", ""),
    ("an example repeated too often", EXAMPLES, "repeat: 2", "repeat: 20000"),
    ("a start without zone", EXAMPLES, "12:00:00+08:00", "12:00:00"),
    ("a default of no field", EXAMPLES, "defaults: {user_id", "defaults: {usr_id: u, user_id"),
]  # fmt: skip


def damaged(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the starter bundle with one change."""
    shutil.copytree(STARTER, folder)
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
    if (file, new) == (EXAMPLES, "-"):
        shutil.rmtree(folder / "examples")
    return folder


def test_what_an_analyst_reads(tmp_path: Path) -> None:
    told = []
    for i, (title, *edit) in enumerate(CASES):
        checked = examine_bundle(damaged(tmp_path / str(i), *edit))
        assert checked.sources.mistakes, title
        assert not any("`" in mistake.sentence for mistake in checked.sources.mistakes), "the wording of a library"
        told.append(f"# {title}\n{show_mistakes(checked.sources.mistakes, checked.sources.texts)}\n")
    assert_golden(GOLDEN, "\n".join(told))


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_what_stops_a_bundle_is_what_its_check_says_first(tmp_path: Path, case: tuple[str, str, str, str]) -> None:
    folder = damaged(tmp_path / "b", *case[1:])
    checked = examine_bundle(folder)
    if checked.bundle is not None:
        assert load_bundle(folder).hash == checked.bundle.hash
        return
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert set(caught.value.mistakes) <= set(checked.sources.mistakes)
    for mistake in caught.value.mistakes:
        text = checked.sources.texts.get(mistake.path, "")
        lines = text.splitlines()
        assert mistake.line is None or 1 <= mistake.line <= len(lines) + 1
        if mistake.line is not None and mistake.column is not None and mistake.line <= len(lines):
            assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1


PAYLATER = {
    path.relative_to(find_bundle("paylater")).as_posix(): path.read_bytes()
    for path in sorted(find_bundle("paylater").rglob("*")) if path.is_file()
}  # fmt: skip
WORDS = (b"[", b"}", b": ", b"'", b'"', b"&a", b"*a", b"<<: *a", b"!!python/object:os.system ", b"\n", b"\t", b"null",
         b"1e999", b"-1", b"true", b"2026-01-01", b"\xff", b"\x00", "手机".encode(), b"type", b"amount", b"#", b"|",
         b">-", b"missing", b"0.5", b"at: 1h", b"repeat: 9999", b"[[[[", b"? ", b"- ", b"{n}")  # fmt: skip


def hurt(content: bytes, seed: int) -> bytes:
    """A file after a few of the accidents that files have."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        lines = content.split(b"\n")
        at, line = chance.randrange(len(content) + 1), chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                content = content[:at] + chance.choice(WORDS) + content[at:]
            case 1:
                content = content[:at] + content[at + chance.randint(1, 9) :]
            case 2:
                content = b"\n".join(lines[:line] + lines[line + 1 :])
            case 3:
                content = b"\n".join([*lines[: line + 1], lines[line], *lines[line + 1 :]])
            case 4:
                content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
            case _:
                value = chance.choice(WORDS)
                content = b"\n".join([*lines[:line], lines[line].split(b":")[0] + b": " + value, *lines[line + 1 :]])
    return content


READ = ("bundle.yaml", "features.yaml", "rules.yaml", "policy.yaml", "reasons.yaml", "lists/easily_resold.txt")
"""What a bundle without a model is read from; all of a bundle's files, its model too, are hurt in test_fuzz."""


@pytest.mark.parametrize("file", READ)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_refused_in_words_or_makes_a_good_bundle(file: str, seed: int) -> None:
    with TemporaryDirectory() as folder:
        for name in READ:
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(hurt(PAYLATER[name], seed) if name == file else PAYLATER[name])
        try:
            bundle = load_bundle(Path(folder))
        except ConfigError as error:
            assert error.mistakes
            assert str(error).startswith("error: ")
        else:
            assert isinstance(bundle, Bundle)
            assert len(bundle.rules) >= 1


@settings(max_examples=25)
@given(st.sampled_from(sorted(name for name in PAYLATER if name.startswith("examples/"))), st.integers(0, 2**32))
def test_damaged_examples_are_refused_in_words_or_played(file: str, seed: int) -> None:
    bundle = shipped_bundle("paylater")._replace(examples={file: hurt(PAYLATER[file], seed)})
    try:
        results = run_examples(bundle)
    except ConfigError as error:
        assert error.mistakes
    else:
        assert all(result.passed == (not result.message) for result in results)
