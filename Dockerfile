FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends npm && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/rapport
COPY requirements.txt package.json package-lock.json ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt && npm ci --ignore-scripts
COPY . .
RUN .venv/bin/python -m crm.assets collect && rm -rf node_modules

FROM python:3.11-slim
RUN useradd --system --home /opt/rapport rapport && mkdir -p /var/lib/rapport && chown rapport /var/lib/rapport
COPY --from=build /opt/rapport /opt/rapport
WORKDIR /opt/rapport
USER rapport
ENV PATH=/opt/rapport/.venv/bin:$PATH DATA_DIR=/var/lib/rapport
CMD ["gunicorn", "crm.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--no-control-socket"]
