"""A checkpoint: what the log was at one moment, in three lines that anybody can keep elsewhere.

The form is that of C2SP's checkpoints (an origin, a size, a hash in base64) without signatures; a Merkle tree will have
its own origin.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, NamedTuple

from bonafide.core.errors import UsageError

ORIGIN: Final = "bonafide audit chain v1"
_ACCEPTED: Final = "give the three lines that bonafide audit checkpoint printed"


class Checkpoint(NamedTuple):
    """The first `size` entries of a log have this chain."""

    size: int
    chain: bytes

    def show(self) -> str:
        """The three lines.

        >>> print(Checkpoint(0, bytes(32)).show(), end="")
        bonafide audit chain v1
        0
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
        """
        return f"{ORIGIN}\n{self.size}\n{base64.b64encode(self.chain).decode('ascii')}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """A checkpoint from its three lines; UsageError for anything else."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[0] != ORIGIN or lines[3] or not (lines[1].isascii() and lines[1].isdecimal()):
            raise UsageError(f"this is no checkpoint of the audit log; {_ACCEPTED}")
        try:
            chain = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            chain = b""
        found = cls(int(lines[1]) if len(lines[1]) < 19 else -1, chain)
        if len(chain) != 32 or found.show() != text:
            raise UsageError(f"this is no checkpoint of the audit log; {_ACCEPTED}")
        return found
