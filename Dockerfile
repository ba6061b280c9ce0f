# docker build -t dateline .
# docker run --rm -v dateline:/data dateline migrate
# docker run -d -v dateline:/data -p 127.0.0.1:8000:8000 dateline
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1

FROM base AS wheel
WORKDIR /src
COPY requirements-build.lock ./
RUN python -m pip install --require-hashes --requirement requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY migrations ./migrations
COPY seed ./seed
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM base AS builder
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN /opt/venv/bin/python -m pip install --require-hashes --requirement requirements.lock
COPY --from=wheel /wheels /wheels
RUN /opt/venv/bin/python -m pip install --no-deps --no-index /wheels/*.whl

FROM base
COPY --from=builder /opt/venv /opt/venv
RUN install -d -o 10001 -g 10001 /data
ENV PATH=/opt/venv/bin:$PATH \
    DATELINE_HOST=0.0.0.0 \
    DATELINE_PORT=8000 \
    DATELINE_DATABASE_URL=sqlite:////data/dateline.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['DATELINE_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["dateline"]
CMD ["serve"]
