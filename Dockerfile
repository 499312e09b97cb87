# The service in a container. Neo4j beside it: docker-compose.yml.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /venv
# Dependencies first: they change less often than the source, and their layer is large.
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --no-deps --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY graph graph
COPY distill distill
COPY service service
COPY cometgraph cometgraph
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 cometgraph \
    && mkdir /data \
    && chown cometgraph:cometgraph /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COMETGRAPH_STORE=/data/graph \
    COMETGRAPH_CACHE=/data/models \
    HF_HOME=/data/hub
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["cometgraph"]
# Everything reaches the container from outside, so it wants COMETGRAPH_API_KEYS, or --allow-anonymous.
CMD ["serve", "--host", "0.0.0.0"]
