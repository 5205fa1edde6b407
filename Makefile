# Every target does its own set-up: a machine needs git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
BILL := dist/send-as-bot.cdx.json

# Whatever the shell says: hundreds of processes of the tests read what the first has compiled.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo screenshots story surfaces test browser coverage check format bench bench-quick \
	explore machine chaos fuzz storage deploy mutants audit sbom reference docs lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## the virtual environment in .venv, exactly as locked

# Runs again only when the lock file changes.
$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...'; exit 1; }
	@echo 'Installing what it needs into $(VENV): this takes about a minute the first time.'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(INSTALLED) ## try it in a browser, without any account (SANDBOX_PORT, default 3000)
	@$(RUN) -m sandbox

screenshots: $(INSTALLED) ## take the pictures in docs/images anew
	$(RUN) -m tests.browser.pictures

story: $(INSTALLED) ## the story in the terminal
	$(RUN) -m sandbox --story

surfaces: $(INSTALLED) ## write every card, form and home to tests/surfaces/*.json
	$(RUN) -m tests.surfaces

test: $(INSTALLED) ## all tests but the browser's, on SQLite and on a private PostgreSQL
	$(RUN) -m pytest -n auto --maxprocesses 8 --dist worksteal --ignore tests/browser

browser: $(INSTALLED) ## the tests of the demo's page, in a Chromium
	$(RUN) -m pytest -n auto --maxprocesses 4 --dist worksteal tests/browser

coverage: $(INSTALLED) ## all tests, and how much of bot/ and models/ they run
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest -n auto --maxprocesses 8 --dist worksteal
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

check: $(INSTALLED) ## format, lint, types, and the direction of dependencies
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

format: $(INSTALLED) ## format and mend what can be mended by itself
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

bench: $(INSTALLED) ## how fast it is, each figure against what it could be: under twenty minutes
	$(RUN) -m bench $(ARGS)

bench-quick: $(INSTALLED) ## the same with fewer rounds and rows, on SQLite: two minutes
	$(RUN) -m bench --quick $(ARGS)

# The long proofs. ARGS are their options: make explore ARGS=--help
explore: $(INSTALLED) ## every order in which the moments of a delegation's life can happen
	$(RUN) -m tests.explore $(ARGS)

machine: $(INSTALLED) ## many random lives of two processes on PostgreSQL
	$(RUN) -m tests.machine $(ARGS)

chaos: $(INSTALLED) ## kill, cut and pause real processes under load, then balance the books
	$(RUN) -m tests.chaos $(ARGS)

fuzz: $(INSTALLED) ## a million made-up inputs of every kind: an answer each time, no unhandled error
	$(RUN) -m tests.fuzz $(ARGS)

storage: $(INSTALLED) ## its database full, locked, cut off, gone for a minute, restored
	STORAGE_AWAY=60 $(RUN) -m pytest tests/storage

deploy: $(INSTALLED) ## every step of the image in a clean folder, and a bot that runs there
	$(RUN) -m tests.deploy

mutants: $(INSTALLED) ## break what decides in every small way: a test notices (ARGS=bot/store/due.py)
	$(RUN) -m tests.mutants $(ARGS)

audit: $(BILL) ## known advisories and the licences of what is shipped
	$(RUN) -m tests.supply_chain $(BILL)

sbom: $(BILL) ## the bill of materials of a release, in dist/ (CycloneDX)

# Of an environment that has what is shipped and nothing else.
$(BILL): $(INSTALLED) requirements.txt pyproject.toml
	@rm -rf build/shipped
	@$(PYTHON) -m venv --without-pip build/shipped
	@$(RUN) -m pip --python build/shipped/bin/python install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.txt
	@mkdir -p $(@D)
	$(VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		-o $@ build/shipped/bin/python

reference: $(INSTALLED) ## write the pages of settings and commands to docs/reference
	$(RUN) -m tests.site

# MkDocs would announce its own future at each build.
docs: export NO_MKDOCS_2_WARNING = 1
docs: $(INSTALLED) ## docs/ as a site, in build/docs; a broken link is an error
	$(RUN) -m mkdocs build --clean

lock: $(INSTALLED) ## work out the lock files anew
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links -o requirements.txt pyproject.toml
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group dev -c requirements.txt \
		-o requirements-dev.txt pyproject.toml

clean: ## remove what the targets above made
	rm -rf $(VENV) .mutants build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
