# SPDX-License-Identifier: BSD-2-Clause
# make demo: from a trained network to a bitstream.  make test: everything, proven.  No root needed for the demo.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What is installed depends on this file alone: one stamp for each content, so a second run starts at once.
KEY := $(shell sha256sum pyproject.toml | cut -c1-16)
CORE := $(VENV)/installed-core-$(KEY)
TESTS := $(VENV)/installed-tests-$(KEY)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet

MODEL := models/pmnist-h128-b64.npz

.PHONY: help install demo docs test check lint warm system-packages clean

help:
	@echo "make demo   install what the generator needs into $(VENV), build $(MODEL) for the iCEBreaker"
	@echo "make install  everything into $(VENV), for docs/tutorial.md"
	@echo "make docs   the pages of docs/ as a site: build/site/index.html opens from the disk"
	@echo "make test   install what the tests need, run them all"
	@echo "make check  lint and unit tests, while you edit: under a minute"
	@echo "make lint   look for mistakes and style"
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

check: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -q tests/unit tests/test_architecture.py tests/test_docstrings.py

lint: $(TESTS)
	$(BIN)/ruff check .

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
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[test]'
	@touch $@ $(CORE)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf build $(VENV)
