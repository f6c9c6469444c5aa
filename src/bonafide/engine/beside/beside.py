"""A trial as the engine sees it: what the challenger says of a stretch, and which bundle speaks for each of its rows.

In shadow the champion speaks for all, and what the challenger would have said is kept beside it. In a rollout the arm
of an event's subject says who speaks. However events come in, the same rows are asked in the order of the log, so that
all ways of deciding come to the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import TYPE_NAMES
from bonafide.engine.basis import Basis
from bonafide.engine.batch import Shadow
from bonafide.engine.beside.arms import ARMS, CHALLENGER, CHAMPION, CONTROL, Draws, subjects_of
from bonafide.engine.beside.challenger import Challenger
from bonafide.engine.beside.voice import Voice, voice_of
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import TAKEN, V_CREDIT, V_SCORE, V_SEQ, V_STATUS
from bonafide.engine.compiled import Compiled
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.state import State, Walked
from bonafide.engine.templates import Template

DECIDED: Final = np.array([EVENT_CLASS[name].decided for name in TYPE_NAMES])
"""By the code of a type, whether its events are decided on."""


class Chosen(NamedTuple):
    """What was decided of some rows."""

    template: NDArray[np.int64]
    """Index into `templates`; -1 where there is no decision."""
    templates: list[Template]
    score_e6: NDArray[np.int64]
    credit: NDArray[np.int64]
    silent: frozenset[int] = frozenset()
    """Rows whose decision does not tell what they brought home."""
    shadow: Shadow | None = None


class Beside:
    """The trial of one bundle; it speaks once `degrade` has told which parts do not answer."""

    def __init__(self, bundle: Bundle, draws: Draws, state: State) -> None:
        assert bundle.trial is not None
        self._champion, self._other = bundle.parts
        self.trial, self._draws = bundle.trial, draws
        if self.trial.is_rollout:
            draws.begin(self.trial.salt)
        self._challenger = Challenger(self.trial, state)
        self.said: Counter[tuple[str, str]] = Counter()
        """Pairs of words since it was last emptied: in shadow the champion's and the challenger's outcome, in a rollout
        arm and outcome; of events that were answered, not of those taken in again."""
        self._voices: list[Voice] = []
        self._decided_by_challenger: dict[int, int] = {}
        """The rows of the last stretch for which the challenger spoke: their places among its votes."""

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer."""
        self._challenger.degrade(parts)
        follows = self.trial.follows
        if self.trial.is_rollout:
            told = ((ARMS[arm], arm == CHALLENGER) for arm in range(len(ARMS)))
            self._voices = [
                voice_of((self._champion, self._other)[other], parts, arm, follows=follows[other])
                for arm, other in told
            ]
        else:
            self._voices = [voice_of(self._champion, parts, follows=follows[0]), voice_of(self._other, parts)]

    def take(self, compiled: Compiled, state: State) -> None:
        """Go on with the challenger as it is compiled for what is on its lists now."""
        self._challenger.take(compiled, state)

    def spoken(self, rows: NDArray[np.int64], walked: Walked) -> Iterator[tuple[list[int], Voice]]:
        """For each row the verdict that counts, and whose."""
        verdicts = walked.verdicts.tolist()
        place = np.flatnonzero((walked.verdicts[:, V_STATUS] == TAKEN) & DECIDED[rows[:, TYPE]])
        if self.trial.is_rollout:
            return self._spoken_by_arm(rows, walked, place, verdicts)
        votes = self._challenger.vote(rows[place], walked.verdicts[place], walked.answers[place])
        champion, other = self._voices
        for i, kind, vote in zip(place.tolist(), rows[place, TYPE].tolist(), votes.tolist(), strict=True):
            first, second = champion.template(kind, verdicts[i]), other.template(kind, vote)
            self.said[first.ruling.outcome, second.ruling.outcome] += 1
        return ((verdict, champion) for verdict in verdicts)

    def _spoken_by_arm(
        self, rows: NDArray[np.int64], walked: Walked, place: NDArray[np.intp], verdicts: list[list[int]]
    ) -> Iterator[tuple[list[int], Voice]]:  # fmt: skip
        voices = [self._voices[CHAMPION]] * len(verdicts)
        arms = self._arms(rows, walked, place)
        theirs = place[arms == CHALLENGER]
        votes = self._challenger.vote(rows[theirs], walked.verdicts[theirs], walked.answers[theirs]).tolist()
        self._decided_by_challenger = {i: at for at, i in enumerate(theirs.tolist())}
        for i, vote in zip(theirs.tolist(), votes, strict=True):
            verdicts[i] = vote
        for i, kind, arm in zip(place.tolist(), rows[place, TYPE].tolist(), arms.tolist(), strict=True):
            voices[i] = self._voices[arm]
            self.said[ARMS[arm], voices[i].template(kind, verdicts[i]).ruling.outcome] += 1
        return iter(zip(verdicts, voices, strict=True))

    def is_challengers(self, i: int) -> bool:
        """Whether the challenger spoke for a row of the last stretch."""
        return i in self._decided_by_challenger

    def basis(self, kind: int, rows: NDArray[np.int64], i: int) -> Basis | None:
        """What the challenger's scores of such a row were reckoned from."""
        at = self._decided_by_challenger[i]
        return self._challenger.bases.of(kind, rows, i, self._challenger.given, at)

    def _arms(self, rows: NDArray[np.int64], walked: Walked, place: NDArray[np.intp]) -> NDArray[np.int64]:
        subjects, seqs = subjects_of(rows[place]).tolist(), walked.verdicts[place, V_SEQ].tolist()
        return np.array(self._draws.arms(subjects, seqs, self.trial), dtype=np.int64)

    def choose(
        self, rows: NDArray[np.int64], walked: Walked, decided: NDArray[np.bool_], *, voted: bool
    ) -> Chosen:  # fmt: skip
        """The same for many rows, of which `decided` are decided on. Without votes (`voted`) who is new draws, and the
        rest is as if nothing had fired."""
        place, kinds, verdicts = np.flatnonzero(decided), rows[:, TYPE], walked.verdicts
        if self.trial.is_rollout:
            arms = self._arms(rows, walked, place)
            if voted:
                return self._chosen_by_arm(rows, walked, place, arms)
        template, templates = self._voices[CHAMPION].choose(kinds, verdicts, decided)
        silent = frozenset() if self._voices[CHAMPION].follows else frozenset(place.tolist())
        chosen = Chosen(template, templates, verdicts[:, V_SCORE], verdicts[:, V_CREDIT], silent)
        if self.trial.is_rollout or not voted:
            return chosen
        votes = self._challenger.vote(rows[place], verdicts[place], walked.answers[place])
        score = np.zeros(len(rows), dtype=np.int64)
        score[place] = votes[:, V_SCORE]
        told, shadows = self._voices[1].choose(kinds[place], votes, np.ones(len(place), dtype=np.bool_))
        template = np.full(len(rows), -1, dtype=np.int64)
        template[place] = told
        return chosen._replace(shadow=Shadow(score, template, shadows))

    def _chosen_by_arm(
        self, rows: NDArray[np.int64], walked: Walked, place: NDArray[np.intp], arms: NDArray[np.int64]
    ) -> Chosen:  # fmt: skip
        verdicts, silent = walked.verdicts, set[int]()
        score, credit = verdicts[:, V_SCORE].copy(), verdicts[:, V_CREDIT].copy()
        template, templates = np.full(len(rows), -1, dtype=np.int64), list[Template]()
        for arm in (CHAMPION, CHALLENGER, CONTROL):
            which, voice = place[arms == arm], self._voices[arm]
            told = verdicts[which]
            if arm == CHALLENGER:
                told = self._challenger.vote(rows[which], told, walked.answers[which])
                score[which], credit[which] = told[:, V_SCORE], told[:, V_CREDIT]
            chosen, some = voice.choose(rows[which, TYPE], told, np.ones(len(which), dtype=np.bool_))
            template[which] = chosen + len(templates)
            templates += some
            silent.update(() if voice.follows else which.tolist())
        return Chosen(template, templates, score, credit, frozenset(silent))
