# `make` prints what there is. Everything runs in .venv here, which is made when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)

# Images for containers often set it; then each of some hundred starts of Python would compile torch's sources again.
unexport PYTHONDONTWRITEBYTECODE

# `make setup CPU=1`: PyTorch's wheels without CUDA, from its own index, and none of CUDA's libraries. Where that cannot be reached, the lock's.
define CPU_WHEELS
( grep -vE '^(cuda-|nvidia-|triton)' requirements.lock > $(VENV)/cpu.lock && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend cpu --requirements $(VENV)/cpu.lock ) || \
	  { echo "PyTorch's index of CPU wheels does not answer: taking the CUDA builds, which run on a CPU too"; false; }
endef

# Snakemake keeps a cache in the home; where that cannot be written, here.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/.snakemake/cache
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo photographs test test-wheel test-faults test-slurm test-conda lint audit format lock docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(READY) ## make .venv with the locked versions (a minute, 6 GB; done by the others when needed; CPU=1: without CUDA's libraries)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is another: make PYTHON=/path/to/python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(if $(CPU),$(CPU_WHEELS) ||) $(BIN)/uv pip install --quiet --python $(BIN)/python --requirements requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: $(READY) ## the whole pipeline on the embedded data, on the CPU: 92 trainings, all tables and figures
	@$(SNAKEMAKE) --configfile config/demo.yaml
	@cat results/demo/tables/table*.md
	@sed -n '/^## Verdicts/,/^## What was run/p' results/demo/REPRODUCTION.md | sed '$$d'
	@echo "Everything in one page: results/demo/report.html (in a browser), results/demo/REPRODUCTION.md   tables: results/demo/tables   figures: figures/demo"

photographs: $(READY) ## real photographs, by embedded activations, no download: 46 trainings, all tables and Fig. 4
	@$(SNAKEMAKE) tables results/photographs/tables/label_metrics.md results/photographs/claims.md figures/photographs/fig4.png --configfile config/photographs.yaml
	@cat results/photographs/tables/table*.md
	@echo "Against our runs on the full activations: results/photographs/diff.md   claims: results/photographs/claims.md   precision, recall and F1 of labels: results/photographs/tables/label_metrics.md   Fig. 4: figures/photographs"

test: $(READY) ## all tests
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --max-worker-restart 0

test-wheel: $(READY) ## a wheel built, installed into a fresh environment and used from an empty folder (needs the package index)
	$(BIN)/python -m pytest -m wheel tests/wheel

test-faults: $(READY) ## real faults on the real pipeline: kills, full disks, damaged files, clocks (minutes; as root)
	$(BIN)/python -m pytest -m fault tests/faults -n 2 --dist loadfile

test-slurm: $(READY) ## a real one-node Slurm on this machine: the smoke configuration, and jobs killed, cancelled, out of time (root, Debian)
	$(BIN)/python -m pytest -m slurm tests/slurm

test-conda: $(READY) ## with a real conda, in environments made from envs/ (4 minutes; needs the package index, Python 3.12, 10 GB of disk)
	$(BIN)/python -m pytest -m conda tests/conda

lint: $(READY) ## style, workflow and security checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src envs benchmarks

audit: $(READY) ## known vulnerabilities of the locked versions (asks the advisory database)
	$(BIN)/pip-audit --strict --requirement requirements.lock --no-deps --disable-pip

format: $(READY) ## rewrite the sources in the agreed style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: $(READY) ## the documentation as a site, in site/
	$(BIN)/mkdocs build --strict

lock: $(READY) ## resolve requirements.lock and the environments anew
	$(BIN)/uv pip compile pyproject.toml --extra workflow --extra docs --extra dev --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --upgrade --output-file requirements.lock
	$(BIN)/python envs/make.py

clean: ## remove what the demo made
	rm -rf results/demo figures/demo results/photographs figures/photographs
