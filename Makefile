# Needs Python 3.11 or newer, git and make; everything else goes into .venv, hash-checked from requirements-dev.lock.

PYTHON ?= python3
# More arguments for the tool that a target runs: make test ARGS="-k dates"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH_VENV := .venv-bench
TOOLS_VENV := .venv-tools
SUPERSET_VENV := .venv-superset
PIP_QUIETLY := -m pip --quiet --quiet --no-input --disable-pip-version-check
PIP := $(BIN)/python $(PIP_QUIETLY)
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-superset check migrate bench bench-extract bench-grouping openapi lock clean

help: ## List these targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /make \1	/p' $(MAKEFILE_LIST)

run: migrate ## Set up, migrate, seed and serve Dateline
	@$(BIN)/dateline seed
	@$(BIN)/dateline serve $(ARGS)

test: $(INSTALLED) $(TOOLS_VENV)/.installed ## Run the tests
	$(BIN)/python -m pytest $(ARGS)

test-superset: $(INSTALLED) $(SUPERSET_VENV)/.installed ## Chart the views in Apache Superset (installs it: 800 MB)
	$(BIN)/python -m pytest tests/superset/check_charts.py -n 0 $(ARGS)

check: $(INSTALLED) ## Lint; check format, layers and types
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m mypy

migrate: $(INSTALLED) ## Bring the database to the newest migration
	@$(BIN)/dateline migrate

bench: $(INSTALLED) $(BENCH_VENV)/.installed ## Run the benchmarks: docs/performance.md
	$(BIN)/python -m pytest tests/benchmarks -o python_files='bench_*.py' -n 0 -s $(ARGS)

bench-extract: $(INSTALLED) ## Measure extraction on the corpus POLNEAR=DIR: docs/extraction.md
	$(BIN)/python -m pytest tests/benchmarks/bench_extract.py -n 0 -s $(ARGS)

bench-grouping: $(INSTALLED) ## Measure how articles are grouped on the corpus BASIL=DIR: docs/analysis.md
	$(BIN)/python -m pytest tests/benchmarks/bench_grouping.py -n 0 -s -rs $(ARGS)

openapi: $(INSTALLED) ## Write the snapshot of the OpenAPI document anew
	$(BIN)/python -m tests.write_openapi

lock: $(VENV)/pyvenv.cfg ## Resolve the lock files; ARGS=--upgrade takes the newest versions
	$(PIP) install uv
	$(UV_COMPILE) $(ARGS) pyproject.toml --all-extras --output-file requirements.lock
	$(UV_COMPILE) $(ARGS) pyproject.toml --all-extras --group dev --constraints requirements.lock --output-file requirements-dev.lock
	$(UV_COMPILE) $(ARGS) --group bench --constraints requirements-dev.lock --output-file requirements-bench.lock
	$(UV_COMPILE) $(ARGS) --group tools --output-file requirements-tools.lock
	$(UV_COMPILE) $(ARGS) --group superset --output-file requirements-superset.lock

clean: ## Remove .venv, builds and caches; databases stay
	rm -rf $(VENV) $(BENCH_VENV) $(TOOLS_VENV) $(SUPERSET_VENV) tests/node/node_modules build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Dateline needs Python 3.11 or newer, and \
	$(PYTHON) is %s.%s. Name another: make PYTHON=python3.13 ..." % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements-dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what requirements-dev.lock pins into $(VENV) ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS_VENV)/.installed: requirements-tools.lock tests/install tests/node/package-lock.json | $(VENV)/pyvenv.cfg
	@echo "Installing what requirements-tools.lock pins into $(TOOLS_VENV) ..."
	@$(PYTHON) -m venv $(TOOLS_VENV)
	@$(TOOLS_VENV)/bin/python $(PIP_QUIETLY) install --require-hashes --requirement $<
	@tests/install
	@touch $@

$(BENCH_VENV)/.installed: requirements-bench.lock | $(VENV)/pyvenv.cfg
	@echo "Installing what requirements-bench.lock pins into $(BENCH_VENV) ..."
	@$(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python $(PIP_QUIETLY) install --require-hashes --requirement $<
	@touch $@

$(SUPERSET_VENV)/.installed: requirements-superset.lock | $(VENV)/pyvenv.cfg
	@echo "Installing what requirements-superset.lock pins into $(SUPERSET_VENV) ..."
	@$(PYTHON) -m venv $(SUPERSET_VENV)
	@$(SUPERSET_VENV)/bin/python $(PIP_QUIETLY) install --require-hashes --requirement $<
	@touch $@
