# The sidecar's image: docs/containers.md. Nothing here needs BuildKit; the legacy builder makes the same image.
ARG BASE=python:3.13-slim
# Each file that is added here is as old as this, so that two builds differ in nothing.
ARG SOURCE_DATE_EPOCH=1767225600

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python -m venv /opt/build && python -m venv --without-pip /opt/venv \
 && ln -s /opt/venv/lib/python3*/site-packages /opt/packages
COPY requirements/build.txt requirements/prod.txt requirements/
RUN /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --require-hashes -r requirements/prod.txt
WORKDIR /opt/packages
# Nine tenths of botocore are descriptions of services that nobody calls here; its examples hold what looks like keys.
RUN find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name sso ! -name sso-oidc ! -name sts -exec rm -r {} + \
 && find botocore/data -name 'examples-*.json' -delete \
 # Those of boto3 are for its resources, which are nothing that is used here; its authorities are certifi's.
 && rm -r boto3/data botocore/cacert.pem \
 # cryptography takes _cffi_backend alone: what parses and compiles C are build tools.
 && rm -r cffi pycparser \
 # YAML is read by PyYAML's own parser: libyaml would be loaded, and not be called.
 && rm -r yaml/_yaml.*.so yaml/cyaml.py _yaml \
 # Tests of libraries, which some of them bring along.
 && find . -type d -name tests -prune -exec rm -r {} +
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY sidecar sidecar
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-deps --no-index --find-links dist cone-sidecar
# Left are our own command, Python, and of pip's notes those that say what is there, under which licence.
RUN find /opt/venv/bin -type f ! -name cone -delete \
 && rm -r /opt/venv/include /opt/venv/.gitignore \
 && find /opt/venv -path '*.dist-info/*' \( -name RECORD -o -name REQUESTED -o -name INSTALLER \) -delete \
 && find /opt/venv -name '*.pyi' -delete \
 && find /opt/venv -name __pycache__ -prune -exec rm -r {} + \
 && PYTHONHASHSEED=0 /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib \
 && mkdir -p /image/opt && mv /opt/venv /image/opt \
 && find /image -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
ARG BASE
ARG SOURCE_DATE_EPOCH
# Where a base has no bytecode of the standard library, each start under a read-only root would compile it anew.
RUN started="$(date +%s.%N)" \
 && python -m compileall -q -x '/(test|tests|idlelib|ensurepip|tkinter|turtledemo|pydoc_data|site-packages)/' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 # The base's installers are of use to nobody here but to whoever got in. Empty directories take their places,
 # because engines stamp a gap with the time of the build.
 && find / -xdev \( -path '*/python3*/pip' -o -path '*/python3*/pip-*.dist-info' -o -path '*/python3*/ensurepip' \
      -o -path '*/python-wheels' -o -path '*/bin/pip' -o -path '*/bin/pip3*' \) -prune -exec rm -r {} \; -exec mkdir {} \; \
 # A file that runs as its owner, whoever calls it, has no place here.
 && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
 && install -d -o 65532 -g 65532 -m 0700 /var/lib/cone \
 # Others may enter: whether they may read is said by the token file's mode.
 && install -d -o 65532 -g 65532 -m 0755 /run/cone \
 && find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc \) -prune \
      -o -newermt "@${started}" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +
# From above, so that the directories' times are taken along.
COPY --from=build /image/ /
ARG VERSION=dev
# Revision and time are given by who publishes, with --label: an empty label would be an untrue one.
LABEL org.opencontainers.image.title="cone-sidecar" \
      org.opencontainers.image.description="Just-in-time AWS credentials for containers and SDKs, through ConductorOne and IAM Identity Center" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"
# It is said where the token's file is, not what is in it.
# hadolint ignore=DL3064
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/var/lib/cone \
    PYTHONUNBUFFERED=1 \
    CONE_LISTEN=auto \
    CONE_TOKEN_FILE=/run/cone/token
USER 65532:65532
WORKDIR /var/lib/cone
VOLUME ["/var/lib/cone", "/run/cone"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["cone", "healthcheck"]
ENTRYPOINT ["cone"]
CMD ["serve"]
