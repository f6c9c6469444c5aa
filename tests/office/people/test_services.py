"""From an empty data directory to an admin who is signed in with two factors, as a service goes through it."""

from __future__ import annotations

from pathlib import Path

from bonafide.core.secret import Secret
from bonafide.office.people.first_admin import ensure_first_admin
from bonafide.office.people.matrix import Deed, may
from bonafide.office.people.services import open_services
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.office.audit.kit import Clock
from tests.office.people.kit import HERE, PASSWORD, quick


def test_a_service_begins_with_one_admin(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    with Store.open(data.office) as store:
        services = open_services(store, data, None, clock=Clock(), passwords=quick())
        path = ensure_first_admin(services.people, data)
        assert path is not None
        first = Secret(path.read_text().strip())
        token, session = services.desk.sign_in("admin", first, HERE)
        services.desk.change_password(token, first, PASSWORD, HERE)
        assert not path.exists()
        assert may(session.role, Deed("route", "POST /v1/people"))
        assert services.log.verify().size == 3
    with Store.open(data.office) as store:
        again = open_services(store, data, None, clock=Clock(), passwords=quick())
        assert ensure_first_admin(again.people, data) is None
