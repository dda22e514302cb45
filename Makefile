# `make demo` and `make test` are all that a new user needs. `make` alone lists the targets.
# PYTHON=python3.12 chooses another interpreter, VENV=DIR another place for the environment, JOBS=4
# runs the tests in so many processes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TOOLS := .venv-audit
INSTALLED := $(VENV)/.installed
DEMO := runs/demo
FAST := not slow and not gpu and not faults
JOBS ?= 2
# a file's tests stay in one process: they share what they train first. By default files of few tests
# come last, which are often long ones: one process would work alone at the end
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help venv demo demo-again test test-faults test-all lint types architecture sbom audit licences clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

venv: $(INSTALLED)  ## install the pinned dependencies into .venv

# the stamp is written last: an interrupted install is taken up again. torch comes first and alone,
# so that a build which pip finds locally is used as it is
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "medsweep needs Python 3.11 or newer. Choose one with: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	{ echo "Python's venv module is missing. On Debian: apt install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt torch hatchling editables
	$(BIN)/python -m pip install -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

demo: $(INSTALLED)  ## run the `demo` sweep, or go on with it
	@if [ -e $(DEMO)/spec.resolved.json ]; then \
	  echo "$(DEMO) exists: going on with it. A new run: make demo-again"; \
	  $(BIN)/medsweep resume $(DEMO); \
	else \
	  $(BIN)/medsweep run demo; \
	fi

demo-again: $(INSTALLED)  ## run the `demo` sweep once more, under a name of its own
	$(BIN)/medsweep run demo --name demo-$$(date +%Y%m%d-%H%M%S)

test: $(INSTALLED)  ## run the tests that are neither slow nor need a GPU
	$(PYTEST) -m "$(FAST)" --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

test-faults: $(INSTALLED)  ## break running sweeps, as docs/reliability.md tells
	$(PYTEST) -m faults

test-all: $(INSTALLED)  ## run all tests (those for a GPU skip where there is none)
	$(PYTEST)

lint: $(INSTALLED)  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)  ## check types
	$(BIN)/mypy

architecture: $(INSTALLED)  ## check that imports point one way
	$(BIN)/lint-imports

# in an environment of their own: they audit .venv, and are no part of it
$(TOOLS)/.installed:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install cyclonedx-bom==7.5.0 pip-audit==2.10.1
	@touch $@

sbom: $(INSTALLED) $(TOOLS)/.installed  ## write sbom.json (CycloneDX): all that .venv holds
	$(TOOLS)/bin/cyclonedx-py environment $(BIN)/python --of JSON -o sbom.json

audit: $(TOOLS)/.installed  ## look for known vulnerabilities of the pinned versions (asks pypi.org)
	$(TOOLS)/bin/pip-audit -r constraints.txt --no-deps --disable-pip

licences: $(INSTALLED)  ## print the licence of everything in .venv
	@$(BIN)/python docs/licences.py

clean:  ## remove what tools leave behind; .venv and runs stay
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
