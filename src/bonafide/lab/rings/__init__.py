"""Groups of users and merchants that belong together, found in a log up to a moment, written as `group` events."""

from bonafide.lab.rings.found import Found
from bonafide.lab.rings.graph import Ties, Trade, ties_of
from bonafide.lab.rings.log import Known, LogUntil
from bonafide.lab.rings.methods import METHODS, MissingExtraError, find_groups
from bonafide.lab.rings.written import check_target, group_rows, write_groups

__all__ = [
    "METHODS", "Found", "Known", "LogUntil", "MissingExtraError", "Ties", "Trade", "check_target", "find_groups",
    "group_rows", "ties_of", "write_groups",
]  # fmt: skip
