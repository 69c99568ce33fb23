# Two images from one file: `bot` talks to chats and has no torch, `engine` draws.
#   docker build --target bot -t danqing-bot .
#   docker build --target engine -t danqing-engine .
# With a GPU: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130, and see compose.yaml.

FROM debian:bookworm-slim AS python
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 danqing \
 && useradd --uid 10001 --gid danqing --no-create-home --home-dir /data --shell /usr/sbin/nologin danqing \
 && install -d -o danqing -g danqing /data /run/danqing

FROM python AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
WORKDIR /src
COPY pyproject.toml constraints.txt ./
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# What the program needs comes first, so that a change of the program does not fetch it again.
RUN mkdir adapters bot generation && touch README.md && python3 -m venv /opt/danqing

FROM build AS build-bot
# Where packages come from; unset means PyPI. pip reads these names by itself.
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CERT
RUN /opt/danqing/bin/pip install '.[telegram,discord]'
COPY README.md LICENSE ./
COPY bot bot
COPY generation generation
COPY adapters adapters
RUN /opt/danqing/bin/pip install --no-deps --force-reinstall . \
 && /opt/danqing/bin/pip uninstall --yes pip setuptools

FROM build AS build-engine
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CERT
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN /opt/danqing/bin/pip install --extra-index-url "$TORCH_INDEX" '.[engine]' \
 && /opt/danqing/bin/pip install --no-deps spandrel
COPY README.md LICENSE ./
COPY bot bot
COPY generation generation
COPY adapters adapters
RUN /opt/danqing/bin/pip install --no-deps --force-reinstall . \
 && /opt/danqing/bin/pip uninstall --yes pip setuptools

FROM python AS image
ENV PATH=/opt/danqing/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/tmp/huggingface \
    HF_HUB_OFFLINE=1 \
    DANQING_CONFIG=/etc/danqing/config.toml \
    DANQING_DATA_DIR=/data
COPY config.toml /etc/danqing/config.toml
USER danqing
WORKDIR /data

FROM image AS engine
COPY --from=build-engine /opt/danqing /opt/danqing
ENV DANQING_ENGINE__ADDRESS=unix:/run/danqing/engine.sock
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python3", "-m", "adapters.health", "engine"]
CMD ["danqing", "engine"]

FROM image AS bot
COPY --from=build-bot /opt/danqing /opt/danqing
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["python3", "-m", "adapters.health", "bot"]
CMD ["danqing", "run"]
