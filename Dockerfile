# Remit in one image: by itself the whole of it (`up`), in compose.yaml one process per container.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    PATH=/opt/venv/bin:$PATH \
    REMIT_STATE=/var/lib/remit

# What sets the charter as a PDF, and a font for letters that ours has not.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

RUN pip install --no-cache-dir uv \
    && useradd --system --create-home remit \
    && install --directory --owner=remit --group=remit /var/lib/remit

WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-cache
COPY . .

USER remit
VOLUME /var/lib/remit
EXPOSE 8000
CMD ["python", "manage.py", "up", "--host", "0.0.0.0"]
