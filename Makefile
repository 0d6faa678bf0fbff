# Dragoman, from a fresh clone: `make run` to try it, `make test` to trust it, `make help` for the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# make run ARGS="--port 9000"      options for `dragoman serve`
# make test ARGS="tests/unit -x"   options for pytest
# make run LOCAL=no                without the embedded model
# make setup PYTHON=python3.12     with this interpreter
ARGS ?=
LOCAL ?= yes
export PYTHON

BIN := .venv/bin
RUN_LEVEL := $(if $(filter no,$(LOCAL)),base,local)

.NOTPARALLEL:
.PHONY: help setup setup-run setup-test run test check fmt docs lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## everything a developer needs, into .venv
	@scripts/setup dev

setup-run: ## only what running needs (LOCAL=no: without the embedded model)
	@scripts/setup $(RUN_LEVEL)

setup-test: setup ## what the tests need, their independent upstream included
	@scripts/setup llmock

run: setup-run ## start the server on http://127.0.0.1:8000 (ARGS="--port 9000")
	@exec $(BIN)/dragoman serve $(ARGS)

test: setup-test ## every test (ARGS="tests/unit -x")
	@cd backend && DRAGOMAN_LLMOCK="$(CURDIR)/.tools/llmock/bin/llmock" \
		exec ../$(BIN)/pytest $(ARGS)

check: setup ## lint, formatting, types, direction of imports
	@cd backend && ../$(BIN)/ruff check --config pyproject.toml . ../scripts
	@cd backend && ../$(BIN)/ruff format --config pyproject.toml --check . ../scripts
	@cd backend && ../$(BIN)/mypy
	@cd backend && ../$(BIN)/lint-imports --no-logo

fmt: setup ## format, and fix what the linter can fix
	@cd backend && ../$(BIN)/ruff check --config pyproject.toml --fix-only . ../scripts
	@cd backend && ../$(BIN)/ruff format --config pyproject.toml . ../scripts

docs: setup ## check that every link in the documents leads somewhere
	@$(BIN)/python scripts/check_links.py

lock: ## choose newer versions of everything, a week old at least
	@scripts/setup tools
	@scripts/lock "$(CURDIR)/.tools/bootstrap/bin/uv"

clean: ## remove the environments, caches and reports
	@rm -rf .venv .tools backend/dist backend/htmlcov backend/.coverage
	@find . -name node_modules -prune -o -type d \( -name __pycache__ -o -name .pytest_cache \
		-o -name .mypy_cache -o -name .ruff_cache -o -name .hypothesis \
		-o -name .import_linter_cache \) -prune -exec rm -rf {} +
