"""A bundle: one immutable, content-hashed version of features, rules, policy and texts, read from a folder."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import yaml
from msgspec import Meta, Struct

from bonafide.core.decision import Outcome
from bonafide.core.errors import ConfigError
from bonafide.core.fields import FIELDS, Origin
from bonafide.core.moment import MINUTE_MS, parse_span, show_span
from bonafide.core.money import Currency, minor_digits
from bonafide.core.text import did_you_mean, show_value
from bonafide.engine.compiled import KNOWN_MS, Compiled, Rate, Settings, compile_bundle
from bonafide.engine.features.spec import Feature, parse_features
from bonafide.engine.policy import Policy, read_policy
from bonafide.engine.rules.language import ExpressionError, Node, names_in, parse
from bonafide.engine.rules.utilisation import HIDDEN, expand, reads_utilisation

FILE_BYTES_MAX: Final = 8 * 2**20
FILES_MAX: Final = 1_000
RULES_MAX: Final = 1_000
RATE_DIGITS_MAX: Final = 6
RATE_NUMERATOR_MAX: Final = 4_000_000
"""Twice the largest amount times this stays inside 63 bits."""
TYPOLOGIES: Final = (
    "user_merchant_loop", "drain_the_line", "intensive_burst", "repay_and_drain", "shaped_amounts",
    "cash_out_merchant", "broker_ring", "self_purchase", "no_delivery", "refund_elsewhere", "burst_then_payout",
    "bought_traffic", "off_hours", "bust_out", "perfect_bill", "account_farm",
)  # fmt: skip
_ZONE: Final = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")


class ReasonText(Struct, frozen=True, forbid_unknown_fields=True):
    """A reason code's words for the person concerned, and what they may hand in."""

    zh: Annotated[str, Meta(min_length=1)]
    en: Annotated[str, Meta(min_length=1)]
    submit_zh: str = ""
    submit_en: str = ""


class Rule(NamedTuple):
    """A named condition, what it points to and how much it weighs."""

    id: str
    when: Node
    text: str
    typology: str
    weight: float
    effect: Outcome
    """The mildest outcome that an event it hits may have."""
    reason: str
    source: str


class Bundle(NamedTuple):
    """A bundle as it was read and checked."""

    name: str
    hash: str
    features: tuple[Feature, ...]
    """Declared features, then the hidden ones that `utilisation` needs."""
    rules: tuple[Rule, ...]
    policy: Policy
    reasons: dict[str, ReasonText]
    settings: Settings
    compiled: Compiled

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the declared features, in order."""
        return tuple(f.name for f in self.features if not f.name.startswith("_"))


class _Rates(Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    rates: dict[Currency, str]
    """Major units of the bundle's currency for one major unit, as a decimal."""


class _Head(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    currency: Currency
    zone: str
    purpose: tuple[Origin, ...]
    assume_completed: bool = False
    lateness: str = "30d"
    exchange: _Rates | None = None
    note: str | None = None


class _DeclaredRule(Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{1,31}$")]
    when: str
    typology: str
    weight: Annotated[float, Meta(ge=0, lt=1)]
    reason: str
    source: str
    effect: Outcome = "allow"
    note: str | None = None


def load_bundle(folder: Path) -> Bundle:
    """Read and check a bundle's folder.

    Raises ConfigError that names the file, the place and everything wrong there.
    """
    files = _read_files(folder)
    head: _Head = _convert(files, "bundle.yaml", _Head)
    declared = _yaml(files, "features.yaml")
    reasons: dict[str, ReasonText] = _convert(files, "reasons.yaml", dict[str, ReasonText])
    told: list[_DeclaredRule] = _convert(files, "rules.yaml", list[_DeclaredRule])
    features = parse_features(declared, "features.yaml")
    rules, hidden = _read_rules(told, features, reasons)
    policy = read_policy(_yaml(files, "policy.yaml"), "policy.yaml")
    settings = _settings(head)
    compiled = compile_bundle([*features, *hidden], [(expand(r.when), r.weight) for r in rules], settings)
    return Bundle(
        head.name, content_hash(files), (*features, *hidden), rules, policy, reasons, settings, compiled
    )  # fmt: skip


def content_hash(files: dict[str, bytes]) -> str:
    """SHA-256, hex, over the sorted relative paths and contents, each preceded by its length in eight bytes."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _read_files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise ConfigError(str(folder), "there is no such folder, and no shipped bundle of this name")
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if len(paths) > FILES_MAX:
        raise ConfigError(str(folder), f"{len(paths)} files; a bundle has at most {FILES_MAX}")
    for path in paths:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError(str(path), f"a file of a bundle has at most {FILE_BYTES_MAX >> 20} MiB")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def _yaml(files: dict[str, bytes], name: str) -> Any:
    if name not in files:
        raise ConfigError(name, "the bundle has no such file")
    return read_yaml(files[name], name)


class _OneKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without surprises: a key given twice is a mistake, not the last one's victory."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A mapping; MarkedYAMLError at the second of two equal keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(
                    problem=f"the key {show_value(key.value)} is given twice", problem_mark=key.start_mark
                )
            if isinstance(key.value, str):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(content: bytes, name: str) -> Any:
    """A YAML document; ConfigError with line and column when it is none."""
    try:
        return yaml.load(content, Loader=_OneKeyLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = None if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
        raise ConfigError(name, f"is not YAML: {error.problem}", where) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        raise ConfigError(name, "is not YAML: it holds characters or nesting that YAML does not allow") from None


def _convert(files: dict[str, bytes], name: str, kind: Any) -> Any:
    try:
        return msgspec.convert(_yaml(files, name), kind)
    except msgspec.ValidationError as error:
        raise ConfigError(name, str(error)) from None


def _read_rules(
    told: list[_DeclaredRule], features: tuple[Feature, ...], reasons: dict[str, ReasonText]
) -> tuple[tuple[Rule, ...], tuple[Feature, ...]]:
    """The checked rules, and the hidden features that they need."""
    names = tuple(f.name for f in features)
    texts = {f.name for f in features if f.take == "last" and f.of in FIELDS and FIELDS[f.of].kind in {"text", "list"}}
    mistakes: list[str] = []
    rules: dict[str, Rule] = {}
    if len(told) > RULES_MAX:
        raise ConfigError("rules.yaml", f"{len(told)} rules; at most {RULES_MAX}")
    for rule in told:
        if rule.id in rules:
            mistakes.append(f"rule {rule.id}: the id is taken already")
        if rule.typology not in TYPOLOGIES:
            near = did_you_mean(rule.typology, TYPOLOGIES)
            mistakes.append(f"rule {rule.id}: typology: unknown {rule.typology}{near}")
        if rule.reason not in reasons:
            near = did_you_mean(rule.reason, reasons)
            mistakes.append(f"rule {rule.id}: reason: {rule.reason} has no text in reasons.yaml{near}")
        try:
            node = parse(rule.when, names)
        except ExpressionError as error:
            mistakes += [f"rule {rule.id}: when, column {p.column + 1}: {p.message}" for p in error.problems]
            continue
        # Its number is a keyed hash: a rule that read it would depend on the secret.
        for name in sorted(names_in(node) & texts):
            mistakes.append(f"rule {rule.id}: when: {name} is the last of a text, which a rule cannot read as a number")
        rules[rule.id] = Rule(
            rule.id, node, rule.when, rule.typology, rule.weight, rule.effect, rule.reason, rule.source
        )  # fmt: skip
    if mistakes:
        raise ConfigError("rules.yaml", "\n".join(mistakes))
    needs_hidden = any(reads_utilisation(rule.when) for rule in rules.values())
    hidden = parse_features(list(HIDDEN), "utilisation", hidden=True) if needs_hidden else ()
    return tuple(rules.values()), hidden


def _settings(head: _Head) -> Settings:
    zone = _ZONE.fullmatch(head.zone)
    if zone is None:
        raise ConfigError("bundle.yaml", f"{head.zone!r} is no fixed offset; write one such as +08:00", "zone")
    offset = (int(zone[2]) * 60 + int(zone[3])) * MINUTE_MS * (-1 if zone[1] == "-" else 1)
    try:
        lateness = parse_span(head.lateness)
    except ValueError as error:
        raise ConfigError("bundle.yaml", str(error), "lateness") from None
    if lateness > KNOWN_MS:
        known = show_span(KNOWN_MS)
        raise ConfigError("bundle.yaml", f"{head.lateness} is longer than ids are known ({known})", "lateness")
    rates = () if head.exchange is None else tuple(
        _rate(code, text, head.currency) for code, text in head.exchange.rates.items()
    )  # fmt: skip
    return Settings(head.currency, rates, offset, lateness, head.assume_completed)


def _rate(currency: str, text: str, own: str) -> Rate:
    """Minor units of `own` per minor unit of a currency, as an exact ratio small enough for 64-bit arithmetic."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) or len(text.replace(".", "").lstrip("0")) > RATE_DIGITS_MAX:
        raise ConfigError(
            "bundle.yaml", f"{text!r} is no rate; write a quoted decimal of at most {RATE_DIGITS_MAX} digits",
            f"exchange.rates.{currency}",
        )  # fmt: skip
    ratio = Fraction(text) * Fraction(10) ** (minor_digits(own) - minor_digits(currency))
    if not 0 < ratio.numerator <= RATE_NUMERATOR_MAX:
        raise ConfigError("bundle.yaml", f"{text!r} is zero or too large for a rate", f"exchange.rates.{currency}")
    return Rate(currency, ratio.numerator, ratio.denominator)
