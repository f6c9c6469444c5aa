"""The register in memory: merchants of the store with the texts that names and numbers are compared by.

Ids stay tokens, which compare as well as ids do; names, numbers and addresses are clear, in the memory of the worker
alone. Who is forgotten leaves it before the next review.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from sqlalchemy import select

from bonafide.core.door import decode_event
from bonafide.core.events import MerchantApplication
from bonafide.core.pseudonym import read_token, show_token
from bonafide.office.admission.rows import FAMILY, subject_of
from bonafide.office.merchants.application import Application, Merchant
from bonafide.office.merchants.register import Register
from bonafide.office.store.tables import merchant_applications, merchant_devices, merchants
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.under import texts_under
from bonafide.office.vault.vault import FAMILY as SUBJECTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

APPLICATIONS_MAX: Final = 50
"""Of one merchant, whose parts are put together."""
DEVICES_MAX: Final = 50
"""Devices of one merchant that are compared."""
_TEXTS: Final = {"legal_name": "legal_name", "registration_no": "registration_no", "address": "street"}
"""Field that is compared clear -> the kind of its text."""
KINDS: Final = frozenset(_TEXTS.values())


class KnownMerchants:
    """The register of a store, loaded when it is first asked for and kept up to date."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._register: Register | None = None
        self._versions = (-1, -1)

    def forget(self) -> None:
        """Load it anew when it is next asked for: what is in it may not be what is in the store."""
        self._register = None

    def register(self) -> Register:
        """The register as the store has it now."""
        store = self._vault.store
        versions = store.version(SUBJECTS), store.version(FAMILY)
        if self._register is None or versions[0] != self._versions[0]:
            with store.reading() as connection:
                self._register = self._load(connection)
        elif versions[1] != self._versions[1]:
            with store.reading() as connection:
                self._follow(connection, self._register)
        self._versions = versions
        return self._register

    @property
    def loaded(self) -> Register:
        """The register as it was when it was last asked for, with what was put since: what a transaction sees."""
        assert self._register is not None, "the register is asked for before a transaction begins"
        return self._register

    def has_device(self, merchant: int, device: int) -> None:
        """A merchant has logged in with a device; where nothing is loaded yet, loading finds it in the store."""
        known = None if self._register is None else self._register.get(show_token(merchant))
        if known is not None and show_token(device) not in known.application.devices[:DEVICES_MAX]:
            devices = (*known.application.devices, show_token(device))[:DEVICES_MAX]
            self.put(Merchant(replace(known.application, devices=devices), known.standing))

    def put(self, merchant: Merchant) -> None:
        """A merchant has applied or been reviewed."""
        self.loaded.put(merchant)

    def clear_application(
        self, connection: Connection, event: MerchantApplication, devices: Sequence[int]
    ) -> Application | None:
        """An application of the log with what is compared in clear; None where its texts are not known."""
        merchant = read_token(event.merchant_id)
        if merchant is None:
            return None
        told = {text: says for _, text, says in texts_under(self._vault, connection, [subject_of(merchant)], KINDS)}
        return with_texts(event, told, devices)

    def told_by(self, connection: Connection, merchant: int, number: int) -> Application | None:
        """What a merchant had said by its application of a number, with what it said before and left out then."""
        table = merchant_applications.c
        asked = select(table.content).where(table.merchant == merchant, table.number <= number)
        asked = asked.order_by(table.number.desc()).limit(APPLICATIONS_MAX)
        texts = {text: says for _, text, says in texts_under(self._vault, connection, [subject_of(merchant)], KINDS)}
        return _told([bytes(content) for content in connection.scalars(asked)][::-1], texts, ())

    def _load(self, connection: Connection) -> Register:
        asked = select(merchants.c.merchant, merchants.c.standing, merchant_applications.c.content).join(
            merchant_applications, merchant_applications.c.merchant == merchants.c.merchant
        )
        said = connection.execute(asked.order_by(merchants.c.merchant, merchant_applications.c.number)).all()
        rows = [(one, list(some)) for one, some in groupby(said, key=lambda row: (row.merchant, row.standing))]
        devices: dict[int, list[int]] = {}
        for merchant, device in connection.execute(select(merchant_devices).order_by(merchant_devices.c.device)):
            devices.setdefault(merchant, []).append(device)
        texts: dict[int, dict[Subject, str]] = {}
        owners = [subject_of(merchant) for (merchant, _), _ in rows]
        for owner, text, says in texts_under(self._vault, connection, owners, KINDS):
            texts.setdefault(owner.pseudonym, {})[text] = says
        register = Register()
        for (merchant, standing), some in rows:
            contents = [bytes(row.content) for row in some[-APPLICATIONS_MAX:]]
            one = _told(contents, texts.get(merchant, {}), devices.get(merchant, ()))
            if one is not None:
                register.put(Merchant(one, standing))
        return register

    @staticmethod
    def _follow(connection: Connection, register: Register) -> None:
        for merchant, standing in connection.execute(select(merchants.c.merchant, merchants.c.standing)):
            found = register.get(show_token(merchant))
            if found is not None and found.standing != standing:
                register.put(Merchant(found.application, standing))


def _told(contents: Sequence[bytes], texts: dict[Subject, str], devices: Sequence[int]) -> Application | None:
    """What the applications of a merchant say together, the newest last; None where the newest cannot be read."""
    told: Application | None = None
    for content in contents:
        event = decode_event(content)
        assert isinstance(event, MerchantApplication)
        one = with_texts(event, texts, devices)
        told = one if one is None or told is None else one.with_earlier(told)
    return told


def with_texts(
    event: MerchantApplication, texts: dict[Subject, str], devices: Sequence[int]
) -> Application | None:  # fmt: skip
    """An application with clear texts in place of the tokens that are compared so; None where one is not there."""
    clear: dict[str, str] = {}
    for field, kind in _TEXTS.items():
        token = getattr(event, field)
        if token is None:
            continue
        value = read_token(token)
        says = None if value is None else texts.get(Subject(kind, value))
        if says is None:
            return None
        clear[field] = says
    shown = tuple(map(show_token, devices[:DEVICES_MAX]))
    return replace(Application.of(event, shown), **clear)
