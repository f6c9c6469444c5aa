"""`bonafide bundle propose ... verify`, `bonafide list`, `bonafide access sign-in`: what they print and do."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.apps.runtime.office_watch import OfficeWatch
from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.apps.server.bundle_routes import BundleRoutes, person_of
from bonafide.apps.server.bundle_shapes import ListChangeBody, NoteBody, ProposeBody
from bonafide.engine.bundle import load_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.bundles.life import BundleLife
from bonafide.office.journal.journal import Journal
from bonafide.office.lists.changes import Lists
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.services import open_services
from bonafide.office.people.totp import code_at
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.engine.kit import payment
from tests.office.people.kit import quick

PEOPLE = {"ann": "analyst", "bob": "senior", "cy": "admin"}


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of passwords that cost nothing."""
    hashes = dict(quick().__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords, "__init__", lambda self: self.__dict__.update(hashes))
        yield


def told(*arguments: object, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100", **(env or {})})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def json_of(*arguments: object, ends: int = 0) -> dict[str, Any]:
    result = told(*arguments, "--json")
    assert result.exit_code == ends, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def set_up(data: Path, name: str, role: str) -> Path:
    """Somebody who begins at the terminal; the file with their session."""
    folder = data.parent
    made = json_of("access", "user", "create", name, "--role", role, "--data", data)
    (folder / "once").write_text(made["one_time_password"])
    (folder / "chosen").write_text("correct horse battery\n")
    session = folder / f"{name}.session"
    at = ("access", "sign-in", name, "--session-file", session, "--data", data)
    begun = json_of(*at, "--password-file", folder / "once", "--new-password-file", folder / "chosen", ends=1)
    assert begun["pending"] == "totp"
    secret = base64.b32decode(parse_qs(urlsplit(begun["enrolment_url"]).query)["secret"][0])
    assert json_of(*at, "--code", code_at(secret, int(time.time()) // 30))["pending"] is None
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    return session


@pytest.fixture
def data(begun: Path, tmp_path: Path) -> Path:
    """A data directory whose service decided with the starter bundle, and three people with a session each."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What each test begins with a copy of."""
    folder = tmp_path_factory.mktemp("begun")
    found = DataDir.open(folder / "data")
    bundle = load_bundle(find_bundle("starter"))
    keep_bundle(find_bundle("starter"), found.folder, bundle.hash)
    journal = Journal.open(found.folder)
    journal.append((), bundle=bundle.hash)
    journal.close()
    for name, role in PEOPLE.items():
        set_up(found.folder, name, role)
    return folder


def mine(tmp_path: Path, more: str = "# other words\n") -> Path:
    folder = tmp_path / f"mine{len(list(tmp_path.iterdir()))}"
    shutil.copytree(find_bundle("starter"), folder)
    with (folder / "rules.yaml").open("a") as file:
        file.write(more)
    return folder


def as_(data: Path, name: str) -> tuple[object, ...]:
    return "--session-file", data.parent / f"{name}.session", "--data", data


def test_a_bundle_lives_at_the_terminal(data: Path, tmp_path: Path) -> None:
    made = json_of("bundle", "propose", mine(tmp_path), "--note", "words", *as_(data, "ann"))
    assert (made["person"], made["harms"], made["note"]) == ("ann", [], "words")
    short = made["bundle"][:12]
    tries = (("ann", 1, "may not do this"), ("cy", 0, "may be activated at once"), ("bob", 2, "already"))
    for name, code, said in tries:
        result = told("bundle", "approve", short, *as_(data, name))
        assert result.exit_code == code
        assert said in result.stdout + result.stderr.replace("\n", " ")
    assert told("bundle", "activate", short, *as_(data, "bob")).exit_code == 1
    assert json_of("bundle", "activate", short, "--no-wait", *as_(data, "cy"))["outcome"] is None
    steps = json_of("bundle", "history", "--data", data)["steps"]
    assert [(step["action"], step["person"]) for step in steps] == [
        ("propose", "ann"), ("approve", "cy"), ("activate", "cy"),
    ]  # fmt: skip
    assert "activate" in told("bundle", "history", "--data", data).stdout
    assert json_of("bundle", "rollback", "--no-wait", *as_(data, "bob"))["bundle"] == made["replaces"]
    assert told("bundle", "rollback", "--no-wait", *as_(data, "bob")).exit_code == 2


def test_whoever_approves_is_not_the_author_whatever_session_they_come_with(data: Path, tmp_path: Path) -> None:
    made = json_of("bundle", "propose", mine(tmp_path), *as_(data, "bob"))
    result = told("bundle", "approve", made["bundle"], *as_(data, "bob"))
    assert result.exit_code == 1
    assert "nobody approves what they have proposed" in result.stderr.replace("\n", " ")
    token = (data.parent / "bob.session").read_text().strip()
    result = told("bundle", "approve", made["bundle"], "--data", data, env={"BONAFIDE_SESSION": token})
    assert result.exit_code == 1
    result = told("bundle", "approve", made["bundle"], "--data", data)
    assert (result.exit_code, "say who acts" in result.stderr) == (2, True)
    result = told("bundle", "refuse", made["bundle"], *as_(data, "ann"))
    assert result.exit_code == 0
    result = told("bundle", "approve", made["bundle"], "--as", "cy", *as_(data, "bob"))
    assert "the session is that of bob" in result.stderr.replace("\n", " ")


def test_verify_holds_the_history_against_a_key_that_was_kept(data: Path, tmp_path: Path) -> None:
    json_of("bundle", "propose", mine(tmp_path), *as_(data, "ann"))
    shown = told("bundle", "verify", "--data", data)
    assert shown.stdout.startswith("-----BEGIN PUBLIC KEY-----")
    key = tmp_path / "office.pem"
    key.write_text(shown.stdout)
    assert json_of("bundle", "verify", "--key", key, "--data", data)["steps"] == 1
    (data / "signing.key").unlink()
    made = json_of("bundle", "propose", mine(tmp_path, "# more\n"), *as_(data, "ann"))
    assert made["number"] == 1
    assert json_of("bundle", "verify", "--key", key, "--data", data, ends=1)["whole"] is False
    assert json_of("bundle", "verify", "--data", data)["whole"] is True


def test_a_backup_has_the_history_and_not_the_key(data: Path, tmp_path: Path) -> None:
    json_of("bundle", "propose", mine(tmp_path), *as_(data, "ann"))
    assert (data / "signing.key").exists()
    assert told("backup", "--data", data, "--out", tmp_path / "backup").exit_code == 0
    assert told("restore", tmp_path / "backup", "--data", tmp_path / "again").exit_code == 0
    assert not (tmp_path / "again" / "signing.key").exists()
    assert json_of("bundle", "verify", "--data", tmp_path / "again")["steps"] == 1


def test_a_setting_that_leaves_four_eyes_out_says_so(data: Path, tmp_path: Path) -> None:
    made = json_of("bundle", "propose", mine(tmp_path), *as_(data, "ann"))
    told("bundle", "approve", made["bundle"], *as_(data, "bob"))
    result = told("bundle", "activate", made["bundle"], *as_(data, "cy"), env={"BONAFIDE_FOUR_EYES": "never"})
    assert (result.exit_code, "four_eyes is never" in result.stderr) == (2, True)


@pytest.fixture
def office(data: Path) -> Iterator[tuple[Store, BundleLife, Lists]]:
    found = DataDir(data)
    with Store.open(found.office) as store:
        desk = open_services(store, found, None)
        yield store, BundleLife(store, found), Lists(store, found.read_secret(), desk.vault.keyring)


def test_a_running_service_carries_out_what_the_office_decides(
    data: Path, tmp_path: Path, office: tuple[Store, BundleLife, Lists]
) -> None:
    """Activation, rollback, a list, and a bundle that was swapped on disk, through the store as a service sees it."""
    import asyncio

    _, life, lists = office
    first = load_bundle(find_bundle("starter"))
    said: list[str] = []

    async def use() -> None:
        runtime = Runtime(lambda: Engine(first), Journal.open(data), data, Limits(deadline_ms=60_000),
                          wall_ms=lambda: 1_767_609_000_000)  # fmt: skip
        runtime.start()
        runtime.run(asyncio.get_running_loop())
        watch = OfficeWatch(life, lists, Records(life._store), data, said.append)
        watch.over(runtime)
        try:
            await runtime.decide((payment(1, 0),), None, _Key())
            await asyncio.to_thread(carry_out, runtime, watch)
        finally:
            await runtime.stop()

    def carry_out(runtime: Runtime, watch: OfficeWatch) -> None:
        made = json_of("bundle", "propose", mine(tmp_path), *as_(data, "ann"))
        told("bundle", "approve", made["bundle"], *as_(data, "bob"))
        json_of("bundle", "activate", made["bundle"], "--no-wait", *as_(data, "cy"))
        watch.look()
        assert runtime.bundle.hash == made["bundle"]
        assert json_of("bundle", "history", "--data", data)["steps"][-1]["from_event"] == 2
        watch.look()  # nothing new
        json_of("bundle", "rollback", "--no-wait", *as_(data, "bob"))
        watch.look()
        assert runtime.bundle.hash == first.hash
        end = ("--expires", "2099-01-01T00:00:00Z")
        assert told("list", "add", "watch", "u", "--reason", "r", *end, *as_(data, "ann")).exit_code == 2
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
        at = ("--reason", "a ring", "--expires", soon)
        assert json_of("list", "add", "block", "u", *at, *as_(data, "bob"))["waits"] is True
        assert told("list", "approve", 1, *as_(data, "bob")).exit_code == 1
        assert json_of("list", "add", "allow", "v", *at, *as_(data, "bob"))["waits"] is False
        watch.look()
        assert [c["seq"] for c in json_of("list", "show", "--data", data)["changes"]] == [None, 3]
        told("list", "approve", 1, *as_(data, "cy"))
        watch.look()
        standing = json_of("list", "show", "--standing", "--data", data)["changes"]
        assert [change["list"] for change in standing] == ["allow", "block"]
        assert "a ring" in told("list", "show", "--list", "block", "--entry", "u", "--data", data).stdout
        assert told("list", "remove", "block", "u", "--reason", "over", *as_(data, "ann")).exit_code == 0
        other = json_of("bundle", "propose", mine(tmp_path, "# again\n"), *as_(data, "ann"))
        told("bundle", "approve", other["bundle"], *as_(data, "bob"))
        json_of("bundle", "activate", other["bundle"], "--no-wait", *as_(data, "cy"))
        (data / "bundles" / other["bundle"] / "rules.yaml").write_text("[]\n")  # swapped before the service looks
        watch.look()
        assert runtime.bundle.hash == first.hash
        last = json_of("bundle", "history", "--data", data)["steps"][-1]
        assert (last["outcome"], "was changed" in last["why_not"]) == ("failed", True)
        assert len(said) == 1

    asyncio.run(use())
    journal = Journal.open(data)
    kinds = [json.loads(record.content)["type"] for _, records in journal.commits() for record in records]
    journal.close()
    assert kinds == ["payment", "bundle_activated", "bundle_activated", "list_changed", "list_changed", "list_changed"]


class _Key:
    key_id = "k1"


def test_the_routes_do_the_same(data: Path, office: tuple[Store, BundleLife, Lists]) -> None:
    store, life, lists = office
    desk = open_services(store, DataDir(data), None).desk
    from bonafide.core.secret import Secret

    def person(name: str) -> Any:
        token = Secret((data.parent / f"{name}.session").read_text().strip())
        return person_of(desk.sessions.find(token, int(time.time() * 1_000)), "192.0.2.7")

    routes = BundleRoutes(life, lists, data, 0)
    files = {str(p.relative_to(find_bundle("starter"))): p.read_text()
             for p in sorted(find_bundle("starter").rglob("*")) if p.is_file()}  # fmt: skip
    made = routes.propose(person("ann"), ProposeBody(files=files | {"NOTICE": "words\n"}, note="n"))
    content = made["bundle"]
    with pytest.raises(ForbiddenError, match="a key is none"):
        person_of(None, "")
    routes.approve(person("bob"), content, NoteBody())
    routes.activate(person("cy"), content, NoteBody())
    shown = routes.bundles()
    assert shown["in_force"] == content
    assert shown["proposals"][0]["approved"]["person"] == "bob"
    assert [step["action"] for step in routes.bundle(content)["steps"]] == ["propose", "approve", "activate"]
    assert routes.rollback(person("bob"), NoteBody(note="back"))["bundle"] == made["replaces"]
    change = ListChangeBody(list="block", action="remove", entry="u1", reason="r")
    assert routes.change_list(person("ann"), change)["waits"] is False
    assert len(routes.lists("block")["changes"]) == 1
    assert routes.lists(standing=True) == {"changes": [], "next_before": None}
