# `make run` and `make test` need Python 3.11 or later, make and git; everything else they fetch themselves.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made-from-pyproject-and-constraints
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test setup page system check bench faults soak clean

run: setup system  ## start the host with embedded defaults (MULTI_USER=1 for many users; ARGS="--port 0" for flags)
	@$(BIN)/roost serve $(ARGS)

test: setup system  ## every test, in parallel
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

setup: $(STAMP) page  ## build .venv and the page

page: $(STAMP)  ## build the page (host/web/dist), unless it is built of these sources; without npm the host does without
	@$(BIN)/python host/web/build.py

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Roost needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "making .venv with what Roost needs: a minute or two, once"
	@$(PYTHON) -m venv .venv || { echo "this Python cannot make virtual environments: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

system:  ## bubblewrap, which keeps people's shells apart, and chromium, which the page is tested in: installed where that can be done, named where not
	@command -v bwrap >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get install -qq -y bubblewrap >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y bubblewrap; } >/dev/null 2>&1; }; } || \
	  echo "bubblewrap is not installed: with many users there are no terminals until you run: apt-get install bubblewrap"
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ "$(filter test,$(MAKECMDGOALS))" ] && \
	  { apt-get install -qq -y chromium >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y chromium; } >/dev/null 2>&1; }; } || true

check: setup  ## lint and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup  ## what it costs, against the bare floor, in one run (ARGS=--quick for ten minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

faults: setup system  ## the long tests of what goes wrong, an hour or more (FAULTS_KILLS=200; ARGS="-n 2" for parts side by side)
	@$(BIN)/pytest -m faults tests $(ARGS)

soak: setup system  ## fifty users come and go for two hours (SOAK_MINUTES=120); nothing may grow
	@$(BIN)/python -m benchmarks.soak

clean:
	@rm -rf .venv build dist *.egg-info host/web/dist host/web/node_modules .mypy_cache .ruff_cache .pytest_cache
