# What is typed every day. The README's test command does all of it from nothing.
PYTHON ?= .venv/bin/python

.PHONY: fast check test format

fast: check  ## the loop while working: checks, and tests without servers, browsers and patience
	$(PYTHON) -m pytest -n $$(getconf _NPROCESSORS_ONLN) --dist worksteal -q -m "not browser and not server and not slow"

check:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	find studio -name "*.pyi" -delete  # Gradio writes these beside its components, and mypy would believe them
	$(PYTHON) -m mypy

test: check
	$(PYTHON) -m pytest -n auto --dist worksteal

format:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
