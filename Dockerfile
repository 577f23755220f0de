# The sidecar's image: docs/containers.md. Nothing here needs BuildKit; the legacy builder makes the same image.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/build && python -m venv --without-pip /opt/venv
COPY requirements/build.txt requirements/prod.txt requirements/
RUN /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --require-hashes -r requirements/prod.txt
# Nine tenths of botocore are descriptions of services that nobody calls here; its examples hold what looks like keys.
RUN find /opt/venv/lib/python*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
      ! -name sso ! -name sso-oidc ! -name sts -exec rm -r {} + \
 && find /opt/venv/lib/python*/site-packages/botocore/data -name 'examples-*.json' -delete
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY sidecar sidecar
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-deps --no-index dist/*.whl \
 && find /opt/venv -name __pycache__ -prune -exec rm -r {} + \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

FROM ${BASE}
ARG BASE
ARG VERSION=dev
LABEL org.opencontainers.image.title="cone-sidecar" \
      org.opencontainers.image.description="Just-in-time AWS credentials for containers and SDKs, through ConductorOne and IAM Identity Center" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"
# Where a base has no bytecode of the standard library, each start under a read-only root would compile it anew.
RUN python -m compileall -q -x '/(test|tests|idlelib|ensurepip|tkinter|turtledemo|pydoc_data|site-packages)/' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 # A file that runs as its owner, whoever calls it, has no place here.
 && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
 && install -d -o 65532 -g 65532 -m 0700 /var/lib/cone \
 # Others may enter: whether they may read is said by the token file's mode.
 && install -d -o 65532 -g 65532 -m 0755 /run/cone
COPY --from=build /opt/venv /opt/venv
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
