#!/bin/sh
# Writes the four lock files from pyproject.toml, for `make lock`: one resolution for every supported Python and
# system, each file with hashes and none with the address of a package index. `--upgrade` takes newer releases;
# without it, what is locked stays unless pyproject.toml no longer allows it.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
# uv keeps to this folder, and uses the Python that is there.
UV_CACHE_DIR=.cache/uv
UV_PYTHON_DOWNLOADS=never
export UV_CACHE_DIR UV_PYTHON_DOWNLOADS

.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: "uv==$UV_VERSION"

# `fewest`: one release of each package for all Pythons, so that answers do not depend on which of them runs.
compile() {
    lock=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-build \
        --generate-hashes --custom-compile-command 'make lock' "$@" --output-file "$lock"
    printf 'lock: %s, %s packages\n' "$lock" "$(grep -c '==' "$lock")"
}

compile requirements.lock pyproject.toml "$@"
compile requirements-build.lock --group build --constraint requirements.lock "$@"
compile requirements-dev.lock pyproject.toml --extra dev --extra bench --extra postgres --extra kafka --extra oidc \
    --extra console --constraint requirements.lock --constraint requirements-build.lock "$@"
compile requirements-console.lock pyproject.toml --extra console --constraint requirements-dev.lock "$@"
