"""Groups: what a batch job found is told to the keys themselves.

A `group` event names its subject by type and id, which is no key that a payment has; the engine establishes `grouped`
of the user, merchant, device or account that it is, so that features of that key can count it.
"""

from __future__ import annotations

from typing import Final

from bonafide.core.fields import FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.admission import TIME
from bonafide.engine.derived import establish
from bonafide.engine.kernel import inner

GROUP: Final = TYPE_CODE["group"]
GROUPED: Final = TYPE_CODE["grouped"]
SUBJECT_TYPE: Final = FIELDS["subject_type"].place
SUBJECT_ID: Final = FIELDS["subject_id"].place
_KEYS: Final = tuple(
    (WORD_CODE[kind], FIELDS[f"{kind}_id"].place) for kind in ("user", "merchant", "device", "account")
)
_TOLD: Final = tuple(FIELDS[name].place for name in ("group_id", "method", "score", "valid_until"))


@inner
def establish_group(event, kind, queue):
    """Establish `grouped` of a group event's subject; addresses, phones and IP addresses are no keys of it."""
    if kind == GROUP:
        for word, key in _KEYS:
            if event[SUBJECT_TYPE] == word:
                row = establish(queue, GROUPED, event[TIME])
                row[key] = event[SUBJECT_ID]
                for place in _TOLD:
                    row[place] = event[place]
