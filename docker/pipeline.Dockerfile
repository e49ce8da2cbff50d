# cli, flows, tasks, orchestration and tunegate, on top of a simulator: docker build --file docker/pipeline.Dockerfile --build-arg SIMULATOR_IMAGE=hailsim .
# Every run of every pool has this image: each of them may have to start the simulator (docs/adr/0013-one-image-on-the-simulators.md).
ARG SIMULATOR_IMAGE

FROM ${SIMULATOR_IMAGE} AS build
# Only the wheel leaves this stage.
# hadolint ignore=DL3002
USER 0:0
WORKDIR /build
COPY pyproject.toml README.md ./
COPY cli/ cli/
COPY flows/ flows/
COPY orchestration/ orchestration/
COPY tasks/ tasks/
COPY tunegate/ tunegate/
RUN pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheels .

FROM ${SIMULATOR_IMAGE}
USER 0:0
COPY requirements-team.lock /tmp/
# The simulator's packages are there already, in the same versions: this layer holds the others.
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/requirements-team.lock
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps /wheels/*.whl
WORKDIR /srv/tunegate
COPY configs/ configs/
ENV TUNEGATE_HOME=/var/lib/tunegate \
    PREFECT_HOME=/tmp/prefect
RUN install --directory --owner=10001 --group=10001 /var/lib/tunegate
USER 10001:10001
# Server and workers have probes in infra/kubernetes; a run tells by its exit code.
HEALTHCHECK NONE
ENTRYPOINT []
CMD ["tunegate", "--help"]
