"""Which licences Bonafide may stand on, and how a distribution says which one it has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageMetadata

PERMISSIVE = frozenset(
    name.upper()
    for name in (
        "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0",
        "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib",
    )
)  # fmt: skip
"""SPDX names, upper case; `BSD` is what older packages say of the two-clause and the three-clause form."""

TOOLS_ONLY = frozenset({"MPL-2.0"})
"""Copyleft by file: fine for what checks and builds Bonafide and is never shipped with it."""

EXCEPTED = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "docutils": "Public Domain AND BSD AND GNU General Public License (GPL)",
}
"""Distribution -> the licence that it may have although nothing else may, for extras alone.

psycopg is the one way to PostgreSQL that SQLAlchemy and PostgreSQL's own community keep up, and `bonafide[postgres]`
takes it as the LGPL wants it used: a library of its own, installed beside Bonafide by pip, unmodified, imported where a
store's URL asks for it, and replaced by whoever installs another version. Bonafide's wheel holds no byte of it, and
`requirements.lock`, which every user installs, does not name it.

docutils comes with NiceGUI, for `bonafide[console]`. Its one file under the GPL is a mode for Emacs, says its COPYING
(`tools/editors/emacs/rst.el`), that its wheel does not hold; what is installed is in the public domain or
BSD-2-Clause. The console never loads it.
"""

_SAID = {
    "3-CLAUSE BSD LICENSE": "BSD-3-CLAUSE",
    "APACHE 2.0": "APACHE-2.0",
    "APACHE LICENSE 2.0": "APACHE-2.0",
    "APACHE SOFTWARE LICENSE": "APACHE-2.0",
    "BSD LICENSE": "BSD",
    "ISC LICENSE": "ISC",
    "ISC LICENSE (ISCL)": "ISC",
    "MIT LICENSE": "MIT",
    "MOZILLA PUBLIC LICENSE 2.0 (MPL 2.0)": "MPL-2.0",
    "PYTHON SOFTWARE FOUNDATION LICENSE": "PSF-2.0",
    "THE UNLICENSE (UNLICENSE)": "UNLICENSE",
}
"""What classifiers and old `License` fields say, upper case -> SPDX."""

_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
_MIT = re.compile(
    r"(?:MIT License )?Copyright [^:;]{1,80} "
    + re.escape(
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
        'documentation files (the "Software"), to deal in the Software without restriction, including without '
        "limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the "
        "Software, and to permit persons to whom the Software is furnished to do so, subject to the following "
        "conditions: The above copyright notice and this permission notice shall be included in all copies or "
        'substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, '
        "EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR "
        "PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, "
        "DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN "
        "CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."
    )
)
"""The whole licence: with a word more or less it is another one."""
_PLAIN_QUOTES = str.maketrans("\u201c\u201d", '""')
_LICENCE_LENGTH_MAX = 60
"""A longer `License` field is a licence's whole text, which says nothing that can be looked up."""


def stated_licence(metadata: PackageMetadata) -> str:
    """The SPDX expression of a distribution: its own, else what its classifiers say, else its short `License` field.

    Several classifiers all apply. Empty where the distribution says nothing that can be looked up.
    """
    expression = metadata.get("License-Expression")
    if expression:
        return expression.strip()
    said = [found[1] for line in metadata.get_all("Classifier") or [] if (found := _CLASSIFIER.fullmatch(line))]
    said = [one for one in said if one != "OSI Approved"]
    short = (metadata.get("License") or "").strip()
    if not said and 0 < len(short) <= _LICENCE_LENGTH_MAX:
        said = [short]
    return " AND ".join(_SAID.get(one.upper(), one) for one in said)


def written_licence(text: str) -> str:
    """The SPDX name of a licence's whole text, for a distribution that states it nowhere else; empty if not known."""
    words = " ".join(text.translate(_PLAIN_QUOTES).split())
    return "MIT" if _MIT.fullmatch(words) else ""


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Whether an SPDX expression can be met with `allowed` licences alone; AND binds tighter than OR.

    An empty expression, an unknown name and unbalanced brackets are not allowed.
    """
    names = frozenset(allowed)
    flat = expression.upper().strip()
    while (inner := re.search(r"\(([^()]*)\)", flat)) is not None:
        verdict = "ALLOWED" if _flat_is_allowed(inner[1], names) else "REFUSED"
        flat = flat[: inner.start()] + verdict + flat[inner.end() :]
    return _flat_is_allowed(flat, names)


def _flat_is_allowed(expression: str, names: frozenset[str]) -> bool:
    return any(
        all(term.strip() in names or term.strip() == "ALLOWED" for term in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )
