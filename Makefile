# Dragoman, from a fresh clone: `make run` to try it, `make test` to trust it, `make help` for the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# make run ARGS="--port 9000"      options for `dragoman serve`
# make test ARGS="tests/unit -x"   options for pytest
# make run LOCAL=no                without the embedded model
# make run PAGE=no                 without looking whether the page is built, and current
# make setup PYTHON=python3.12     with this interpreter
ARGS ?=
LOCAL ?= yes
PAGE ?= yes
export PYTHON

BIN := .venv/bin
# Of all tests, some run side by side; of some, one after the other, so that -x and pdb do as expected.
SIDE_BY_SIDE := -n auto --dist worksteal
LLMOCK := DRAGOMAN_LLMOCK="$(CURDIR)/.tools/llmock/bin/llmock"
RUN_LEVEL := $(if $(filter no,$(LOCAL)),base,local)

.NOTPARALLEL:
.PHONY: help setup setup-run setup-test page run test test-server test-page test-browser test-clients check fmt bench bench-guard matrix docs lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## everything a developer needs, into .venv
	@scripts/setup dev

setup-run: ## only what running needs (LOCAL=no: without the embedded model)
	@scripts/setup $(RUN_LEVEL)

setup-test: setup ## what the tests need, their independent upstream included
	@scripts/setup llmock

page: ## build the page, if it is missing or older than its source
	@scripts/setup page

run: setup-run ## start the server on http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(if $(filter no,$(PAGE)),:,scripts/setup page) || echo "· going on with the page as it is"
	@exec $(BIN)/dragoman serve $(ARGS)

test: test-server ## every test but test-clients (ARGS="tests/unit -x": only these of the server)
	@$(if $(ARGS),:,$(MAKE) test-page test-browser)

test-server: setup-test ## the tests of the server
	@$(if $(ARGS),:,scripts/setup page)
	@cd backend && $(LLMOCK) ../$(BIN)/pytest $(or $(ARGS),$(SIDE_BY_SIDE))

test-page: ## the tests of the page without a browser
	@scripts/setup npm test

test-browser: setup-test page ## the tests of the page in a real browser, against a real server
	@scripts/setup npm run --silent size
	@$(LLMOCK) scripts/setup npm run --silent e2e

test-clients: setup ## the programs that others point here, each in an environment of its own
	@scripts/setup llmock
	@scripts/setup clients
	@cd backend && $(LLMOCK) DRAGOMAN_CLIENTS="$(CURDIR)/.tools/clients" \
		../$(BIN)/pytest tests/integration/clients -n auto $(ARGS)

check: setup ## lint, formatting, types, direction of imports
	@scripts/setup packages
	@scripts/together \
		"lint" "cd backend && ../$(BIN)/ruff check --config pyproject.toml . ../scripts ../bench" \
		"formatting" "cd backend && ../$(BIN)/ruff format --config pyproject.toml --check . ../scripts ../bench" \
		"imports" "cd backend && ../$(BIN)/lint-imports --no-logo" \
		"lint of the page" "scripts/setup npm run --silent lint" \
		"formatting of the page" "scripts/setup npm run --silent format:check" \
		"types of the page" "scripts/setup npm run --silent typecheck" \
		"types" "cd backend && ../$(BIN)/mypy && ../$(BIN)/mypy hatch_build.py && ../$(BIN)/mypy ../bench"

fmt: setup ## format, and fix what the linter can fix
	@cd backend && ../$(BIN)/ruff check --config pyproject.toml --fix-only . ../scripts ../bench
	@cd backend && ../$(BIN)/ruff format --config pyproject.toml . ../scripts ../bench
	@scripts/setup npm run --silent lint -- --fix
	@scripts/setup npm run --silent format

bench: setup ## what Dragoman costs, beside nginx (ARGS="--full", ARGS="latency"; docs/performance.md)
	@$(BIN)/python -m bench $(ARGS)

bench-guard: setup ## that the hot path has not become dearer, by counting (ARGS=--write: anew)
	@$(BIN)/python -m bench.guard $(ARGS)

matrix: setup ## write what each request becomes in each wire format, to be read (git diff)
	@cd backend && ../$(BIN)/python -m tests.support.matrix

docs: setup ## check that every link in the documents leads somewhere
	@$(BIN)/python scripts/check_links.py

lock: ## choose newer versions of everything, a week old at least
	@scripts/setup tools
	@scripts/lock "$(CURDIR)/.tools/bootstrap/bin/uv"
	@scripts/setup lock-clients

clean: ## remove the environments, caches and reports
	@rm -rf .venv .tools backend/dist backend/htmlcov backend/.coverage backend/src/dragoman/_web
	@rm -rf frontend/node_modules frontend/e2e/artifacts
	@find . -name node_modules -prune -o -type d \( -name __pycache__ -o -name .pytest_cache \
		-o -name .mypy_cache -o -name .ruff_cache -o -name .hypothesis \
		-o -name .import_linter_cache \) -prune -exec rm -rf {} +
