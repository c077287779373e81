# Everything is done in .venv, from the hash-checked pins in requirements/. `make help` lists the targets.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
UV ?= uv
# Options for the program or the test runner, as in `make run ARGS="--port 9000"` and `make test ARGS="-k replay"`.
ARGS ?=

# The floors that must be covered to the last branch.
PURE := src/ordo/domain/*,src/ordo/ports/*,src/ordo/application/*

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
# How many seeds the machine of the order path is run with by `make kills`.
RUNS ?= 200

.PHONY: help setup run demo test coverage check static bench torture kills load format lock audit sbom docs pages first-run clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/dev.stamp ## set up .venv with everything; .venv/bin/ordo exists after it

run: $(VENV)/run.stamp ## serve the gateway on 127.0.0.1:8000
	@$(BIN)/ordo serve $(ARGS)

demo: $(VENV)/run.stamp ## trade on paper, lose a broker's reply, and watch the order being found; ends by itself
	@$(BIN)/ordo demo $(ARGS)

test: $(VENV)/dev.stamp ## run the whole suite
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

coverage: $(VENV)/dev.stamp ## run the suite again, measured: every branch of domain, ports and application
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --cov --cov-report= $(ARGS)
	@$(BIN)/python -m coverage report
	@echo "Domain, ports and application, every branch:"
	@$(BIN)/python -m coverage report --include='$(PURE)' --fail-under=100

torture: kills load ## all that takes long: `make kills`, then `make load`

kills: $(VENV)/dev.stamp ## the proofs of at-most-once at length: 1,000 kills, and RUNS seeds of the machine
	@ORDO_TEST_RUNS=$(RUNS) ORDO_TEST_KILLS=1000 $(BIN)/python -m pytest -s -o faulthandler_timeout=0 \
		tests/torture tests/properties/test_once_machine.py tests/properties/test_histories.py $(ARGS)

check: static docs test ## format, lint, types, import rules, the documents as a site, tests: what CI runs

static: $(VENV)/dev.stamp ## the part of `make check` that runs nothing
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy $(wildcard src tests bench)
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/dev.stamp ## run the benchmark and print its table
	@$(BIN)/python -m bench $(ARGS)

load: $(VENV)/dev.stamp ## thirty minutes of mixed load; ARGS="--minutes 5" for less
	@$(BIN)/python -m bench.torture $(ARGS)

format: $(VENV)/dev.stamp ## rewrite the sources in the house format
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

# `make lock LOCK_FLAGS=--upgrade` takes newer versions; plain `make lock` keeps every pin that still fits.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links $(LOCK_FLAGS)
LOCK = $(COMPILE) pyproject.toml --group build
# The brokers' own SDKs are tried in environments of their own, for their pins clash with these.
LOCK_SDK = echo fyers-apiv3==3.2.0 | $(COMPILE) -

lock: ## derive requirements/ from pyproject.toml again (needs uv)
	@command -v $(UV) >/dev/null 2>&1 || { echo "make lock needs uv (https://docs.astral.sh/uv/), or UV=/path/to/uv." >&2; exit 1; }
	$(LOCK) --output-file requirements/run.txt
	$(LOCK) --group dev --constraints requirements/run.txt --output-file requirements/dev.txt
	$(LOCK_SDK) --output-file requirements/fyers-sdk.txt
	$(COMPILE) --group supply --output-file requirements/supply.txt
	$(COMPILE) --group docs --output-file requirements/docs.txt

# Advisories are not reachable from everywhere, so neither is part of `make check`; licences are, as a test.
SUPPLY := .venv-supply

audit: $(SUPPLY)/stamp ## ask for known advisories against what Ordo runs on (needs the network)
	@$(SUPPLY)/bin/pip-audit --disable-pip --require-hashes --requirement requirements/run.txt $(ARGS)

sbom: $(SUPPLY)/stamp ## write sbom.json: what Ordo runs on, in CycloneDX
	@$(SUPPLY)/bin/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
		--output-format JSON --output-file sbom.json requirements/run.txt
	@echo "sbom.json"

# The generator of the site has pins of its own, too; what it makes is not in the repository.
DOCS := .venv-docs

docs: $(DOCS)/stamp ## make a site of the documents in build/site; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --strict
	@echo "build/site, to be seen with: python3 -m http.server --directory build/site --bind 127.0.0.1 8008"

pages: $(VENV)/dev.stamp ## write the pages of docs/reference anew that are made from the code
	@ORDO_TEST_WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest --quiet tests/documents/test_generated.py

first-run: $(VENV)/dev.stamp ## time the README's first commands on a copy that has nothing yet (needs the index)
	@ORDO_TEST_FIRST_RUN=1 $(BIN)/python -m pytest --quiet -s -o faulthandler_timeout=0 tests/documents/test_first_run.py

# An environment that is none of Ordo's, from its own pins.
.venv-%/stamp: requirements/%.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip --quiet --quiet --disable-pip-version-check --no-input install --require-hashes -r $<
	@touch $@

clean: ## remove .venv and everything that was generated
	rm -rf $(VENV) $(SUPPLY) $(DOCS) sbom.json .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The second step adds the project itself and needs no index: the build backend is among the pins.
install = { $(PIP) install --require-hashes -r $(1) && \
	$(PIP) install --no-build-isolation --no-deps --no-index --editable .; } || \
	{ echo "Ordo could not be installed. Can this machine reach its package index? Repeat the command to try again." >&2; exit 1; }

# A stamp is renewed when its pins or the project's metadata change. The development pins contain the run-time pins.
$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Ordo needs to run (once) ..."
	@$(call install,requirements/run.txt)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Ordo needs for development (once) ..."
	@$(call install,requirements/dev.txt)
	@touch $(VENV)/run.stamp $@

# Set PYTHON to choose an interpreter; otherwise the first one that is new enough.
$(BIN)/python:
	@found=; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Ordo needs Python 3.11 or newer, and found none of python3, python3.13, python3.12, python3.11." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) with $$($$found --version) ..."; \
	if ! $$found -m venv --clear $(VENV) >$(VENV).log 2>&1; then \
		cat $(VENV).log >&2; rm -rf $(VENV) $(VENV).log; \
		echo "$$found could not create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	fi; \
	rm -f $(VENV).log
