# The kit's commands. `make help` lists them; each makes or reuses .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.lmnet-installed
# The extras that requirements.lock holds, and `make install` installs.
LOCKED := dev strong fast export site cluster
UV := $(shell command -v uv 2>/dev/null)
# With uv and no PYTHON given, uv finds a fitting Python by itself (or fetches one).
ifeq ($(origin PYTHON),file)
UV_PYTHON := >=3.10,<3.15
else
UV_PYTHON := $(PYTHON)
endif

.DEFAULT_GOAL := help
.PHONY: help install quickstart test test-tensorflow freeshapes notebooks lab app site doctor lint format hooks lock clean

help:  ## list these targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

quickstart: $(STAMP)  ## the whole paper on the embedded data set, from images to report (minutes)
	$(BIN)/lmnet run quickstart --jobs 2
	@echo "Report: runs/quickstart/report.html"

# A file of tests at a time to each process: what its tests share is made once. tests/conftest.py says which come first.
test: lint  ## lint, unit tests, every notebook at smoke size
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

freeshapes: $(STAMP)  ## train the shipped weights again, from scratch (hours)
	$(BIN)/lmnet run freeshapes

notebooks: $(STAMP)  ## run the quickstart afresh and store the executed notebooks in notebooks/
	$(BIN)/python tools/store_notebooks.py

lab: $(STAMP)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

app: $(STAMP)  ## the explorer as a web page on this machine
	$(BIN)/python -m lmnet_utils.apps.web_app

test-tensorflow: $(STAMP)  ## the converter of the official checkpoints against TensorFlow, in .venv-tensorflow
	test -x .venv-tensorflow/bin/python || "$(PYTHON)" -m venv .venv-tensorflow
	.venv-tensorflow/bin/python -m pip install -e ".[tensorflow,dev]"
	.venv-tensorflow/bin/python -m pytest tests/models/test_tensorflow_checkpoints.py

# The explorer in it wants npm and the extra `export`; without them the book does without. Every page is checked.
site: $(STAMP)  ## the book, with the explorer and the latest report: site/index.html
	@$(BIN)/python -c "import furo, myst_nb" || { echo "make site needs the extra site: $(BIN)/python -m pip install -e .[site]"; exit 1; }
	rm -rf build/book build/explorer
	-$(BIN)/lmnet export --explorer build/explorer
	$(BIN)/python -m sphinx -W --keep-going -q -c docs/book -d build/book/doctrees . build/book/site
	$(BIN)/python tools/check_site.py build/book/site
	rm -rf site && mv build/book/site site

doctor: $(STAMP)  ## versions, device, disk, data, weights, and what is missing
	$(BIN)/lmnet doctor

lint: $(STAMP)  ## check style (notebooks too), the floors of the package, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(STAMP)  ## put style right, notebooks too
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(STAMP)  ## install the pre-commit hooks
	$(BIN)/pre-commit install

install: $(STAMP)  ## only make .venv

# The stamp is newer than the lock and pyproject.toml when everything is installed: a second call does nothing.
# The lock is installed with hashes; the kit itself is built with the setuptools that the lock brought, offline.
$(STAMP): requirements.lock pyproject.toml
ifneq ($(UV),)
	@test -x $(BIN)/python || "$(UV)" venv --python "$(UV_PYTHON)" $(VENV)
	"$(UV)" pip install --python $(BIN)/python --require-hashes -r requirements.lock
	"$(UV)" pip install --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@test -x $(BIN)/python || { \
	  "$(PYTHON)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' || { \
	    echo "The kit needs Python 3.10 to 3.14, but '$(PYTHON)' is not one: $$("$(PYTHON)" --version 2>&1)."; \
	    echo "Install one and name it: make PYTHON=python3.12 $(firstword $(MAKECMDGOALS))"; exit 1; }; \
	  "$(PYTHON)" -m venv $(VENV); }
	$(BIN)/python -m pip install --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
endif
	@touch $@

lock:  ## pin the dependencies of pyproject.toml again (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv: pip install uv"; exit 1; }
	@{ printf '%s\n' \
	  "# What 'make' installs: every dependency of pyproject.toml pinned, with hashes, for Python 3.10 to 3.14 on any platform." \
	  "# Made by 'make lock'; do not edit. It names no index: yours is used, and the hashes hold whatever it serves." \
	  "# iopath comes as source only; pip fetches setuptools to build it, and that build step is not covered by a hash." \
	  "# By hand: pip install --require-hashes -r requirements.lock && pip install --no-deps --no-build-isolation -e ."; \
	  "$(UV)" pip compile --quiet --universal --python-version 3.10 $(LOCKED:%=--extra %) --generate-hashes \
	    --no-header --no-emit-index-url --no-emit-find-links --no-annotate $(LOCK_OPTIONS) pyproject.toml; \
	} > requirements.lock.tmp && mv requirements.lock.tmp requirements.lock

clean:  ## remove .venv, caches and builds; data, weights and runs stay
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
