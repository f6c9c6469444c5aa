#!/bin/sh
# Makes .venv, for the Makefile: `sh tools/setup.sh runtime` (what bonafide needs), then `... console` (what the
# console needs) or `dev` (what its tests and checks need). PYTHON=/path/to/python chooses the interpreter. Details go to
# .venv/install.log.
# Exit 0 done, 1 an installation failed, 2 this machine lacks something that only its owner can install.
set -eu
cd "$(dirname "$0")/.."

LEVEL=$1
LOG=.venv/install.log
NAMES='python3.13 python3.12 python3.11 python3'
export PIP_USER=0 PIP_NO_INPUT=1

say() { printf 'set-up: %s\n' "$*"; }

refuse() {
    printf '%s\n' "$@" >&2
    exit 2
}

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }

complete() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Every candidate is run: a version manager puts names on PATH that only fail, before others that work.
candidates() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" || true
        return
    fi
    for name in $NAMES; do
        printf '%s\n' "$PATH" | tr ':' '\n' | while IFS= read -r folder; do
            if [ -x "$folder/$name" ]; then printf '%s\n' "$folder/$name"; fi
        done
    done
}

# Sets FOUND to the first interpreter that can make an environment, and BARE to the first that only lacks the modules.
find_python() {
    FOUND= BARE=
    while IFS= read -r python; do
        if [ -z "$python" ] || ! supported "$python"; then continue; fi
        if complete "$python"; then
            FOUND=$python
            return
        fi
        BARE=${BARE:-$python}
    done <<LIST
$(candidates)
LIST
}

require_python() {
    find_python
    if [ -n "$FOUND" ]; then return; fi
    if [ -n "$BARE" ]; then
        refuse "$BARE cannot make an environment: its modules venv and ensurepip are missing." \
            'Install them and run make again; on Debian or Ubuntu: apt-get install python3-venv'
    fi
    refuse "Bonafide needs Python 3.11, 3.12 or 3.13, and ${PYTHON:-none of $NAMES on PATH} is one that runs." \
        'Install one and run make again (on Debian or Ubuntu: apt-get install python3 python3-venv),' \
        'or name it: make PYTHON=/path/to/python3'
}

# Runs a command with its output in the log, which is shown where the command fails.
quietly() {
    if "$@" >>"$LOG" 2>&1; then return; fi
    tail -n 20 "$LOG" >&2
    say "that failed; the lines above end $LOG" >&2
    exit 1
}

install() { quietly .venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir "$@"; }

install_locked() { install --only-binary :all: --require-hashes "$@"; }

make_environment() {
    require_python
    say "making .venv with $FOUND"
    rm -rf .venv
    mkdir .venv
    quietly "$FOUND" -m venv .venv
}

if ! supported .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then make_environment; fi
began=$(date +%s)
case $LEVEL in
runtime)
    say 'installing what Bonafide needs (about 0.5 GB on disk, once)'
    install_locked -r requirements.lock -r requirements-build.lock
    install --no-index --no-deps --no-build-isolation --editable .
    # Where the shell says that nothing compiled is kept, every start would compile all of it.
    quietly .venv/bin/python -m compileall -q -j 2 src
    ;;
console)
    say 'installing what the console needs (about 60 MB, once)'
    install_locked -r requirements-console.lock
    ;;
dev)
    say 'installing what its tests and checks need (about 1 GB more, once)'
    install_locked -r requirements-dev.lock
    if ! .venv/bin/python -c 'import lightgbm' >>"$LOG" 2>&1; then
        refuse 'LightGBM, which training is tested with, does not load here; it wants the OpenMP library.' \
            'Install that and run make again; on Debian or Ubuntu: apt-get install libgomp1'
    fi
    ;;
*) refuse "sh tools/setup.sh runtime, console or dev, not '$LEVEL'" ;;
esac
pwd -P >".venv/.$LEVEL"
say "done in $(($(date +%s) - began)) s"
