"""Texts of rules and files of bundles, changed at random: the same change for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from bonafide.core.fields import FIELDS, WORDS
from bonafide.engine.shipped import shipped_folder

_TOKEN: Final = re.compile(r"\s+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]*)?|'[^']*'|[<>=!]=|.", re.DOTALL)
_ODD: Final = (
    "(", ")", "[", "]", "'", '"', "=", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "and", "or", "not",
    "in", "is", "missing", "1_000", "+", "-", "*", "/", "//", "%", "**", ",", ".", ":", ";", "\\", "\n", "\t",
    "\0", "#", "{}", "lambda", "if", "else", "for", "await", "yield", "None", "True", "nan", "inf",
    "__import__('os')", "(x := 1)", "f'{amount}'", "...", "1e308", "1e-320", "0", "-0.0", "0x10", "1j", "70%",
    "24h", "9" * 400, "é", "ａｍｏｕｎｔ", "\ud800", "\u202e", "中文", "𝐚𝐦𝐨𝐮𝐧𝐭", "amount.real",
    "amount[0]", "min(", "max(amount", "round_to(amount, 0)", "coalesce(", "amount / amount", "utilisation",
    "local_hour",
)  # fmt: skip
_LINES: Final = (
    "- ", "- {}", "name: x", "when: true", "&a [*a]", "*nobody", "!!python/object:os.system ls", "? !!set",
    "<<: *x", "- {id: X, when: amount > 1}", "\t", "---", "...", "%YAML 9.9", "weight: .nan", "weight: 1e999",
    "over: 9999999999d", "by: [user_id, user_id]", "take: sum", "of: event_id", "{a: [}", "zone: '+99:99'",
    "effect: null", "a: &x [*x]",
)  # fmt: skip
BUNDLE: Final = shipped_folder("bundles") / "paylater"


def shipped_conditions() -> list[str]:
    """The conditions of the shipped rules, and the `where` of its features."""
    rules = yaml.safe_load((BUNDLE / "rules.yaml").read_text(encoding="utf-8"))
    features = yaml.safe_load((BUNDLE / "features.yaml").read_text(encoding="utf-8"))
    return [rule["when"] for rule in rules] + [f["where"] for f in features if "where" in f]


def condition(seed: int, sources: Sequence[str], names: Sequence[str]) -> str:
    """A condition that may be good or bad: shipped ones cut, joined and changed in a few places."""
    rng = random.Random(seed)
    tokens = _TOKEN.findall(rng.choice(sources))
    if rng.random() < 0.3:
        tokens += [f" {rng.choice(('and', 'or', 'and not'))} ", *_TOKEN.findall(rng.choice(sources))]
    words = (*names, *FIELDS, *map(repr, WORDS))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(tokens) + 1)
        match rng.randrange(6):
            case 0:
                del tokens[at : at + rng.choice((1, 1, 3))]
            case 1:
                tokens.insert(at, rng.choice(_ODD))
            case 2:
                tokens[at : at + 1] = [rng.choice(words)]
            case 3:
                other = rng.randrange(len(tokens) + 1)
                tokens[at:at] = tokens[min(at, other) : max(at, other)]
            case 4:
                tokens[at:at] = ["("] * rng.choice((1, 50, 2_000))
            case _:
                tokens[at : at + 1] = [str(rng.choice((0, 1, 0.5, 70, 1e6, 10**13, 2**63, -5)))]
    return "".join(tokens)


def files(seed: int, sources: dict[str, bytes]) -> dict[str, bytes]:
    """A bundle's files (path -> content) with one to three places of them damaged."""
    rng = random.Random(seed)
    damaged = dict(sources)
    for _ in range(rng.choice((1, 1, 2, 3))):
        path = rng.choice(sorted(damaged))
        content = damaged[path]
        match rng.randrange(7):
            case 0:
                at = rng.randrange(len(content) + 1)
                damaged[path] = content[:at] + rng.randbytes(rng.randrange(5)) + content[at + rng.randrange(5) :]
            case 1:
                damaged[path] = content[: rng.randrange(len(content) + 1)]
            case 2:
                damaged[rng.choice((f"{path}x", "lists/x.txt", "policy.yml", ".hidden", "examples/é.yaml"))] = content
            case 3 if len(damaged) > 1:
                del damaged[path]
            case 4:
                damaged[path] = damaged[rng.choice(sorted(damaged))]
            case _:
                damaged[path] = _lines(rng, content)
    return damaged


def _lines(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, b"  " * rng.randrange(3) + rng.choice(_LINES).encode("utf-8", "surrogatepass"))
        case 2:
            lines[at] = lines[rng.randrange(len(lines))]
        case _:
            tokens = [t.decode("utf-8", "replace") for t in re.findall(rb"\w+|\W", lines[at])] or [""]
            tokens[rng.randrange(len(tokens))] = rng.choice((*_ODD, "null", "[]", "{}", "-1", "1e99", "true"))
            lines[at] = "".join(tokens).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def read_files(folder: Path) -> dict[str, bytes]:
    """A folder's files by their path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
