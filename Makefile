# SPDX-License-Identifier: BSD-2-Clause
# make demo: from a trained network to a bitstream.  make test: everything, proven.  No root needed for the demo.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What is installed depends on these files alone: one stamp for each content, so a second run starts at once.
KEY := $(shell cat pyproject.toml requirements.lock | sha256sum | cut -c1-16)
CORE := $(VENV)/installed-core-$(KEY)
TESTS := $(VENV)/installed-tests-$(KEY)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint requirements.lock

MODEL := models/pmnist-h128-b64.npz

.PHONY: help install demo docs notebook test check lint types lock warm system-packages clean

help:
	@echo "make demo   install what the generator needs into $(VENV), build $(MODEL) for the iCEBreaker"
	@echo "make install  everything into $(VENV), for docs/tutorial.md"
	@echo "make docs   the pages of docs/ as a site: build/site/index.html opens from the disk"
	@echo "make notebook  execute docs/notebook.ipynb, after it was changed"
	@echo "make test   install what the tests need, run them all"
	@echo "make check  lint and unit tests, while you edit: under a minute"
	@echo "make types  check what is annotated"
	@echo "make lint   look for mistakes and style"
	@echo "make lock   the newest versions that pyproject.toml allows, into requirements.lock"
	@echo "make clean  remove build/ and $(VENV)"

install: $(TESTS)

demo: $(CORE)
	$(BIN)/python -m rtl_gen --weights $(MODEL) --board icebreaker --out build/demo

# The tools are started one after the other first: their first start compiles them, and two at once would both do it.
test: $(TESTS) system-packages warm
	$(BIN)/python -m pytest -n 2 --dist worksteal

docs: $(TESTS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	@echo "build/site/index.html is ready"

notebook: $(TESTS)
	$(BIN)/python -m tests.notebook

check: lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal -q tests/unit tests/test_architecture.py tests/test_docstrings.py

lint: $(TESTS)
	$(BIN)/ruff check .

types: $(TESTS)
	$(BIN)/mypy

# A fresh environment without constraints; torch's build for processors carries a suffix that other machines have not.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --disable-pip-version-check --quiet --editable '.[test]'
	(echo '# What the suite was run with: made by make lock.'; \
	    build/lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//') > build/requirements.lock
	mv build/requirements.lock requirements.lock

warm: $(CORE)
	@$(BIN)/python -m rtl_gen.tools.toolchain

# cocotb needs the shared library of Python, Verilator a C++ compiler; neither comes from PyPI.
system-packages: $(TESTS)
	@.ci/system-packages $(BIN)/python

$(CORE): | $(BIN)/python
	@echo "Installing the generator's packages into $(VENV) (about a minute) ..."
	$(PIP) --editable .
	@touch $@

$(TESTS): | $(BIN)/python
	@echo "Installing the tests' packages into $(VENV), PyTorch among them (some minutes) ..."
	$(PIP) torch
	$(PIP) --editable '.[test]'
	@touch $@ $(CORE)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf build $(VENV)
