# The image of the bot. What is shipped is what the lock file has, by hash, as wheels: nothing is
# compiled, and neither a compiler nor a package installer of its own is in the result.
FROM python:3.14.7-slim-trixie AS build

WORKDIR /build
COPY requirements.txt .
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes -r requirements.txt
WORKDIR /app
COPY bot bot
COPY models models
RUN python -m compileall -q bot models \
    && mkdir /data

FROM python:3.14.7-slim-trixie

ENV PATH=/venv/bin:$PATH \
    HOME=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8000 \
    DATABASE_URL=sqlite:////data/send-as.db

WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY LICENSE .
# The one place that it writes to, and only with a SQLite file: everything else can be read-only.
COPY --from=build --chown=10001:10001 /data /data
VOLUME /data

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether the process comes round. It says so while it waits for its database, too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

# No entry point: hosts that run a command of their own, as "python -m bot migrate", run just that.
CMD ["python", "-m", "bot", "serve"]
