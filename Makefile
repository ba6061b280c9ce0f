# Needs Python 3.11 or newer, git and make. Everything else goes into .venv, checked by hash: `make run` installs
# requirements.lock, `make test` and `make check` install requirements-dev.lock.

PYTHON ?= python3
# More arguments for the tool that a target runs: make test ARGS="-k dates"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
INSTALLED := $(VENV)/.installed-development
BENCH_VENV := .venv-bench
TOOLS_VENV := .venv-tools
SUPERSET_VENV := .venv-superset
PIP_QUIETLY := -m pip --quiet --quiet --no-input --disable-pip-version-check
PIP := $(BIN)/python $(PIP_QUIETLY)
# The locks are complete, so pip has nothing to resolve; Python compiles a module when it is first imported.
INSTALL_LOCKED := install --no-deps --no-compile --require-hashes
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-superset check migrate bench bench-extract bench-grouping openapi lock clean

help: ## List these targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /make \1	/p' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Set up, migrate, seed and serve Dateline
	@$(BIN)/dateline serve --seed $(ARGS)

test: $(INSTALLED) $(TOOLS_VENV)/.installed ## Run the tests
	$(BIN)/python -m pytest $(ARGS)

test-superset: $(INSTALLED) $(SUPERSET_VENV)/.installed ## Chart the views in Apache Superset (installs it: 800 MB)
	$(BIN)/python -m pytest tests/superset/check_charts.py -n 0 $(ARGS)

check: $(INSTALLED) ## Lint; check format, layers and types
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m mypy

migrate: $(RUNTIME) ## Bring the database to the newest migration
	@$(BIN)/dateline migrate

bench: $(INSTALLED) $(BENCH_VENV)/.installed ## Run the benchmarks; fail if a target is missed: docs/performance.md
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
	$(UV_COMPILE) $(ARGS) --group build --constraints requirements.lock --output-file requirements-build.lock
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

$(RUNTIME): requirements.lock requirements-build.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing Dateline and the packages of requirements.lock into $(VENV): 650 MB, one to two minutes ..."
	@$(PIP) $(INSTALL_LOCKED) --requirement requirements.lock --requirement requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(INSTALLED): requirements-dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing Dateline and the packages of requirements-dev.lock into $(VENV): 1.2 GB, two to three minutes ..."
	@$(PIP) $(INSTALL_LOCKED) --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)

$(TOOLS_VENV)/.installed: requirements-tools.lock tests/install tests/node/package-lock.json | $(VENV)/pyvenv.cfg
	@echo "Installing the packages of requirements-tools.lock into $(TOOLS_VENV) ..."
	@$(PYTHON) -m venv $(TOOLS_VENV)
	@$(TOOLS_VENV)/bin/python $(PIP_QUIETLY) $(INSTALL_LOCKED) --requirement $<
	@tests/install
	@touch $@

$(BENCH_VENV)/.installed: requirements-bench.lock | $(VENV)/pyvenv.cfg
	@echo "Installing the packages of requirements-bench.lock into $(BENCH_VENV) ..."
	@$(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python $(PIP_QUIETLY) $(INSTALL_LOCKED) --requirement $<
	@touch $@

$(SUPERSET_VENV)/.installed: requirements-superset.lock | $(VENV)/pyvenv.cfg
	@echo "Installing the packages of requirements-superset.lock into $(SUPERSET_VENV) ..."
	@$(PYTHON) -m venv $(SUPERSET_VENV)
	@$(SUPERSET_VENV)/bin/python $(PIP_QUIETLY) $(INSTALL_LOCKED) --requirement $<
	@touch $@
