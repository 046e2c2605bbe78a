# All set-up is behind `make fuzz` and `make test`. `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
CARGO := cargo
GATE_CASES := 500
MANIFEST := --manifest-path engine/Cargo.toml
PYTHON := $(shell scripts/find-python)
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
RUST_SOURCES := $(shell find engine/src -name '*.rs') engine/Cargo.toml engine/Cargo.lock
STUBTEST := $(BIN)/stubtest engine._native --concise --allowlist scripts/stubtest-allowlist

.DEFAULT_GOAL := help
.PHONY: help tools tools-present build check ci fmt lint types test test-rust test-python bless bench fuzz gate soak deny clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

tools-present:
	@scripts/check-tools

$(VENV)/.installed: pyproject.toml | tools-present
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(PYTHON) scripts/dependencies.py > $(VENV)/requirements.txt
	$(BIN)/pip install --quiet --requirement $(VENV)/requirements.txt
	@touch $@

$(VENV)/.built: $(VENV)/.installed $(RUST_SOURCES)
	$(BIN)/maturin develop --release --quiet
	@touch $@

build: tools-present $(VENV)/.built ## build the engine and install fencepost into .venv

tools: tools-present ## install wasm-tools, which some tests ask for a second opinion
	$(CARGO) install wasm-tools --locked

fuzz: build ## run the main job for a minute at default settings
	$(BIN)/fencepost fuzz --time 60s

gate: build ## replay crashes/ and corpus/, then fuzz briefly with a fixed seed: yes or no
	$(BIN)/fencepost gate --budget $(GATE_CASES)

soak: build ## run the slow tests, then fuzz for an hour and fail on any finding
	$(BIN)/pytest -m slow
	$(BIN)/fencepost fuzz --time 60m

test: test-rust test-python ## run all tests but the slow ones

test-rust: tools-present
ifeq ($(NEXTEST),)
	$(CARGO) test --release $(MANIFEST)
else
	$(CARGO) nextest run --release $(MANIFEST)
	FENCEPOST_TEST_NATIVE=cell $(CARGO) nextest run --release $(MANIFEST) -E 'test(/^jit/) | binary(run) | binary(runtests)'
endif

test-python: build
	$(BIN)/pytest --numprocesses logical --dist loadgroup

bless: build ## rewrite the golden files from what the code does now
	BLESS=1 $(CARGO) test --release $(MANIFEST)
	BLESS=1 $(BIN)/pytest tests/golden

bench: build ## measure against Wasmtime, in one run, as ratios
	$(BIN)/python -m tests.bench

fmt: $(VENV)/.installed ## format all code
	$(CARGO) fmt $(MANIFEST)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --quiet

lint: $(VENV)/.installed
	$(CARGO) fmt $(MANIFEST) --check
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python $(CARGO) clippy --release $(MANIFEST) --features python --all-targets -- -D warnings
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: build
	$(BIN)/mypy
	$(STUBTEST)

check: lint types test deny ## everything that CI checks, and the dependency policy

deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install cargo-deny --locked
	$(CARGO) deny $(MANIFEST) check licenses bans sources

clean: ## remove everything that was built
	rm -rf target $(VENV) engine/_native*.so dist
