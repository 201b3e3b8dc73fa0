# Everything a user or developer of paribus does, each in one command on a fresh machine.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

.DEFAULT_GOAL := help
.PHONY: help run demo test check lint types layers bench clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Set up and run the built-in study mnist-pooling on real MNIST
	$(BIN)/paribus run mnist-pooling

demo: $(RUN_READY) ## A taste in about a minute: the same study at 300 iterations
	$(BIN)/paribus run mnist-pooling --set protocol.iterations=300 --set protocol.evaluate_every=100 --max-rounds 8

test: $(DEV_READY) ## Set up and run all tests (with the browser that they need)
	$(BIN)/python tests/page/browser.py
	$(BIN)/pytest -n auto

check: lint types layers test ## All checks: format, lint, types, layers, tests with docs and examples

lint: $(DEV_READY) ## Format and lint (ruff)
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(DEV_READY) ## Strict type checking (mypy)
	$(BIN)/mypy

layers: $(DEV_READY) ## The layers of the package (import-linter)
	$(BIN)/lint-imports --no-cache

bench: $(DEV_READY) ## Speed and calibration benchmarks (about half an hour; needs a quiet machine)
	$(BIN)/python -m bench.speed
	$(BIN)/python -m bench.calibration

clean: ## Remove the environment (recorded runs and fetched data are kept)
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "paribus needs Python 3.11 or newer; found: $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(RUN_READY): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEV_READY): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(RUN_READY) $@
