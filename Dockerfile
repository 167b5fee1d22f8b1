# syntax=docker/dockerfile:1
# schemagate in an image of nothing but itself: `docker build -t schemagate .`
#
#   docker run -p 8080:8080 -v ./proxy.toml:/etc/schemagate/proxy.toml:ro -e DATABASE_URL schemagate
#
# It needs no privileges: docs/packages.md has the flags that take away what is left, and how it runs beside an application.

FROM rust:1.95-slim-bookworm AS build
# Not pinned: Debian keeps but the newest version of a package within a release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches survive between builds; the program has to be copied out of one.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin schemagate \
    && scripts/image-root.sh target/release/schemagate /image \
    && mv /image/var/lib/schemagate /state

# The program, the libraries that it is linked to and the system's root certificates: no shell, no package manager.
FROM scratch
COPY --from=build /image /
COPY --from=build --chown=10001:10001 /state /var/lib/schemagate
ENV PATH=/usr/local/bin \
    SCHEMAGATE_CONFIG=/etc/schemagate/proxy.toml
USER 10001:10001
# For `state = "/var/lib/schemagate/state.json"` under [control]: mount a volume here to keep operators' orders.
WORKDIR /var/lib/schemagate
# Clients; and operators, where the configuration opens [admin] beyond loopback (it asks for a token then).
EXPOSE 8080 9901
# Whether it answers at all; a broken schema is no reason to restart what keeps its requests out.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["schemagate", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["schemagate"]
CMD ["run"]
