# What one types here. `make demo` and `make test` need Python 3.11, git, make and the package registry, nothing else.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml requirements/build.in

.PHONY: help demo sandbox test check bench golden docs pictures lock soak clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/run  ## one week of an invented team, narrated
	@$(BIN)/confer demo

sandbox: $(VENV)/dev  ## a throw-away Matrix homeserver with an invented team and the bot
	@$(BIN)/confer sandbox

test: $(VENV)/dev  ## the whole test suite, with coverage
	@$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

check: $(VENV)/dev  ## lint, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy docs/generate.py
	@$(BIN)/lint-imports

bench: $(VENV)/dev  ## speed, printed beside a baseline of the same run
	@$(BIN)/python -m tests.bench

soak: $(VENV)/dev  ## many hours: every fault whole, a thousand kills on Slack, months of a clinic, every conversation everywhere
	@$(BIN)/python -m tests.faults --whole
	@$(BIN)/python -m tests.simulation --seconds 3600
	@$(BIN)/pytest tests/conversations --platforms all
	@$(BIN)/pytest tests/conversations --store postgresql

golden: $(VENV)/dev  ## write the golden files anew; read the difference before you commit
	@$(BIN)/pytest -q tests/adapters tests/matrix/test_render.py tests/slack/test_render.py --golden

docs: $(VENV)/dev  ## write the generated pages and the picture anew
	@$(BIN)/python -m docs.generate
	@$(BIN)/python -m docs.picture

pictures: $(VENV)/dev  ## take the pictures of docs/pictures in a real Matrix client; needs Node and Chromium
	@$(BIN)/python -m tests.matrix.pictures

lock: $(VENV)/dev  ## resolve the dependencies anew
	@$(BIN)/pip install -q uv
	@$(COMPILE) -o requirements/run.txt
	@$(COMPILE) --extra dev -o requirements/dev.txt

clean:  ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage*

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Confer needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run: $(VENV)/bin/pip requirements/run.txt pyproject.toml
	@echo "Installing Confer into $(VENV) …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements/dev.txt
	@echo "Installing the development tools …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
