# tunegate: the commands people type. Each target works from a fresh clone with Python 3.11, make and pip.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup dev demo check test lock bench clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

define install_from
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --require-hashes -r $(1)
	$(PIP_INSTALL) --no-deps --no-build-isolation -e . -e ./simulator
endef
