# hailsim, with its kernels compiled: docker build --file docker/simulator.Dockerfile --tag hailsim .
# Pass --build-arg PYTHON_IMAGE=python@sha256:... for a digest; nothing else names a foreign image.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements-simulator.lock ./
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements-simulator.lock
COPY simulator/ simulator/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation ./simulator

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 tunegate && useradd --uid 10001 --gid 10001 --create-home tunegate
COPY --from=build /opt/venv /opt/venv
# numba takes compiled code only for the very processor it was compiled for, unless it is told to compile for a family: x86-64-v3 is
# every machine with AVX2, in Google's zones all of them. Containers copy the kernels to /tmp/cache, see hailsim/kernels/compiled.py.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache \
    NUMBA_CACHE_DIR=/opt/venv/kernels \
    NUMBA_CPU_NAME=x86-64-v3 \
    NUMBA_CPU_FEATURES=+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+sahf,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave
RUN hailsim warmup
USER 10001:10001
WORKDIR /home/tunegate
# A simulation runs to its end and tells by its exit code; there is nothing to ask in between.
HEALTHCHECK NONE
ENTRYPOINT ["hailsim"]
CMD ["describe"]
