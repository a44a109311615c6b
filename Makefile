# annul. `make run` starts everything; `make test` checks everything. Both need only Python and make.

DATA   ?= data
# The system's own first: a distribution builds with optimisations, who compiles by hand often not.
PYTHON := $(shell for p in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN    := .venv/bin
# The acceptance tests wait more than they compute.
WORKERS ?= 4
# Debian packages that tests need beyond Python; installed when root.
DEBIAN := chromium chromium-driver fonts-noto-cjk postgresql

# Without bytecode of its own each process would compile annul anew, and each worker the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint types format bench bench-alarms bench-diagnosis bench-claims bench-reconcile bench-rules bench-whatif bench-reserve bench-settlement bench-statement chaos fuzz simulate simulate-mutants measures training pictures lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

run: $(BIN)/.runtime ## start host, issuer simulators and demo merchants on DATA (default: ./data)
	@exec $(BIN)/annul up --demo --data "$(DATA)"

test: lint packages ## lint, types, layers and every test
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

lint: $(BIN)/.development ## style, types, the direction of imports; build/sbom.json, known vulnerabilities
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/basedpyright --level error
	@mkdir -p build
	@$(BIN)/lint-imports --no-cache >build/layers.txt 2>&1 || { cat build/layers.txt; exit 1; }
	@$(BIN)/python -m tools.dependencies

format: $(BIN)/.development ## bring the code into shape
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

bench: $(BIN)/.development ## measure the codec and sale+void end to end into build/bench.json
	@$(BIN)/python -m bench

bench-diagnosis: $(BIN)/.development ## cause faults for real and ask for their causes, into build/bench-diagnosis.json
	@$(BIN)/python -m bench.diagnosis

# Transactions that are replayed without any trouble.
TRANSACTIONS ?= 10000000

bench-alarms: $(BIN)/.development ## replay ten million transactions, false alarms and delay beside the usual rules, into build/bench-alarms.json
	@$(BIN)/python -m bench.alarms --transactions=$(TRANSACTIONS)

# Transactions of the day.
ROWS ?= 1000000

bench-reconcile: $(BIN)/.development ## reconcile a day of a million transactions with a clearing file, into build/bench-reconcile.json
	@$(BIN)/python -m bench.reconcile --rows=$(ROWS)

bench-rules: $(BIN)/.development ## learn the rules of a journal of ten million transactions, into build/bench-rules.json
	@$(BIN)/python -m bench.rules

bench-whatif: $(BIN)/.development ## try changes on a journal of ten million transactions, into build/bench-whatif.json
	@$(BIN)/python -m bench.whatif

bench-reserve: $(BIN)/.development ## replay what is held back against voids to come, into build/bench-reserve.json
	@$(BIN)/python -m bench.reserve

bench-settlement: $(BIN)/.development ## settle a day of ten million transactions of 100,000 merchants, into build/bench-settlement.json
	@$(BIN)/python -m bench.settlement

bench-statement: $(BIN)/.development ## write the statement of a month of 300,000 transactions among ten times as many, into build/bench-statement.json
	@$(BIN)/python -m bench.statement

bench-claims: $(BIN)/.development ## play days with faults and lies, and see what of their breaks was foretold, into build/bench-claims.json
	@$(BIN)/python -m bench.claims

chaos: $(BIN)/.development ## 200 terminals and three hosts: faults, lies, kills, freezes, a failover, into build/chaos.json
	@$(BIN)/python -m bench.chaos

ANSWERS ?= 100000

fuzz: $(BIN)/.development ## spoil 100,000 answers of an issuer, one way each, and compare the books, into build/fuzz.json
	@$(BIN)/python -m bench.fuzz --answers=$(ANSWERS)

# Sales in a story: from 500 on it is a long day on which little goes wrong.
ROUNDS ?= 10000
VOIDS  ?= 1000000

simulate: $(BIN)/.development ## a million voids on a virtual clock, each order of events from a seed, into build/simulate.json
	@$(BIN)/annul simulate --voids=$(VOIDS) --rounds=$(ROUNDS) --report=build/simulate.json

simulate-mutants: $(BIN)/.development ## undo what was mended, one defect at a time, and find each, into build/simulate-mutants.json
	@$(BIN)/python -m bench.mutants

measures: $(BIN)/.development ## write page, dashboard and alert rules of the measures anew, into docs/
	@$(BIN)/python -m annul.operate.measures

training: $(BIN)/.development ## write the pages of the courses anew, into docs/training/
	@$(BIN)/python -m annul.operate.training

pictures: $(BIN)/.development packages ## make the pictures of README and docs anew, from the demo, into docs/pictures/
	@$(BIN)/python -m tools.pictures

lock: $(BIN)/.development ## compile the locked requirements anew
	@$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv
	@for part in base dev; do build/uv/bin/uv pip compile --quiet --generate-hashes --universal \
		--no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		-o requirements/$$part.txt requirements/$$part.in; done

clean: ## remove what was built; data stays
	@rm -rf .venv build .pytest_cache .ruff_cache .hypothesis

.PHONY: packages
packages:
	@missing=$$(for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	[ -z "$$missing" ] && exit 0; \
	[ "$$(id -u)" = 0 ] || { echo "make test needs the Debian packages" $$missing": install them"; exit 1; }; \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes $$missing >build/apt.log 2>&1 \
		|| { tail -5 build/apt.log; exit 1; }

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "annul needs Python 3.11 or newer"; exit 1; }
	@mkdir -p build
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

$(BIN)/.runtime: $(BIN)/python requirements/base.txt pyproject.toml
	@test -e $(BIN)/.development || $(BIN)/pip install --quiet --require-hashes -r requirements/base.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/.development: $(BIN)/python requirements/dev.txt pyproject.toml
	@mkdir -p build
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
