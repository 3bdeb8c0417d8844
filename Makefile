# The tasks of the project. `make` alone lists them.

BIN := .venv/bin
# The first Python that is new enough; set PYTHON to choose another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$name -c '$(NEW_ENOUGH)' 2>/dev/null; then echo $$name; break; fi; done)
MADE := .venv/.made
RUNTIME := .venv/.runtime-installed
DEVELOPMENT := .venv/.development-installed
# not quiet: whoever waits sees what is being installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
CHROMIUM_NAMES := chromium chromium-browser google-chrome google-chrome-stable
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv dev run test lint types bench clean

help: ## list the tasks
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

venv: $(RUNTIME) ## make .venv with what the product needs

dev: $(DEVELOPMENT) ## the same, with what its developers need

$(MADE):
	@test -n "$(PYTHON)" || { echo "Yitong needs Python 3.11 or newer; none was found as python3, python3.11, … Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; echo "$(PYTHON) could not make .venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(RUNTIME): requirements.lock pyproject.toml | $(MADE)
	@echo "installing what the product needs (some 100 MB; a minute or two the first time)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): requirements-dev.lock $(RUNTIME)
	@echo "installing what the developers need"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

run: $(RUNTIME) ## start the example region, play its stories, show its pages; stay until Ctrl-C (ARGS='--base-port 7500')
	@$(BIN)/yitong region run $(ARGS)

test: lint types ## lint, types and all tests
	@$(BIN)/python -m pytest -q $(ARGS); status=$$?; \
	for name in $(CHROMIUM_NAMES); do command -v $$name >/dev/null 2>&1 && exit $$status; done; \
	echo "No Chromium was found ($(CHROMIUM_NAMES)): the browser tests were skipped. On Debian: apt-get install chromium"; \
	exit $$status

lint: $(DEVELOPMENT) ## style and house rules of single files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEVELOPMENT) ## strict typing
	@$(BIN)/mypy

bench: $(DEVELOPMENT) ## all measurements, or one: make bench NAME=startup
	@$(BIN)/python -m bench $(NAME)

clean: ## remove .venv, caches, and the example region with its data
	@if [ -x $(BIN)/yitong ] && [ -d .yitong ]; then $(BIN)/yitong region down --delete-data; fi
	@rm -rf .venv .yitong .mypy_cache .ruff_cache .hypothesis build dist src/*.egg-info
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
