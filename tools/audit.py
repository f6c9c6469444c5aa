"""What we stand on: every locked distribution with its licence and, where advisories are at hand, known weaknesses.

`make audit`, offline. `make audit WEAKNESSES=FOLDER` also holds every lock against a folder of advisories in the OSV
format (https://ossf.github.io/osv-schema), one JSON file each, as osv.dev gives them out for an ecosystem. Ends with 1
where a licence is none that we may stand on, or a locked release has a weakness that was not withdrawn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.house.licences import EXCEPTED, PERMISSIVE, TOOLS_ONLY, is_allowed  # noqa: E402
from tests.house.test_licences import licence_of, pins  # noqa: E402

LOCKS: Final = {"requirements.lock": "users", "requirements-build.lock": "build", "requirements-dev.lock": "dev"}
"""Lock -> for whom it is; what users install is in the others too."""
ADVISORY_BYTES_MAX: Final = 16 << 20


def locked() -> dict[str, tuple[str, str]]:
    """Distribution -> its release, and the first of the locks that names it."""
    found: dict[str, tuple[str, str]] = {}
    for lock, whom in LOCKS.items():
        for pin in pins(lock):
            (release,) = (one.version for one in pin.specifier)
            found.setdefault(canonicalize_name(pin.name), (release, whom))
    return dict(sorted(found.items()))


def licence(name: str) -> str:
    """What an installed distribution says of its licence; "not installed" where it is not."""
    try:
        return licence_of(distribution(name)) or "none stated"
    except PackageNotFoundError:
        return "not installed"


def may_be_used(name: str, stated: str, whom: str) -> bool:
    """Whether a distribution of this licence may be in the lock that is for them."""
    allowed = PERMISSIVE if whom == "users" else PERMISSIVE | TOOLS_ONLY
    return is_allowed(stated, allowed) or (whom == "dev" and EXCEPTED.get(name) == stated)


def weaknesses(folder: Path, releases: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(distribution, advisory, summary) of what is known of these releases, by a folder of advisories."""
    for path in sorted(folder.rglob("*.json")):
        if path.stat().st_size > ADVISORY_BYTES_MAX:
            raise SystemExit(f"{path}: is larger than an advisory is")
        advisory = json.loads(path.read_text(encoding="utf-8"))
        if advisory.get("withdrawn"):
            continue
        for name in sorted({name for name in map(_name, advisory.get("affected", [])) if name in releases}):
            if any(_name(one) == name and is_affected(one, releases[name]) for one in advisory["affected"]):
                yield name, advisory["id"], str(advisory.get("summary", "")).strip() or "no summary"


def is_affected(affected: Mapping[str, Any], release: str) -> bool:
    """Whether an advisory's part means a release: it is listed, or lies in a range."""
    if release in affected.get("versions", []):
        return True
    ranges = (one["events"] for one in affected.get("ranges", []) if one.get("type") in ("ECOSYSTEM", "SEMVER"))
    return any(_is_within(Version(release), events) for events in ranges)


def _is_within(release: Version, events: list[dict[str, str]]) -> bool:
    """OSV's own way: go through the events in the order of their versions, and see whether the last one began it."""
    within = False
    for kind, at in sorted(((k, v) for event in events for k, v in event.items()), key=lambda one: _version(one[1])):
        if kind == "introduced" and release >= _version(at):
            within = True
        elif (kind == "fixed" and release >= _version(at)) or (kind == "last_affected" and release > _version(at)):
            within = False
    return within


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _name(affected: Mapping[str, Any]) -> str:
    return canonicalize_name(str(affected.get("package", {}).get("name", "")))


def main(folder: str = "") -> int:
    """Print the table and what is wrong; 1 where something is."""
    held = locked()
    wide = max(map(len, held)) + 2
    wrong = []
    for name, (release, whom) in held.items():
        stated = licence(name)
        print(f"{name:{wide}}{release:14}{whom:7}{stated}")
        if not may_be_used(name, stated, whom):
            wrong.append(f"{name} {release}: {stated}")
    known = [] if not folder else list(weaknesses(Path(folder), {name: release for name, (release, _) in held.items()}))
    for name, advisory, summary in known:
        print(f"weakness: {name} {held[name][0]}: {advisory}: {summary}")
    for one in wrong:
        print(f"licence: {one}: is none that Bonafide may stand on")
    looked = (
        f"{len(known)} known weaknesses" if folder else "weaknesses not looked for (WEAKNESSES=FOLDER; SECURITY.md)"
    )
    print(f"audit: {len(held)} distributions, {len(wrong)} licences refused, {looked}")
    return 1 if wrong or known else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
