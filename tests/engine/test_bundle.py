"""Bundles: read, checked, hashed; and what ships."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bonafide.core.errors import ConfigError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.bundle import FILE_BYTES_MAX, FILES_MAX, RULES_MAX, TYPOLOGIES, Bundle, content_hash, load_bundle
from bonafide.engine.bundles.check import check_bundle
from bonafide.engine.bundles.lists import CLEARED, KEPT_BY_PEOPLE, LIMITED, LIST_ENTRIES_MAX
from bonafide.engine.bundles.rules import REASON_CODES
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
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"error: {file}: " if content is None else f"error: {file}")
    assert says in first
    assert caught.value.path == file
    assert {mistake.path for mistake in caught.value.mistakes} == {file}
    assert len(first) < 300


def test_every_mistake_of_every_file_is_told_at_once(folder: Path) -> None:
    change(folder, "rules.yaml", "user_count_1h >= 2", "user_count_1h > 'x' and amout > 5")
    change(folder, "rules.yaml", "shaped_amounts", "shapes")
    change(folder, "features.yaml", "take: sum", "take: summ")
    change(folder, "policy.yaml", "lasts: 30d", "lasts: a month")
    change(folder, "bundle.yaml", "currency: CNY", "currency: RMB")
    (folder / "reasons.yaml").write_text("RC1: [", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    told = [(m.path, m.code) for m in caught.value.mistakes]
    assert {path for path, _ in told} == {
        "bundle.yaml", "features.yaml", "policy.yaml", "reasons.yaml", "rules.yaml"
    }  # fmt: skip
    assert [code for path, code in told if path == "rules.yaml"].count("unknown-name") == 1
    assert all(m.line is not None and m.column is not None for m in caught.value.mistakes)


def test_a_feature_with_a_mistake_is_not_unknown_to_rules_too(folder: Path) -> None:
    change(folder, "features.yaml", "take: count, over: 1h", "take: count, over: 1 hour")
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert [m.path for m in caught.value.mistakes] == ["features.yaml"]


def test_bounds(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_bundle(tmp_path / "nothing")
    (folder / "NOTICE").write_bytes(bytes(FILE_BYTES_MAX + 1))
    with pytest.raises(ConfigError, match=r"NOTICE: a file of a bundle has at most 8 MiB"):
        load_bundle(folder)
    (folder / "NOTICE").unlink()
    rule = "- {id: R%d, when: amount > 5, typology: off_hours, weight: 0.1, reason: RC1, source: tests}\n"
    (folder / "rules.yaml").write_text("".join(rule % i for i in range(RULES_MAX + 1)))
    with pytest.raises(ConfigError, match=f"{RULES_MAX + 1} rules; at most {RULES_MAX}"):
        load_bundle(folder)
    (folder / "examples").mkdir()
    for i in range(FILES_MAX):
        (folder / "examples" / f"{i}.yaml").touch()
    with pytest.raises(ConfigError, match=f"a bundle has at most {FILES_MAX}"):
        load_bundle(folder)


# ---- which files belong to it


def test_what_is_for_people_or_hidden_does_not_disturb(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("hidden")
    before = load_bundle(folder).hash
    assert before == load_bundle(TINY).hash
    (folder / "README.md").write_text("what it is for")
    assert load_bundle(folder).hash != before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rulez.yaml", "rulez.yaml: unknown file; did you mean rules.yaml?"),
        ("notes.txt", "notes.txt: unknown file; a bundle has bundle.yaml, features.yaml"),
        ("list/a.txt", "list: unknown file; did you mean lists/?"),
        ("lists/a.csv", "lists/a.csv: unknown file; a file of lists/ ends in .txt"),
        ("lists/My List.txt", "the name of a list has small letters, digits and _ only"),
        ("lists/deep/a.txt", "lists/deep: unknown folder; lists/ has files only"),
        ("examples/a.txt", "examples/a.txt: unknown file; a file of examples/ ends in .yaml"),
        ("lists", "lists: is a file; a bundle has a folder lists/"),
    ],
)
def test_a_file_that_does_not_belong_is_not_ignored(folder: Path, name: str, says: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("a\n")
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert says in str(caught.value)


def test_links_stay_inside_the_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "here.txt").write_text("m1\n")
    link = folder / "lists" / "link.txt"
    link.symlink_to(folder / "lists" / "here.txt")
    assert load_bundle(folder).lists["link"] == ("m1",)
    (tmp_path / "outside.txt").write_text("m2\n")
    for target, says in (
        (tmp_path / "outside.txt", "a link that leaves the bundle's folder"), (tmp_path / "gone", "leads nowhere"),
        (link, "leads nowhere"), (folder, "lists/ has files only"),
    ):  # fmt: skip
        link.unlink()
        link.symlink_to(target)
        with pytest.raises(ConfigError, match=says):
            load_bundle(folder)
    link.unlink()
    shutil.move(folder / "lists", tmp_path / "lists")
    (folder / "lists").symlink_to(tmp_path / "lists")
    with pytest.raises(ConfigError, match="lists: a link that leaves the bundle's folder"):
        load_bundle(folder)


# ---- named lists


def test_a_list_is_lines_without_comments_blanks_and_repetitions(folder: Path) -> None:
    (folder / "lists").mkdir()
    text = "# watched\n m1  # since May\n\nshop #7\nm#2\ncafe\u0301\nm1\n"
    (folder / "lists" / "watched.txt").write_text(text, encoding="utf-8")
    change(folder, "rules.yaml", "user_count_1h >= 2", "merchant_id in watched")
    bundle = load_bundle(folder)
    kept = dict.fromkeys((*KEPT_BY_PEOPLE, *LIMITED, CLEARED), ())
    assert bundle.lists == {**kept, "watched": ("m1", "shop", "m#2", "caf\u00e9")}
    (rule, *_) = bundle.rules
    assert getattr(rule.when, "list_name", None) == "watched"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lists/watched.txt: the list has no entries"), (b"a\n\xff\n", "lists/watched.txt:2:1: is not UTF-8"),
        (b"a\tb\n", "lists/watched.txt:1:1: 'a\\tb' is no entry"), (b"a" * 257, "is no entry"),
        (b"".join(b"m%d\n" % i for i in range(LIST_ENTRIES_MAX + 1)), f"a list has at most {LIST_ENTRIES_MAX}"),
    ],
    ids=["empty", "bytes", "tab", "long", "many"],
)  # fmt: skip
def test_a_broken_list_is_explained(folder: Path, content: bytes, says: str) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "watched.txt").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    assert says in str(caught.value)


# ---- purpose


def test_what_is_read_must_serve_the_purpose(folder: Path) -> None:
    with (folder / "features.yaml").open("a") as file:
        file.write("- {name: device_users, event: payment, by: device_id, take: distinct, of: user_id, over: 7d}\n")
    change(folder, "bundle.yaml", "[contract, credit]", "[contract]")
    change(folder, "rules.yaml", "user_count_1h >= 2", "user_count_1h >= 2 and device_id is missing")
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder)
    told = [(m.subject, m.message.split(":")[0]) for m in caught.value.mistakes if m.code == "purpose"]
    assert told == [
        ("feature device_users", "reads device_id"), ("rule MANY", "reads device_id"),
        ("rule FULL", "reads utilisation, which takes credit_limit and credit_used and limit"),
    ]  # fmt: skip
    change(folder, "bundle.yaml", "[contract]", "[contract, credit, anti_fraud_duty]")
    assert load_bundle(folder).purpose == ("contract", "credit", "anti_fraud_duty")


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
    assert len(shipped.feature_names) >= 52
    assert len(shipped.rules) >= 24


def test_the_shipped_bundles_have_nothing_to_complain_about() -> None:
    for name in ("paylater", "starter"):
        assert check_bundle(find_bundle(name)) == []


def test_what_is_computed_from_a_field_needs_its_legal_basis(tmp_path: Path) -> None:
    """Sharing a device is found by devices, and the line in use by credit: neither is there without its origin."""
    folder = tmp_path / "paylater"
    shutil.copytree(find_bundle("paylater"), folder)
    head = folder / "bundle.yaml"
    head.write_text(head.read_text("utf-8").replace("credit, anti_fraud_duty, public", "public"), "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_bundle(folder)
    told = {(m.subject, m.message.split(":")[0]) for m in refused.value.mistakes}
    assert ("rule L-SELF", "reads shares, which takes device_id and ip") in told
    assert ("feature merchant_linked_users_90d", "reads linked, which takes device_id and ip and phone_id") in told
    assert (
        "feature merchant_line_in_use_mean_30d", "reads line_in_use, which takes credit_limit and credit_used"
    ) in told  # fmt: skip


def test_the_shipped_rules_cover_every_typology(shipped: Bundle) -> None:
    assert {rule.typology for rule in shipped.rules} == set(TYPOLOGIES)
    assert all(rule.source.startswith("typologies T") for rule in shipped.rules)
    assert {rule.reason for rule in shipped.rules} <= {*REASON_CODES, "X-LIMITS"}


def test_one_shipped_rule_alone_never_asks_for_more_than_information(shipped: Bundle) -> None:
    """But for rules about payouts, which wait for a day on signs of two kinds, much of one, or beyond limits."""
    hold = next(band.from_ for band in shipped.policy.outcomes if band.outcome == "hold")
    for rule in shipped.rules:
        assert rule.effect == ("hold" if rule.id in HELD else "allow"), rule.id
        assert rule.weight < hold, rule.id
        assert rule.effect == "allow" or rule.text.lstrip().startswith("type == 'payout' and "), rule.id
        agreed = rule.id.startswith("O-LIMITS-")
        assert (f"merchant_id not in {CLEARED}" in rule.text) == (rule.effect == "hold" and not agreed), rule.id


HELD = {
    "O-RING-RETURNS", "O-RING-DRAWN", "O-PARCELS-RETURNS", "O-PARCELS-DRAWN", "O-LINKED-BUYERS", "O-LINKED-RETURNS",
    "O-RETURNED-SHARE", "O-RETURNED-BUYERS", "O-NEW-RETURNS", "O-NEW-ACCOUNT-DRAWN",
    "O-LIMITS-14D", "O-LIMITS-45D", "O-LIMITS-90D", "O-LIMITS-30D",
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
    with pytest.raises(ConfigError, match="user_last_shop is the last of a text"):
        load_bundle(folder)
