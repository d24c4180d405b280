# `make run` and `make test` need Python 3.11 or later, make and git; everything else they fetch themselves.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made-from-pyproject-and-constraints
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test setup check bench clean

run: setup  ## start the host with embedded defaults (MULTI_USER=1 for many users; ARGS="--port 0" for flags)
	@$(BIN)/roost serve $(ARGS)

test: setup  ## every test, in parallel
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

setup: $(STAMP)  ## build .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Roost needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "this Python cannot make virtual environments: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

check: setup  ## lint and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup  ## what it costs, against the bare floor, in one run (ARGS=--quick for a minute)
	@$(BIN)/python -m benchmarks $(ARGS)

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
