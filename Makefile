# Every target does its own set-up: it finds a Python, makes .venv and installs what the lock files name, once.
# Nothing outside this folder is written, except the folder of compiled kernels (BONAFIDE_CACHE).

.DEFAULT_GOAL := help
.PHONY: help demo console test check audit bench drill fuzz model lock clean

BIN := .venv/bin
PYTHON ?=
UPGRADE ?=
T ?=
STAGES ?=
DRILL ?=
MINUTES ?= 60
WEAKNESSES ?=

# What the caller's shell says about Python must not leak into .venv. Without compiled modules each test run and each server
# that a test starts would compile all sources anew: minutes.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
export PYTHON

# An environment whose Python is gone, or that was made for a clone in another place, is made anew.
STALE := $(shell if test -e .venv/.runtime; then \
	test -x $(BIN)/python && grep -qxF "$$(pwd -P)" .venv/.runtime || rm -rf .venv; fi)

help: ## list the targets
	@echo 'Bonafide: make TARGET. The first run of a target sets everything up in .venv; later runs start at once.'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s  %s\n", $$1, $$2 }' Makefile

demo: .venv/.runtime ## decide on a small made-up platform and show, in money, what was caught
	@$(BIN)/bonafide demo

console: .venv/.console ## the console over a made-up platform that lives, until Ctrl-C
	@$(BIN)/bonafide demo --console

test: .venv/.dev ## run the tests on two cores (T=tests/core runs a part)
	@$(BIN)/bonafide warmup
	@$(BIN)/pytest -n 2 --dist worksteal $(T)

check: .venv/.dev ## style, types, import arrows, banned clock and randomness, licences
	@echo 'check: ruff'
	@$(BIN)/ruff check --quiet --output-format=concise .
	@$(BIN)/ruff format --check --quiet .
	@echo 'check: mypy'
	@$(BIN)/mypy
	@echo 'check: house rules'
	@$(BIN)/pytest -q tests/house

audit: .venv/.dev ## list what is locked with its licence (WEAKNESSES=FOLDER of OSV advisories: and what is known of it)
	@$(BIN)/python tools/audit.py $(WEAKNESSES)

bench: .venv/.dev ## measure speed on this machine, beside other libraries (STAGES="rules --quick" measures less)
	@$(BIN)/bonafide bench $(STAGES)

drill: .venv/.dev ## kill servers, fill disks, recover; writes RELIABILITY.md (DRILL=--sampled: little, into build)
	@$(BIN)/bonafide warmup
	@$(BIN)/python -m bonafide.testing.reliability $(DRILL) \
		--out $(if $(findstring --sampled,$(DRILL)),build/RELIABILITY.md,RELIABILITY.md)
	@$(BIN)/pytest -m drill --ignore=tests/drills $(T)

fuzz: .venv/.dev ## play random input against the readers and kernels for longer than `make test` does
	@FUZZ_MINUTES=$(MINUTES) $(BIN)/pytest -n 2 -m fuzz --hypothesis-profile=fuzz $(T)

model: .venv/.dev ## train the shipped model and scorecard anew, on a simulated city (half an hour, 8 GB of memory)
	@$(BIN)/bonafide simulate --scenario city --seed 900 --out build/city --force
	@$(BIN)/bonafide train build/city/events.parquet --truth build/city/truth.parquet --out bundles/paylater --force
	@$(BIN)/python -m benches.model.calibrate bundles/paylater

lock: .venv/.runtime ## resolve the dependencies into the lock files (UPGRADE=--upgrade takes newer releases)
	@sh tools/lock.sh $(UPGRADE)

clean: ## remove .venv, caches and build results
	@rm -rf .venv .cache .hypothesis build dist
	@find src tests tools benches -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv/.runtime: requirements.lock requirements-build.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh runtime

.venv/.console: .venv/.runtime requirements-console.lock
	@sh tools/setup.sh console

.venv/.dev: .venv/.runtime requirements-dev.lock
	@sh tools/setup.sh dev
