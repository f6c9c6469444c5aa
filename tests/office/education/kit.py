"""Education for tests: decisions as the log says them, told by the shipped texts."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from bonafide.core.pseudonym import show_token
from bonafide.engine.bundles.education import Education
from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.office.education.figures import figures
from bonafide.office.education.giving import Giving
from bonafide.office.education.loading import Taught, taught_of
from bonafide.office.me.follow import take_in
from bonafide.office.me.reading import Cancelled, Decided, Judged, Said
from bonafide.office.store.database import Store
from bonafide.office.store.tables import education_given, education_subjects, outbox_messages

SECRET = bytes(range(16))
START = 1_767_601_800_000
HOUR = 3_600_000
DAY = 24 * HOUR
BUNDLE = "ab" * 32


def shipped_education() -> Education:
    """What the shipped bundle has people told."""
    found = shipped_bundle("paylater").education
    assert found is not None
    return found


class School:
    """The teller's half that writes, without a log."""

    def __init__(self, store: Store, **changed: Any) -> None:
        self.store = store
        taught = taught_of(find_bundle("paylater"))
        self.education = msgspec.structs.replace(shipped_education(), **changed)
        self.taught = Taught(self.education, taught.typologies)
        self.seq = 0

    def change(self, **changed: Any) -> None:
        """Go on under another education.yaml."""
        self.education = msgspec.structs.replace(self.education, **changed)
        self.taught = self.taught._replace(education=self.education)

    def tell(self, *found: Said, now: int | None = None) -> None:
        """Take in what the log says."""
        last = max((one.event_ms for one in found), default=START)
        with self.store.writing() as connection:
            take_in(Giving(connection, last if now is None else now, SECRET, lambda _: self.taught, []), found)

    def decided(
        self, user: int, at: int, outcome: Any = "warn", offences: int = 0, hits: tuple[str, ...] = ()
    ) -> Decided:
        """A decision on a payment."""
        self.seq += 1
        return Decided("user", show_token(user), self.seq, f"e{self.seq}", at, "payment", outcome, hits, offences,
                       BUNDLE, at)  # fmt: skip

    def cancelled(self, user: int, at: int) -> Cancelled:
        """An order given up."""
        return Cancelled(show_token(user), at)

    def judged(self, user: int, at: int) -> Judged:
        """A verdict of cash-out."""
        return Judged(show_token(user), at)

    def given(self, user: int | None = None) -> list[Any]:
        """What was given, the first first."""
        asked = select(education_given).order_by(education_given.c.seq)
        if user is not None:
            asked = asked.where(education_given.c.subject == show_token(user))
        with self.store.reading() as connection:
            return list(connection.execute(asked))

    def arms(self) -> dict[str, str]:
        """Subject -> arm."""
        with self.store.reading() as connection:
            asked = select(education_subjects.c.subject, education_subjects.c.arm)
            return {row[0]: row[1] for row in connection.execute(asked)}

    def messages(self) -> list[Any]:
        """What left."""
        with self.store.reading() as connection:
            rows = connection.execute(select(outbox_messages).order_by(outbox_messages.c.no)).all()
        return [msgspec.json.decode(row.body) for row in rows]

    def figures(self) -> Any:
        """The figures."""
        return figures(self.store)


__all__ = ["BUNDLE", "DAY", "HOUR", "SECRET", "START", "School", "shipped_education"]
