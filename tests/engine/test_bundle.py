"""Bundles: read, checked, hashed; and what ships."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bonafide.core.errors import ConfigError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.bundle import FILE_BYTES_MAX, FILES_MAX, RULES_MAX, TYPOLOGIES, Bundle, content_hash, load_bundle
from bonafide.engine.compiled import Rate
from bonafide.engine.shipped import find_bundle, shipped_bundle

TINY = Path(__file__).parent / "bundles" / "tiny"
FILES = ("bundle.yaml", "features.yaml", "policy.yaml", "reasons.yaml", "rules.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny bundle, to be changed."""
    shutil.copytree(TINY, tmp_path / "bundle")
    return tmp_path / "bundle"


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_bundle_is_what_its_files_say() -> None:
    bundle = load_bundle(TINY)
    assert bundle.name == "tiny"
    assert bundle.feature_names == ("user_count_1h", "user_sum_1d", "user_last_login", "merchant_payouts_1d")
    assert [rule.id for rule in bundle.rules] == ["MANY", "LARGE", "FULL", "CASH", "TWICE", "NEVER", "NIGHT"]
    assert bundle.settings.currency == "CNY"
    assert bundle.settings.rates == (Rate("USD", 7, 1),)
    assert bundle.settings.offset_ms == HOUR_MS
    assert bundle.settings.lateness_ms == 2 * DAY_MS
    assert bundle.settings.assume_completed
    assert bundle.reasons["RC4"].submit_zh == "证明"
    assert len(bundle.features) > len(bundle.feature_names), "a rule reads utilisation"


# ---- the hash


def test_equal_folders_have_equal_hashes(folder: Path) -> None:
    assert load_bundle(folder).hash == load_bundle(TINY).hash
    assert len(load_bundle(folder).hash) == 64


@pytest.mark.parametrize("file", FILES)
def test_any_byte_changes_the_hash(folder: Path, file: str) -> None:
    before = load_bundle(folder).hash
    with (folder / file).open("a") as end:
        end.write("\n")
    assert load_bundle(folder).hash != before


def test_a_new_file_a_new_name_and_a_moved_line_change_the_hash(folder: Path) -> None:
    hashes = {load_bundle(folder).hash}
    (folder / "lists").mkdir()
    (folder / "lists" / "watched.txt").write_text("m1\n")
    hashes.add(load_bundle(folder).hash)
    (folder / "lists" / "watched.txt").rename(folder / "lists" / "watch.txt")
    hashes.add(load_bundle(folder).hash)
    assert len(hashes) == 3
    (folder / "lists" / ".watch.txt.swp").write_text("an editor's")
    assert load_bundle(folder).hash in hashes


def test_where_a_file_ends_and_the_next_begins_is_part_of_the_hash() -> None:
    assert content_hash({"a": b"bc", "d": b""}) != content_hash({"a": b"b", "cd": b""})
    assert content_hash({"ab": b"c"}) != content_hash({"a": b"bc"})
    assert content_hash({"b": b"1", "a": b"2"}) == content_hash({"a": b"2", "b": b"1"})


# ---- what is wrong


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the bundle has no such file"), (b"a: [", "is not YAML"), (b"\xff\xff", "is not YAML"),
        (b"a\x00b", "is not YAML"),
        (b"", ""), (b"5", ""), (b"[" * 5_000, "is not YAML"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named(folder: Path, file: str, content: bytes | None, says: str) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert str(caught.value).startswith(f"{file}: ")
    assert says in str(caught.value)
    assert caught.value.path == file
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("bundle.yaml", "currency: CNY", "currency: RMB", "Invalid enum value 'RMB' - at `$.currency`"),
        ("bundle.yaml", "name: tiny", "name: Tiny", "`$.name`"),
        ("bundle.yaml", "+01:00", "Asia/Shanghai",
            "zone: 'Asia/Shanghai' is no fixed offset; write one such as +08:00"),
        ("bundle.yaml", "+01:00", "+15:00", "zone: '+15:00' is no fixed offset"),
        ("bundle.yaml", "lateness: 2d", "lateness: 2 days", "lateness: '2 days' is not a span"),
        ("bundle.yaml", "lateness: 2d", "lateness: 91d", "lateness: 91d is longer than ids are known (90d)"),
        ("bundle.yaml", '"7.00"', '"7,00"', "exchange.rates.USD: '7,00' is no rate; write a quoted decimal"),
        ("bundle.yaml", '"7.00"', '"0.00"', "exchange.rates.USD: '0.00' is zero or too large for a rate"),
        ("bundle.yaml", '"7.00"', '"1234567"', "exchange.rates.USD: '1234567' is no rate"),
        ("bundle.yaml", '"7.00"', "7.0", "Expected `str`, got `float` - at `$.exchange.rates[...]`"),
        ("bundle.yaml", "purpose: [contract]", "purpose: [fun]", "Invalid enum value 'fun' - at `$.purpose[0]`"),
        ("bundle.yaml", "purpose", "porpuse", "unknown field `porpuse`"),
        ("features.yaml", "user_id", "userid",
            "feature user_count_1h: by: unknown field userid; did you mean user_id?"),
        ("policy.yaml", "from: 0.5", "from: 0.2", "outcomes: the band from 0.2 must be higher and stricter"),
        ("policy.yaml", "hold_for: 12h", "hold_for: 12", "`$.hold_for`"),
        ("reasons.yaml", "en: one", "english: one", "`$[...]`"),
        ("reasons.yaml", "zh: 一, ", "", "Object missing required field `zh`"),
        ("reasons.yaml", "RC1:", "RC9:", "rule MANY: reason: RC1 has no text in reasons.yaml"),
        ("rules.yaml", "user_count_1h >= 2", "user_cuont_1h >= 2",
         "rule MANY: when, column 1: unknown name user_cuont_1h; did you mean user_count_1h?"),
        ("rules.yaml", "intensive_burst", "intensive_brust",
         "rule MANY: typology: unknown intensive_brust; did you mean intensive_burst?"),
        ("rules.yaml", "id: LARGE", "id: MANY", "rule MANY: the id is taken already"),
        ("rules.yaml", "id: LARGE", "id: large", "`$[1].id`"),
        ("rules.yaml", "weight: 0.5", "weight: 1.0", "`$[1].weight`"),
        ("rules.yaml", "weight: 0.5", "weight: .nan", "`$[1].weight`"),
        ("rules.yaml", "effect: hold", "effect: refuse", "Invalid enum value 'refuse' - at `$[3].effect`"),
        ("rules.yaml", "source: tests", "sauce: tests", "`$[0]`"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_with_its_file_and_place(folder: Path, file: str, old: str, new: str, says: str) -> None:
    change(folder, file, old, new)
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    named = "rules.yaml" if says.startswith("rule ") else file
    assert str(caught.value).startswith(f"{named}: ")
    assert says in str(caught.value)


def test_every_mistake_of_the_rules_is_told_at_once(folder: Path) -> None:
    change(folder, "rules.yaml", "user_count_1h >= 2", "user_count_1h > 'x' and amout > 5")
    change(folder, "rules.yaml", "shaped_amounts", "shapes")
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert len(str(caught.value).splitlines()) == 3


def test_bounds(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_bundle(tmp_path / "nothing")
    (folder / "large.bin").write_bytes(bytes(FILE_BYTES_MAX + 1))
    with pytest.raises(ConfigError, match=r"large\.bin: a file of a bundle has at most 8 MiB"):
        load_bundle(folder)
    (folder / "large.bin").unlink()
    rule = "- {id: R%d, when: amount > 5, typology: off_hours, weight: 0.1, reason: RC1, source: tests}\n"
    (folder / "rules.yaml").write_text("".join(rule % i for i in range(RULES_MAX + 1)))
    with pytest.raises(ConfigError, match=f"{RULES_MAX + 1} rules; at most {RULES_MAX}"):
        load_bundle(folder)
    for i in range(FILES_MAX):
        (folder / f"{i}.txt").touch()
    with pytest.raises(ConfigError, match=f"a bundle has at most {FILES_MAX}"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("own", "foreign", "text", "ratio"),
    [
        ("CNY", "USD", "7.00", (7, 1)), ("CNY", "JPY", "0.047", (47, 10)), ("JPY", "USD", "150.5", (301, 200)),
        ("KWD", "JPY", "0.002", (2, 1)), ("CNY", "EUR", "7.8305", (15661, 2000)),
    ],
)  # fmt: skip
def test_a_rate_is_an_exact_ratio_of_minor_units(
    folder: Path, own: str, foreign: str, text: str, ratio: object
) -> None:
    change(folder, "bundle.yaml", "currency: CNY", f"currency: {own}")
    change(folder, "bundle.yaml", 'USD: "7.00"', f'{foreign}: "{text}"')
    (rate,) = load_bundle(folder).settings.rates
    assert (rate.minor, rate.over) == ratio


# ---- what ships


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle("paylater")


def test_the_shipped_bundle_watches_payer_merchant_device_and_pair(shipped: Bundle) -> None:
    keys = {feature.by for feature in shipped.features if feature.name in shipped.feature_names}
    assert {("user_id",), ("merchant_id",), ("device_id",), ("user_id", "merchant_id")} <= keys
    assert len(shipped.feature_names) >= 30
    assert len(shipped.rules) >= 10


def test_every_shipped_rule_says_what_it_points_to_and_why(shipped: Bundle) -> None:
    for rule in shipped.rules:
        assert rule.typology in TYPOLOGIES
        assert rule.source
        text = shipped.reasons[rule.reason]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), rule.id
        assert text.en.isascii(), rule.id
        assert bool(text.submit_zh) == bool(text.submit_en)
    covered = {rule.typology for rule in shipped.rules}
    assert covered >= {
        "drain_the_line", "intensive_burst", "repay_and_drain", "shaped_amounts", "cash_out_merchant", "no_delivery",
        "refund_elsewhere", "burst_then_payout", "off_hours",
    }  # fmt: skip


def test_no_shipped_text_tells_a_threshold(shipped: Bundle) -> None:
    for text in shipped.reasons.values():
        assert not any(letter.isdigit() for letter in text.zh + text.en + text.submit_zh + text.submit_en)


def test_shipped_names_are_distinct_and_none_is_hidden(shipped: Bundle) -> None:
    assert len(set(shipped.feature_names)) == len(shipped.feature_names)
    assert not any(name.startswith("_") for name in shipped.feature_names)


def test_a_bundle_is_found_by_name_or_by_folder(folder: Path) -> None:
    assert load_bundle(find_bundle(str(folder))).name == "tiny"
    assert find_bundle("paylater").name == "paylater"
    for wrong in ("paylatr", "../bundles/paylater", "/no/such/folder"):
        with pytest.raises(ConfigError, match="there is no such folder, and no shipped bundle of this name"):
            find_bundle(wrong)
    with pytest.raises(ConfigError, match="did you mean paylater"):
        find_bundle("paylatr")


def test_no_rule_reads_the_last_of_a_text(folder: Path) -> None:
    last = "\n- {name: user_last_shop, event: payment, by: user_id, take: last, of: merchant_id}\n"
    with (folder / "features.yaml").open("a") as file:
        file.write(last)
    load_bundle(folder)
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("user_count_1h >= 2", "user_last_shop >= 2"))
    with pytest.raises(ConfigError, match="user_last_shop is the last of a text, which a rule cannot read as a number"):
        load_bundle(folder)
