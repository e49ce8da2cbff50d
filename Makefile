# tunegate: the commands people type. Each works from a fresh clone with Python 3.11, make and pip.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: test-long help setup setup-team setup-sumo demo demo-release demo-sumo check test test-fast platform-test other-tests services bench lock work-pools worlds infra-check terraform-format clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INFRA := $(VENV)/infra
TOOLS := infra/tools
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL_OURS := $(PIP) install --no-deps --no-build-isolation --editable . --editable ./simulator --editable ./kit
# What a lock file names, into an environment, compiled: where Python writes no bytecode, each start would do that anew.
# uv reads no pip.conf: where only that knows the package index, pip does it.
LOCKED = $(BIN)/uv pip install --quiet --compile-bytecode --python $(or $(3),$(BIN)/python) --require-hashes --requirement $(1) $(2) \
	  || $(or $(3),$(BIN)/python) -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $(1) $(2)

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.runtime  ## make .venv with the commands `tunegate` and `hailsim` in it

setup-team: $(VENV)/.team  ## the same, with the clients of Google Cloud, Kubernetes and Slack

demo: setup  ## tune the bundled city, judge the winner, show the verdict (half a minute)
	$(BIN)/tunegate retune configs/regions/manhattan.yaml

demo-release: setup  ## tune, approve, try on a simulated street, conclude, and see what the release was worth (three minutes)
	$(BIN)/python scripts/demo_release.py

setup-sumo: $(VENV)/.sumo  ## the same, with the traffic simulator SUMO, which examples/sumo tunes

demo-sumo: setup-sumo  ## tune the dispatch of SUMO's taxis and judge the winner (some minutes)
	$(BIN)/tunegate retune examples/sumo/sumo_taxis.yaml

check: $(VENV)/.development  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Tests start hundreds of processes. Where the environment forbids Python to write bytecode, each would compile our packages anew.
test test-fast other-tests platform-test: export PYTHONDONTWRITEBYTECODE :=

test-fast: $(VENV)/.development  ## unit and contract tests that start no server: one minute, installs what `make check` needs first
	$(BIN)/pytest --quiet --numprocesses 2 --dist loadfile -m "not slow and not services" tests/unit tests/contracts

# Those of the platform mostly wait for what they killed: others run beside them.
test: $(VENV)/.development $(VENV)/.sumo services infra-check  ## all tests, from nothing
	$(MAKE) --jobs 2 --output-sync=line platform-test other-tests

other-tests: $(VENV)/.development services
	$(BIN)/pytest --numprocesses 2 --dist worksteal -m "not platform and not long"

platform-test: $(VENV)/.development services  ## a cluster, a database, buckets and Slack on this machine: campaigns over pods, and faults
	$(BIN)/pytest -m platform tests/platform

test-long: $(VENV)/.development $(VENV)/.sumo  ## what takes minutes by itself and is not in `make test`: whether SUMO conforms to the contract
	$(BIN)/pytest -m long tests/flows

bench: $(VENV)/.development services  ## the figures of docs/speed.md and docs/scale.md
	$(BIN)/python benchmarks/hailsim_speed.py
	$(BIN)/python benchmarks/orchestration.py
	$(BIN)/python benchmarks/scale.py

services:  ## the Debian packages whose programs the tests start (a database server, a browser)
	scripts/install_test_services.sh

COMPILE := uv pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	  --custom-compile-command "make lock"
LOCK := $(COMPILE) --extra build pyproject.toml simulator/pyproject.toml

lock:  ## resolve the requirements anew (needs uv)
	$(LOCK) --extra team --extra dev --output-file requirements-dev.lock
	$(LOCK) --extra team --constraint requirements-dev.lock --output-file requirements-team.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --extra build simulator/pyproject.toml --constraint requirements-dev.lock --output-file requirements-simulator.lock
	$(COMPILE) infra/tools/requirements.in --output-file requirements-infra.lock
	$(COMPILE) examples/sumo/requirements.in --output-file requirements-sumo.lock

work-pools: $(VENV)/.runtime  ## make the work pools' job templates anew from infra/work-pools/source.yaml
	$(BIN)/python scripts/build_work_pools.py

worlds: $(VENV)/.runtime  ## calibrate the worlds of the shipped regions anew (some minutes; San Francisco needs its records)
	$(BIN)/python scripts/build_worlds.py

# checkov wants other versions of what we use ourselves, so it lives in an environment of its own.
infra-check: $(VENV)/.development $(INFRA)/.tools $(TOOLS)/node_modules  ## Terraform's format and safety, Dockerfiles, shell scripts
	node $(TOOLS)/format.js --check infra/terraform/*.tf infra/terraform/*.tfvars
	$(INFRA)/bin/checkov --directory infra/terraform --framework terraform --compact --quiet --skip-download
	$(BIN)/hadolint docker/*.Dockerfile
	$(INFRA)/bin/shellcheck $$(git ls-files '*.sh') .ci/run

terraform-format: $(TOOLS)/node_modules  ## format Terraform's files
	node $(TOOLS)/format.js infra/terraform/*.tf infra/terraform/*.tfvars

clean:  ## remove what the targets above made; campaigns in .tunegate stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info simulator/*.egg-info kit/*.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# uv, itself from the lock, installs a hundred packages in seconds where pip takes minutes.
$(BIN)/uv: requirements.lock | $(BIN)/python
	@awk '/^uv==/, /[^\\]$$/' $< > $(VENV)/uv.lock
	$(PIP) install --no-deps --require-hashes --requirement $(VENV)/uv.lock
	touch $@

$(INFRA)/.tools: requirements-infra.lock $(BIN)/uv
	$(PYTHON) -m venv --clear $(INFRA)
	@$(call LOCKED,$<,--no-deps,$(INFRA)/bin/python)
	touch $@

$(TOOLS)/node_modules: $(TOOLS)/package-lock.json
	npm ci --prefix $(TOOLS) --no-audit --no-fund --silent
	touch $@

# The kernels are compiled here and Prefect's database is migrated, once, and not during somebody's first campaign.
$(VENV)/.runtime: requirements.lock pyproject.toml simulator/pyproject.toml kit/pyproject.toml $(BIN)/uv
	@echo "installing the locked requirements into $(VENV)"
	@$(call LOCKED,requirements.lock)
	$(INSTALL_OURS)
	$(BIN)/hailsim warmup
	$(BIN)/python -m cli.local_server.database_template
	touch $@

$(VENV)/.team: requirements-team.lock $(VENV)/.runtime
	@$(call LOCKED,requirements-team.lock)
	touch $@

$(VENV)/.sumo: requirements-sumo.lock $(VENV)/.runtime
	@$(call LOCKED,requirements-sumo.lock)
	touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@$(call LOCKED,requirements-dev.lock)
	$(INSTALL_OURS)
	touch $(VENV)/.team $@
