# Everything a user or CI calls. `make demo`, `make test` and `make dev` install what they need, once.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
# Wheels only, hashes checked, no bytecode compiled ahead: Python compiles what a run really imports, once. Where the environment
# forbids it to keep what it compiled, as many containers do, every dbt and every `strata` would do all of it again, for seconds.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(UV) install --quiet --python $(BIN)/python --require-hashes --only-binary :all:
PROJECT := $(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
CUSTOMERS ?= 2000
# Tests of one file stay together and in order: files that start long runs come before the many short ones, which fill the end.
WORKERS ?= 2
PARALLEL := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
REAL_HOME := var-real
timed = @TIMEFORMAT=$$'\n[time] $(1): %1R s\n'; time

.DEFAULT_GOAL := help
.PHONY: help demo demo-real dev test check format lock bench-landing bench-identity bench-run campaign-landing campaign-identity campaign-segmentation campaign-churn campaign-privacy clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.uv: requirements-uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements.lock pyproject.toml
	$(call timed,installation) ( $(INSTALL) -r requirements.lock && $(PROJECT) )
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(call timed,installation of the test tools) $(INSTALL) -r requirements-dev.lock
	@$(BIN)/python tests/fixtures/public_sets.py
	@touch $@

demo: $(VENV)/.run ## install, write sample data, run the whole job on it
	$(call timed,sample data) $(BIN)/strata demo --customers $(CUSTOMERS)
	$(call timed,the whole job) $(BIN)/strata run

demo-real: export STRATA_HOME := $(REAL_HOME)
demo-real: export STRATA_CONFIG := docs/examples/complete-journey
demo-real: $(VENV)/.dev ## the same job on the Complete Journey data: a second configuration, no code
	@docs/examples/complete-journey/fetch $(BIN)/python $(REAL_HOME)/landing
	$(call timed,the whole job) $(BIN)/strata run

dev: $(VENV)/.run ## the Dagster UI with daemon, schedule and sensor on 127.0.0.1:3000
	$(BIN)/strata dev

test: $(VENV)/.dev ## install what the tests need, check style and arrows, run all tests
	$(MAKE) --no-print-directory check
	$(call timed,tests) $(BIN)/pytest $(PARALLEL)

check: $(VENV)/.dev ## style, types, arrows between the packages, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --config dbt_project/.sqlfluff dbt_project --processes 2

format: $(VENV)/.dev ## put everything into the style that `check` wants
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-landing: $(VENV)/.run ## the lander against pyarrow, each in processes of their own
	$(BIN)/strata bench landing

campaign-landing: $(VENV)/.dev ## the long proofs of landing: 10,000 files, 60 MB of dirt, a line of 1 GB, 200 schedules (half an hour)
	STRATA_CAMPAIGN=full STRATA_FILES=10000 STRATA_SCHEDULES=200 $(BIN)/pytest tests/faults tests/connectors

campaign-identity: $(VENV)/.dev ## the long proof of ids: 50 orders of the same input, 200 sequences of decisions (half an hour)
	STRATA_ORDERS=50 STRATA_SEQUENCES=200 $(BIN)/pytest tests/pipeline/test_identity_orders.py tests/unit/identity/test_decisions.py

campaign-segmentation: $(VENV)/.dev ## the long proofs of classes: 20,000 customers computed twice, 30 past days built again, 20 pairs of days, 200 splits (an hour)
	STRATA_CHECKED_CUSTOMERS=20000 STRATA_REBUILDS=30 STRATA_PAIRS=20 STRATA_SPLITS=200 $(BIN)/pytest tests/pipeline/test_independent.py tests/pipeline/test_rebuild.py tests/unit/insights/test_tier_changes.py tests/unit/insights/test_effect_trials.py

campaign-churn: $(VENV)/.dev ## the long proof of warnings: 60 days of 2,000 customers run one by one (an hour)
	STRATA_WARNING_DAYS=60 STRATA_WARNING_CUSTOMERS=2000 $(BIN)/pytest -s tests/pipeline/test_warning_days.py

campaign-privacy: $(VENV)/.dev ## the long proof of erasure: 100 persons at once out of the sample, every file decoded (20 minutes)
	STRATA_ERASED=100 $(BIN)/pytest tests/pipeline/test_erasure.py

bench-identity: $(VENV)/.run ## the linking against sets with a known truth
	$(BIN)/strata bench identity

bench-run: $(VENV)/.run ## where the time of a full run at 20,000 customers goes
	$(BIN)/strata bench run --size 20k

LOCK := $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: $(VENV)/.uv ## resolve the dependencies anew and write the lock files
	$(LOCK) --upgrade pyproject.toml --group build --group dev -o requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock pyproject.toml --group build -o requirements.lock
	$(LOCK) --group tool -o requirements-uv.lock

clean: ## remove what was installed and built, never data
	rm -rf $(VENV) dbt_project/target .pytest_cache .mypy_cache .ruff_cache .hypothesis
