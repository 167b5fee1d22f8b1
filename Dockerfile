# schemagate in a small image: `docker build -t schemagate .`
#
#   docker run -p 8080:8080 -v ./proxy.toml:/etc/schemagate/proxy.toml:ro -e DATABASE_URL schemagate

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches survive between builds; the program has to be copied out of one.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin schemagate \
    && cp target/release/schemagate /usr/local/bin/schemagate

FROM debian:bookworm-slim
# The system's root certificates: sslmode=verify-full and TLS upstreams are verified against them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin schemagate
COPY --from=build /usr/local/bin/schemagate /usr/local/bin/schemagate
USER 10001:10001
# Clients; and operators, where the configuration opens [admin] beyond loopback (it asks for a token then).
EXPOSE 8080 9901
STOPSIGNAL SIGTERM
ENTRYPOINT ["schemagate"]
CMD ["run", "--config", "/etc/schemagate/proxy.toml"]
