"""Files of cases: looked into, sealed, never a path, and never anybody's page."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from bonafide.core.errors import BonafideError, MissingError, UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.appeals.files import Files
from bonafide.office.audit.log import AuditLog
from bonafide.office.cases.files import FOLDER, CaseFiles
from bonafide.office.store.database import Store
from tests.office.appeals.test_documents import pdf, png, stream
from tests.office.cases.kit import HERE, Site, alerting
from tests.office.databases import everything_in
from tests.office.people.kit import counted

NAMES = ["../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\x", "a/b", "con", ".", "..",
         "<script>alert(1)</script>", "=HYPERLINK(\"http://x\")", "file.pdf.exe", "%2e%2e%2f",
         "\u202egpj.exe"]  # fmt: skip


def archive() -> bytes:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x", bytes(1 << 20))
    return told.getvalue()


REFUSED = {
    "a zip bomb": archive(), "a PDF that is a ZIP too": pdf()[:-6] + archive() + b"%%EOF\n",
    "a PNG with a ZIP": png() + archive(), "a bomb in a PDF": pdf(stream(bytes(64 << 20))), "nothing": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a script": pdf(b"5 0 obj\n<< /S /JavaScript >>\nendobj\n"), "too large": pdf(stream(bytes(6 << 20), b"")),
    "a picture that is a page": png()[:-12] + b"<script>" + png()[-12:],
}  # fmt: skip


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


def files_of(site: Site, folder: Path) -> CaseFiles:
    return CaseFiles(site.store, folder, site.keyring, clock=site.clock, draw=counted())


def test_a_file_is_sealed_and_comes_out_as_it_was(
    site: Site, tmp_path_factory: pytest.TempPathFactory, place: object
) -> None:
    folder = tmp_path_factory.mktemp("data")
    files, number = files_of(site, folder), site.open()
    for name in NAMES:
        assert files.attach(site.who["ann"], HERE, number, name, png())["name"] == name
    found = site.book.one(number)["files"]
    assert sorted(one["name"] for one in found) == sorted(NAMES)
    assert files.content(site.who["eve"], HERE, number, found[0]["file"]) == ("image/png", png())
    assert {path.parent for path in folder.rglob("*") if path.is_file()} == {folder / FOLDER}
    assert all(len(path.name) == 32 and b"PNG" not in path.read_bytes() for path in (folder / FOLDER).iterdir())
    assert b"HYPERLINK" not in everything_in(place)  # type: ignore[arg-type]
    deeds = [(one.what, one.outcome) for one in AuditLog(site.store).entries()][-1]
    assert deeds == ("case.look_file", "done")


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_act_or_is_something_else_is_refused_and_leaves_nothing(what: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.sqlite3") as store:
        site = Site(store)
        files, number = files_of(site, tmp_path), site.open()
        with pytest.raises(UsageError, match="document: "):
            files.attach(site.who["ann"], HERE, number, "x.pdf", REFUSED[what])
        assert files.list(number) == []
        assert not (tmp_path / FOLDER).exists()
        assert [one.outcome for one in AuditLog(store).entries() if one.what == "case.attach"] == ["refused"]


def test_who_may_and_what_a_name_may_be(site: Site, tmp_path: Path) -> None:
    files, number = files_of(site, tmp_path), site.open()
    with pytest.raises(ForbiddenError):
        files.attach(site.who["dan"], HERE, number, "x", png())
    for name in ("", "x" * 201, "a\x00b", "a\nb"):
        with pytest.raises(UsageError, match="name: "):
            files.attach(site.who["ann"], HERE, number, name, png())
    with pytest.raises(MissingError):
        files.attach(site.who["ann"], HERE, 99, "x", png())
    kept = files.attach(site.who["ann"], HERE, number, "x", png())
    other = site.open("e9", "u9", "m9")
    for case, name in ((other, kept["file"]), (number, "../../office.sqlite3"), (number, "0" * 32)):
        with pytest.raises(BonafideError):
            files.content(site.who["ann"], HERE, case, name)


def test_files_go_along_when_cases_become_one_and_orphans_go(site: Site, tmp_path: Path) -> None:
    files, number = files_of(site, tmp_path), site.open("e1", "u1", "m1")
    other = site.open("e2", "u2", "m2")
    kept = files.attach(site.who["ann"], HERE, other, "x", png())
    site.take(alerting("e3", user_id="u1", merchant_id="m2"))
    assert site.case(other).merged_into == number
    assert files.content(site.who["ann"], HERE, number, kept["file"])[1] == png()
    orphan = Files(tmp_path, FOLDER).keep(b"left by a crash")
    site.clock.now_ms = 2**42
    assert files.sweep() == 1
    assert not (tmp_path / FOLDER / orphan).exists()
    assert (tmp_path / FOLDER / kept["file"]).exists()
