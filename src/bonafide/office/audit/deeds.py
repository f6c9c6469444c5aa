"""What the audit log speaks of: one table of deeds, which docs/audit.md shows. Nothing else can be written."""

from __future__ import annotations

from typing import Final

DEEDS: Final[dict[str, str]] = {
    "key.create": "a machine's key was made",
    "key.rotate": "a machine's key was replaced",
    "key.revoke": "a machine's key was ended",
    "person.create": "somebody may sign in from now on",
    "person.disable": "somebody may not sign in any more",
    "person.enable": "somebody may sign in again",
    "person.reset": "password and second factor were taken away, a one-time password was given",
    "session.sign_in": "somebody signed in, or was refused",
    "session.sign_out": "somebody signed out",
    "password.change": "somebody chose a password",
    "totp.begin": "somebody began to set up the second factor",
    "totp.enrol": "somebody set up the second factor",
    "journal.export": "the log was written out with the ids that the vault knows",
    "subject.remember": "clear data of a subject was taken in or changed",
    "subject.look": "clear data of a subject was shown",
    "subject.search": "subjects were looked for by clear data",
    "subject.export": "everything that is kept of a subject was written out",
    "subject.forget": "a subject's keys were destroyed, or why they were not",
    "subject.end": "the relation with a subject ended, which begins its retention",
    "subject.sweep": "subjects whose retention has passed were forgotten",
    "hold.place": "a legal hold began",
    "hold.lift": "a legal hold ended",
    "master_key.rotate": "data keys were wrapped anew under another master key",
    "signing_key.begin": "the office began to sign with a key",
    "bundle.propose": "a bundle was proposed, or the proposal was not taken",
    "bundle.approve": "a proposal was approved, or that was refused",
    "bundle.activate": "a bundle was activated, or that was refused",
    "bundle.rollback": "the bundle before was activated again, or that was refused",
    "bundle.refuse": "a proposal was turned down",
    "bundle.in_force": "the service went on with a bundle, or could not",
    "list.change": "an entry of a list was asked for, or that was refused",
    "list.approve": "a change of a list that does harm was approved by a second person, or that was refused",
    "list.in_force": "the service wrote a change of a list into the log",
    "audit.checkpoint": "a checkpoint of the audit log was handed out",
}
"""Deed -> what it means, in one line. `configuration.*`, measures and decisions follow with what writes them."""
