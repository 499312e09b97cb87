# make setup | serve | check | test | lint | bench: what a person runs is what CI runs.
PYTHON ?= python3
BIN := .venv/bin
# Modules stay compiled, whatever the environment says: each process would compile three seconds of libraries anew.
export PYTHONDONTWRITEBYTECODE =

QUICK := tests/schemas tests/graph/tables tests/graph/test_sample.py tests/service/api/test_api.py \
	tests/service/runtime/test_batcher.py

.PHONY: setup serve check test lint format lock bench clean

setup: .venv/ready

# Written last: its existence means that everything is installed.
.venv/ready: pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

serve: setup
	$(BIN)/cometgraph serve

# Two minutes: lint, and the tests that start neither a model nor a server.
check: lint
	$(BIN)/python -m pytest -n 2 $(QUICK)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(BIN)/uv pip compile pyproject.toml --group dev -o requirements.lock --quiet --no-header --no-annotate --universal --python-version 3.11

bench: setup
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	$(BIN)/python -m benchmarks.first_start
	$(BIN)/python -m benchmarks.service
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.batch
	$(BIN)/python -m benchmarks.normalise
	$(BIN)/python -m benchmarks.near_duplicate
	$(BIN)/python -m benchmarks.near_duplicate_sparse
	$(BIN)/python -m benchmarks.traps
	$(BIN)/python -m benchmarks.match_speed
	$(BIN)/python -m benchmarks.stores_agree

clean:
	rm -rf .venv data .neo4j
