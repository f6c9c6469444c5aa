"""Faults on purpose: a server killed at a chosen system call, syncs that fail, full disks, bytes that flip.

Whoever builds on Bonafide may use them on a server of their own; they need Linux, strace for what happens at system
calls (Debian: apt-get install strace), and the right to mount for disks of a chosen size.
"""

from bonafide.testing.faults.calls import SYNCS, WRITES, count_calls, crash_points
from bonafide.testing.faults.damage import DAMAGES, Damage, damage, plan_damage
from bonafide.testing.faults.disks import can_mount, small_disk
from bonafide.testing.faults.injection import Injection, has_strace, strace_command
from bonafide.testing.faults.server import Launch, Server, free_port

__all__ = [
    "DAMAGES", "SYNCS", "WRITES", "Damage", "Injection", "Launch", "Server", "can_mount", "count_calls", "crash_points",
    "damage", "free_port", "has_strace", "plan_damage", "small_disk", "strace_command",
]  # fmt: skip
