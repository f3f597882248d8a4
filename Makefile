# Two commands do it all on a fresh machine: `make demo` and `make test`. Everything installs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults fuzz lint audit bom bench lock system-packages esphome clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: $(STAMP) ## Make .venv with everything

$(STAMP): pyproject.toml requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Aislewise needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 2; }
	@echo "Setting up $(VENV) (some minutes the first time) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## The whole system on a simulated store, in a browser
	@$(BIN)/python -m demo

test: ## Everything CI runs
	@$(MAKE) --no-print-directory -j3 setup system-packages esphome
	@$(MAKE) --no-print-directory -j2 -O lint audit
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile tests

SEEDS ?= 200
OBSERVATIONS ?= 50000
faults: setup system-packages ## Kill, cut and wipe at random moments: nothing lost, nothing twice (SEEDS=200)
	@$(BIN)/python tests/journeys/faults --seeds $(SEEDS) --observations $(OBSERVATIONS)

fuzz: setup ## Hostile bytes, led by coverage, into whatever reads from outside (RUNS=1000000)
	@$(PIP) install --require-hashes -r requirements/fuzz.lock
	@mkdir -p var/fuzz
	@for parser in letters mqtt outbox files llrp epcis; do \
	  $(BIN)/python tests/journeys/fuzz/parsers_under_fuzz.py $$parser $(if $(RUNS),--runs $(RUNS)) > var/fuzz/$$parser.log 2>&1 \
	  && echo "$$parser: $$(tail -n 1 var/fuzz/$$parser.log)" || { tail -n 40 var/fuzz/$$parser.log; exit 1; }; done

lint: setup ## Style, types and import walls
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

audit: setup ## Known vulnerabilities of what is pinned
	@$(BIN)/python requirements/audit.py

bom: setup ## Bills of materials (CycloneDX) in var/bom
	@mkdir -p var/bom
	@for part in edge hub cloud; do $(BIN)/python -W ignore -m cyclonedx_py requirements --output-reproducible --validate --of JSON \
	  --pyproject pyproject.toml -o var/bom/$$part.cdx.json requirements/$$part.lock && echo "var/bom/$$part.cdx.json"; done

bench: setup ## Speed as ratios, measured side by side in one run
	@$(BIN)/python -m benchmarks

lock: ## Pin what pyproject.toml asks for (UPGRADE=1: the newest that it allows)
	@UPGRADE=$(UPGRADE) sh requirements/lock.sh $(PYTHON)

system-packages: ## The real broker and browser for the tests, from Debian, where root or sudo allows
	@sh tests/system_packages.sh

ESPHOME := .venv-esphome
esphome: $(ESPHOME)/.installed ## ESPHome, in an environment of its own, for the test of the shelf node's firmware

$(ESPHOME)/.installed: requirements/esphome.lock
	@echo "Setting up $(ESPHOME) (a minute the first time) …"
	@{ test -x $(ESPHOME)/bin/python || $(PYTHON) -m venv $(ESPHOME); } \
	  && $(ESPHOME)/bin/python -m pip --disable-pip-version-check -q install --no-compile --no-deps --require-hashes -r $< && touch $@ \
	  || echo "ESPHome could not be installed: the test of the node's firmware is skipped"

clean: ## Remove what was made here
	rm -rf $(VENV) $(ESPHOME) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
