# cleanplate serve in a container: built in stages, run without rights on a file system that may be read-only.
#
#   docker build -t cleanplate .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL -p 127.0.0.1:8117:8117 -e CLEANPLATE_TOKEN=... cleanplate

FROM node:22-slim AS page
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
# Writes into ../src/cleanplate/server/page.
RUN npm run build

FROM python:3.12-slim AS wheels
WORKDIR /build
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src ./src
COPY training ./training
COPY --from=page /build/src/cleanplate/server/page ./src/cleanplate/server/page
RUN python -m venv /opt/cleanplate \
    && /opt/cleanplate/bin/pip install --no-cache-dir ".[server]"

FROM python:3.12-slim
LABEL org.opencontainers.image.title="cleanplate" \
      org.opencontainers.image.description="Erase, cut out and restore photographs on your own machine" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin cleanplate
COPY --from=wheels /opt/cleanplate /opt/cleanplate
# One thread for the matrix library (windows run side by side); nothing is written outside /tmp.
ENV PATH=/opt/cleanplate/bin:$PATH \
    HOME=/tmp \
    OPENBLAS_NUM_THREADS=1 \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8117
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8117/api/v1/health', timeout=4)"]
# The token comes from CLEANPLATE_TOKEN; without one the server does not start on this address.
ENTRYPOINT ["cleanplate", "serve", "--host", "0.0.0.0", "--port", "8117"]
