# Everything here works from a clean clone: a target makes .venv first, and again when the requirements change.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# LOCK=1 installs the versions of constraints.txt, which were tested, and not the newest
PIP    := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := $(if $(LOCK),-c constraints.txt)

# What `make train` runs
SAMPLE    := data/sample
RUN       := runs/sample
AR_DATA   := $(BIN)/ar-data sample $(SAMPLE)
AR_TABLE  := $(BIN)/ar-table $(SAMPLE)/UCF-101 --recipe sample --out $(RUN)

.DEFAULT_GOAL := help
.PHONY: help train test matrix lock notebooks export readme bench style hooks clean

help: ## List the targets
	@echo 'make TARGET [PYTHON=python3.12] [VENV=.venv] [LOCK=1]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-12s%s\n", $$1, $$2}'

train: $(STAMP) ## Make the sample videos, train all learners on them, print the accuracy table
	$(AR_DATA)
	$(AR_TABLE)

test: $(STAMP) ## Check that notebooks, package and README agree, run every notebook, count
	@$(BIN)/python tools/test.py

matrix: ## Do the same on every Python from 3.11 on that is here, each in its .venv-3.x (OTHERS=1: but the usual one)
	@$(PYTHON) tools/matrix.py $(if $(OTHERS),--others)

lock: ## Write constraints.txt: the versions in .venv and in each .venv-3.x
	@$(PYTHON) tools/lock.py

notebooks: $(STAMP) ## Execute notebooks in place and keep their outputs (NBS="nbs/a.ipynb nbs/b.ipynb" for some)
	@$(BIN)/python tools/notebooks.py --paths "$(NBS)"

export: $(STAMP) ## Write the package, the docs' side bar and README.md from the notebooks
	$(BIN)/nbdev-export
	$(BIN)/python tools/sidebar.py
	$(BIN)/python -c 'from nbdev.quarto import refresh_quarto_yml; refresh_quarto_yml()'
	$(BIN)/python tools/readme.py

readme: $(STAMP) ## Write README.md from nbs/index.ipynb
	$(BIN)/python tools/readme.py

bench: $(STAMP) ## Run the measurements that the docs quote, each with its peer; takes hours
	@failed=; for f in $(filter-out bench/common.py,$(wildcard bench/*.py)); do \
	  echo "== $$f"; $(BIN)/python "$$f" || failed="$$failed $$f"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

style: $(STAMP) ## Show what chkstyle, the fast.ai style checker, would change
	@$(BIN)/chkstyle $(wildcard nbs tools bench)

hooks: $(STAMP) ## Install nbdev's git and Jupyter hooks: clean notebooks, readable diffs and merges
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/nbdev-install-hooks

clean: ## Delete what builds leave behind; .venv, data/ and runs/ stay
	rm -rf build dist _docs _proc nbs/.last_checked *.egg-info
	find action_recog nbs tools -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

BROKEN := 'The newest versions do not work together here: install those that were tested, by: make LOCK=1 $(or $(MAKECMDGOALS),test)'
ifdef LOCK
BROKEN := 'The versions of constraints.txt do not work here: report it, with what stands above'
endif

$(VENV)/.packages: settings.ini setup.py pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here: install Python 3.11 or newer, or name one, as in: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, but '$(PYTHON)' is $$($(PYTHON) -V 2>&1): name another, as in: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "'$(PYTHON)' cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(LOCKED) -e '.[dev]'
	@touch $@

$(STAMP): $(VENV)/.packages
	@$(PIP) check && $(BIN)/python tools/installed.py . || { rm $<; echo $(BROKEN) >&2; exit 1; }
	@touch $@
