# The exporter on Debian's slim Python. How to build, run and verify it: docs/docker.md.

# The tag says which Python and which Debian; a release adds the digest (sha256:…) that the tag had.
ARG BASE_NAME=docker.io/library/python:3.13-slim-trixie
ARG BASE_DIGEST=

FROM ${BASE_NAME}${BASE_DIGEST:+@${BASE_DIGEST}} AS builder
HEALTHCHECK NONE

WORKDIR /source
COPY requirements/runtime.txt requirements/build.txt requirements/
# Which index pip asks, and how, is a secret of the build: it is in no layer and no history.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv --without-pip --without-scm-ignore-files /opt/presence-exporter \
    && pip --python /opt/presence-exporter/bin/python3 install --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: -r requirements/runtime.txt \
    && python3 -m venv --without-pip /opt/build \
    && pip --python /opt/build/bin/python3 install --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: -r requirements/build.txt

COPY LICENSE README.md pyproject.toml setup.cfg ./
COPY requirements/dev.in requirements/
COPY exporter/ exporter/
ARG VERSION=0.1.0
ARG REVISION=unknown
# No other version than the one that the label tells can be installed. The wheel is a step on the way, so
# that its moment is any.
RUN printf '%s\n' "$REVISION" >exporter/REVISION \
    && SOURCE_DATE_EPOCH=1577836800 pip --python /opt/build/bin/python3 wheel --no-cache-dir --no-deps \
        --no-index --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/presence-exporter/bin/python3 install --no-cache-dir --no-compile --no-deps \
        --no-index --find-links /wheel "presence-exporter==$VERSION"

# Compiled here, since at run time nothing can be written. A file's moment must not count: a reproducible
# build sets all of them to one.
RUN PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode unchecked-hash /opt/presence-exporter


FROM ${BASE_NAME}${BASE_DIGEST:+@${BASE_DIGEST}}

# What the base brings and a server does not need: what installs packages, and what gives others' rights.
# Its Python comes uncompiled; what the exporter may import of it is compiled as ours is.
# The state is writable for our user, and for any user whose group is 0.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/ensurepip /usr/local/lib/python3.*/site-packages/* \
    && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
    && PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode unchecked-hash \
        -x '/(idlelib|lib2to3|pydoc_data|site-packages|test|tkinter|turtledemo)/' /usr/local/lib/python3.* \
    && echo 'presence-exporter:x:65532:65532::/var/lib/presence-exporter:/usr/sbin/nologin' >>/etc/passwd \
    && echo 'presence-exporter:x:65532:' >>/etc/group \
    && install -d -m 0755 /etc/presence-exporter \
    && install -d -m 0770 -o 65532 -g 0 /var/lib/presence-exporter
COPY --from=builder /opt/presence-exporter /opt/presence-exporter

ENV PATH=/opt/presence-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
EXPOSE 10458
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/opt/presence-exporter/bin/presence-exporter", "healthcheck"]
ENTRYPOINT ["/opt/presence-exporter/bin/presence-exporter"]

# Last, since they change with each build and nothing follows from them.
ARG BASE_NAME
ARG BASE_DIGEST
ARG HOME_PAGE=https://presence-exporter.example.org
ARG SOURCE=https://presence-exporter.example.org
ARG VENDOR="The presence exporter project"
ARG AUTHORS="The presence exporter project"
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="presence-exporter" \
    org.opencontainers.image.description="Prometheus exporter for who is present: Daily video rooms and Rocket.Chat workspaces" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.url="${HOME_PAGE}" \
    org.opencontainers.image.documentation="${HOME_PAGE}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.vendor="${VENDOR}" \
    org.opencontainers.image.authors="${AUTHORS}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.base.name="${BASE_NAME}" \
    org.opencontainers.image.base.digest="${BASE_DIGEST}"
