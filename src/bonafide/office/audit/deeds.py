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
    "journal.mark": "how many events and decisions the journal holds, and the chain that stands for them",
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
    "letter.redrive": "a refused record was given in again",
    "engine.degrade": "somebody said which parts of the engine do not answer",
    "master_key.rotate": "data keys were wrapped anew under another master key",
    "receiver.add": "a receiver of messages was added",
    "receiver.pause": "nothing is sent to a receiver for now",
    "receiver.resume": "messages are sent to a receiver again",
    "receiver.remove": "a receiver was taken away for good",
    "receiver.rotate": "a receiver's messages are signed with a new secret",
    "receiver.resend": "dead letters were sent again",
    "outbox.begin_at": "the outbox was told where in the log to go on",
    "audit.checkpoint": "a checkpoint of the audit log was handed out",
}
"""Deed -> what it means, in one line. Measures follow with what writes them."""
