# Everything needs Python 3.11 or newer, and nothing else: each target makes what it is missing.
# What one target has to wait for goes on beside what another one computes.
MAKEFLAGS += --jobs=3
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

IMAGE ?= cone-sidecar

.PHONY: demo test matrix check lint types contracts format bench bench-containers image clean requirements

demo: $(VENV)/.ready
	$(BIN)/cone demo

test: $(VENV)/.ready $(VENV)/.clients check
	$(BIN)/python tests/run.py

# Every client in every case, onto docs/clients.md.
matrix: $(VENV)/.ready $(VENV)/.clients
	MATRIX=write $(BIN)/pytest -q -n 3 --dist loadfile tests/clients

check: lint types contracts

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

contracts: $(VENV)/.ready
	$(BIN)/lint-imports

format: $(VENV)/.ready
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.ready .venv-peers/.ready
	$(BIN)/python bench/run.py

bench-containers: $(VENV)/.ready
	$(BIN)/python bench/containers.py

# The image, labelled with where it comes from; without the labels, docker build makes the same.
image:
	docker build -t $(IMAGE) \
	  --build-arg VERSION="$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
	  --label org.opencontainers.image.revision="$$(git describe --always --abbrev=40 --exclude='*' --dirty)" \
	  --label org.opencontainers.image.created="$$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)" .

$(VENV)/.ready: pyproject.toml requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.13") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

# Programs that we didn't write, each in an environment of its own: they pin what others pin otherwise, or are large.
# Add another one to this list, and say in its requirements what it is for.
FOREIGN := conductorone-sdk awscli rclone boto3-2023 clients charts image shellcheck
JAVASCRIPT := tests/e2e/clients tests/clients tests/container

$(VENV)/.clients: $(FOREIGN:%=.venv-%/.ready) $(JAVASCRIPT:%=%/javascript/.ready)
	mkdir -p $(VENV)
	touch $@

.venv-%/.ready: requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --require-hashes -r $<
	touch $@

%/javascript/.ready: %/javascript/package-lock.json
	if command -v npm >/dev/null; then cd $(@D) && npm ci --silent; \
	else echo "!! npm is not here: the JavaScript of $* will not run"; fi
	touch $@

# Needs uv. The pins hold hashes and name no index.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q

requirements:
	$(COMPILE) pyproject.toml -o requirements/prod.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	for each in requirements/*.in; do $(COMPILE) $$each -o $${each%.in}.txt || exit; done

clean:
	rm -rf $(VENV) .venv-* $(JAVASCRIPT:%=%/javascript/node_modules) $(JAVASCRIPT:%=%/javascript/.ready)
