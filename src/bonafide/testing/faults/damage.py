"""Files that come back wrong from the disk: flipped bits, zeroed sectors, cut ends, parts in each other's place."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple, get_args

Kind = Literal["flip", "zero", "cut", "swap"]
DAMAGES: Final[tuple[Kind, ...]] = get_args(Kind)
SECTOR_BYTES: Final = 512


class Damage(NamedTuple):
    """What happens to one file."""

    kind: Kind
    offset: int
    """Where, in bytes; of a cut, how long the file is afterwards."""
    bit: int = 0
    """Which bit flips."""
    other: int = 0
    """Of a swap: where the sector lies that this one changes places with."""

    def shown(self) -> str:
        """For a plan that a person reads."""
        tail = {"flip": f" bit {self.bit}", "swap": f" with {self.other}"}.get(self.kind, "")
        return f"{self.kind} at byte {self.offset}{tail}"


def plan_damage(size: int, kind: Kind, random: Random) -> Damage:
    """Some damage of a kind to a file of `size` bytes, which must not be empty."""
    sectors = max(1, size // SECTOR_BYTES)
    if kind in ("flip", "cut"):
        return Damage(kind, random.randrange(size), random.randrange(8) if kind == "flip" else 0)
    offset = random.randrange(sectors) * SECTOR_BYTES
    return Damage(kind, offset, other=random.randrange(sectors) * SECTOR_BYTES if kind == "swap" else 0)


def damage(path: Path, what: Damage) -> bool:
    """Do it; whether the file's bytes are now others than before."""
    before = path.read_bytes()
    after = bytearray(before)
    match what.kind:
        case "flip":
            after[what.offset] ^= 1 << what.bit
        case "cut":
            del after[what.offset :]
        case "zero":
            end = min(len(after), what.offset + SECTOR_BYTES)
            after[what.offset : end] = bytes(end - what.offset)
        case "swap":
            one, other = (slice(place, place + SECTOR_BYTES) for place in (what.offset, what.other))
            if len(after[one]) == len(after[other]):
                after[one], after[other] = after[other], after[one]
    path.write_bytes(after)
    return bytes(after) != before
