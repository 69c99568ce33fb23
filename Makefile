.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -q --disable-pip-version-check -c constraints.txt
RUN := $(VENV)/.ready-run
DEV := $(VENV)/.ready-dev

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(DEV)    ## make the environment, for use and for development
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(PY) -m pre_commit install >/dev/null; fi

run: $(RUN)      ## start the studio; make run WORDS="雪地里的两只企鹅" draws that once
ifdef WORDS
	@$(VENV)/bin/danqing draw '$(subst ','\'',$(WORDS))'
else
	@$(VENV)/bin/danqing run
endif

test: check      ## all checks, then all tests that need no GPU, three files at a time, the slowest first
# with two threads of torch each they would wait for one another
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -m "not gpu" -n 3 --dist loadfile --no-loadscope-reorder

check: lint types imports   ## lint, types and the direction of imports

lint: $(DEV)     ## ruff
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(DEV)    ## pyright, strict
	$(VENV)/bin/pyright

imports: $(DEV)  ## the one direction of imports
	$(VENV)/bin/lint-imports

test-gpu: $(DEV) ## what needs a CUDA device
	$(VENV)/bin/pytest -m gpu

bench: $(DEV)    ## every figure, in tables
	@for name in line parity kill fairness fast dtype training parsing words serving chat_telegram chat_discord sessions; do echo "== $$name"; $(PY) -m benchmarks.$$name || exit 1; done

fix: $(DEV)      ## format, and mend what ruff can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

mini: $(DEV)     ## make the embedded model and its styles anew, from nothing: hours
	$(PY) -m generation.mini.make --work .training/mini

sheet: $(DEV)    ## draw the sample sheet of the embedded model
	$(PY) -m generation.mini.sheet --to docs/mini/sheet.jpg

samples: $(RUN)  ## draw the sample pictures of the program's styles
	$(VENV)/bin/danqing style samples --to bot/samples

engine: $(RUN)   ## the engine process by itself
	$(VENV)/bin/danqing engine

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(RUN): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "setting up (once; torch is large) 正在安装（只此一次）…"
	$(PIP) torch==$$(sed -n 's/^torch==//p' constraints.txt)
	$(PIP) -e '.[telegram,discord,train]'
	$(PIP) --no-deps spandrel
	@touch $@

$(DEV): $(RUN)
	$(PIP) -e '.[dev]'
	@touch $@

.PHONY: help setup run test check lint types imports test-gpu bench fix mini sheet samples engine
