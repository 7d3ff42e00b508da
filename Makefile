# Every target sets itself up: the tools live in .venv, made once and made anew when pyproject.toml changes.
PYTHON ?= python3
ARGS ?=
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint format soak bench cluster peers clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## the whole tour against an embedded Graph API
	@$(BIN)/icesync demo $(ARGS)

test: $(READY) ## the tests, a process more than there are cores; ARGS="-k plan" picks some
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile $(ARGS)

soak: $(READY) ## the slow tests: a day of 100,000 accounts, 5,000 amid faults, new examples for the laws
	$(BIN)/python -m pytest -m soak $(ARGS)
	$(BIN)/python -m pytest tests/property --hypothesis-profile=explore

lint: $(READY) ## ruff and mypy, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## let ruff mend and lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure, and fail past a limit of benchmarks/README.md
	@status=0; for name in help load plan wire scale; do $(BIN)/python benchmarks/$$name.py || status=1; done; exit $$status

cluster: $(READY) ## one, two and four workers of a Dask cluster, some two minutes
	@$(BIN)/python benchmarks/cluster.py

peers: $(READY) ## icesync beside other ways to do its job, some ten minutes
	@$(BIN)/python benchmarks/peers/run.py $(ARGS)

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks build dist
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp comes last, so an interrupted set-up starts over; --clear, because half a venv cannot be trusted.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	"icesync needs Python 3.11 or later, this is %d.%d: try make PYTHON=python3.13" % v[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
