#!/usr/bin/env bash
# The packages, as far as a machine without Docker can prove them: every file is looked at by whoever knows its kind, the image's
# file system is laid out and run, and the Debian package is made and read. Called by `make packages`, which builds first.
#
# Usage: check-packages.sh PROGRAM TOOLS PACKAGE
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(readlink -f "$1")
tools=$(readlink -f "$2")
package=$(readlink -f "$3")
work=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill "$running"; rm -rf "$work"' EXIT

step() { echo "== $*"; }

step "Dockerfiles (hadolint)"
"$tools/hadolint" --failure-threshold info Dockerfile deploy/compose/*.Dockerfile

step "the compose file (the schema of compose-spec), and the files that it names"
"$tools/check-jsonschema" --quiet --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
grep -oE '(\.\.?/)[^: ]+' deploy/compose/compose.yaml | sort -u | while read -r named; do
    [ -e "deploy/compose/$named" ] || [ -e "examples/express-knex/$named" ] || { echo "compose.yaml names $named, which is not there" >&2; exit 1; }
done

step "configurations, as an editor sees them (tombi)"
"$program" schema >"$work/proxy.schema.json"
cmp "$work/proxy.schema.json" proxy.schema.json
"$tools/tombi" lint --offline --quiet proxy.toml
# A wrong key, a wrong type: both are seen, or the schema is of no use to an editor.
sed 's/^servers = /srvers = /; s/^http = .*/http = 5/' proxy.toml >"$work/proxy.toml"
if "$tools/tombi" lint --offline "$work/proxy.toml" >"$work/told" 2>&1; then
    echo "tombi finds nothing wrong with a proxy.toml that is wrong" >&2
    exit 1
fi
grep -q 'srvers' "$work/told"
grep -q 'String' "$work/told"
for config in deploy/debian/proxy.toml deploy/compose/schemagate.toml; do
    mkdir -p "$work/configured/migrations"
    cp "$config" "$work/configured/proxy.toml"
    # As the compose file mounts it.
    cp -r examples/express-knex/migrations/. "$work/configured/migrations/"
    DATABASE_URL=postgresql://shop@127.0.0.1/shop "$program" check --config "$work/configured/proxy.toml"
done

step "the unit (systemd-analyze)"
sed "s|/usr/bin/schemagate|$program|" deploy/systemd/schemagate.service >"$work/schemagate.service"
systemd-analyze verify --man=no "$work/schemagate.service" 2>&1 | tee "$work/verified"
[ ! -s "$work/verified" ]
# 0 is shut off from everything, 10 from nothing; what is left is the network that a proxy is for.
systemd-analyze security --offline=yes --threshold=20 --no-pager "$work/schemagate.service" | tail -n 1

step "the image's file system, laid out by the script that the Dockerfile runs, and run as its user"
scripts/image-root.sh "$program" "$work/image"
du -sh --exclude=schemagate "$work/image" | sed 's/\t.*/ beside the program/'
# No shell, no package manager: what is there is what was meant to be.
(cd "$work/image" && find . -type f -name 'sh' -o -type f -name 'bash' -o -type f -name 'apt*') | (! grep .)
if [ "$(id -u)" -eq 0 ]; then
    cat >"$work/image/etc/schemagate/proxy.toml" <<'TOML'
[listen]
http = "127.0.0.1:${PORT}"
[admin]
listen = "unix:/var/lib/schemagate/admin.sock"
[upstreams.app]
servers = ["127.0.0.1:9"]
[[routes]]
path = "/*"
[control]
state = "/var/lib/schemagate/state.json"
TOML
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    inside=(env -i PATH=/usr/local/bin SCHEMAGATE_CONFIG=/etc/schemagate/proxy.toml PORT="$port"
        "$(command -v chroot)" --userspec=10001:10001 "$work/image")
    "${inside[@]}" schemagate --version
    # Nothing runs yet, and so nothing is healthy.
    if "${inside[@]}" schemagate healthcheck 2>/dev/null; then exit 1; fi
    "${inside[@]}" schemagate run 2>"$work/log" &
    running=$!
    for _ in $(seq 100); do "${inside[@]}" schemagate healthcheck 2>/dev/null && break; sleep 0.1; done
    "${inside[@]}" schemagate healthcheck || { cat "$work/log"; exit 1; }
    "${inside[@]}" schemagate status
    "${inside[@]}" schemagate hold on --all
    [ "$(stat -c %u "$work/image/var/lib/schemagate/state.json")" = 10001 ]
    kill -TERM "$running"
    wait "$running"
    running=
else
    echo "not root: the image's program is not run in its own file system"
fi

step "the image, by the Dockerfile's own last stage (buildah)"
if [ "$(id -u)" -eq 0 ]; then
    # There is no registry to have the first stage's base image from: what that stage makes is put in its place.
    mkdir -p "$work/context/state"
    scripts/image-root.sh "$program" "$work/context/image"
    mv -T "$work/context/image/var/lib/schemagate" "$work/context/state"
    {
        printf 'FROM scratch AS build\nCOPY image /image\nCOPY state /state\n'
        sed -n '/^FROM scratch/,$p' Dockerfile
    } >"$work/context/Dockerfile"
    as() { buildah --storage-driver vfs --root "$work/store" --runroot "$work/run" "$@"; }
    as build --quiet --isolation chroot --pull=never --format docker --tag schemagate "$work/context" >/dev/null
    config=$(as inspect --type image schemagate |
        python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["Docker"]["config"], separators=(",", ":")))')
    for wanted in '"User":"10001:10001"' '"Test":["CMD","schemagate","healthcheck"]' '"Entrypoint":["schemagate"]' '"Cmd":["run"]' \
        'SCHEMAGATE_CONFIG=/etc/schemagate/proxy.toml' '"8080/tcp"'; do
        grep -qF "$wanted" <<<"$config" || { echo "the image lacks $wanted: $config" >&2; exit 1; }
    done
    container=$(as from --pull=never schemagate)
    # Its user may write where orders are kept, and nowhere else.
    [ "$(stat -c %u "$(as mount "$container")/var/lib/schemagate")" = 10001 ]
    as umount "$container" >/dev/null
else
    echo "not root: the image is not built"
fi

step "man pages and completions"
"$program" man --into "$work/man"
if command -v man >/dev/null; then
    for page in "$work"/man/*.1; do LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings=all -l "$page" 2>&1 >/dev/null | (! grep .); done
fi
"$program" completions bash | bash -n

step "the Debian package"
dpkg-deb --info "$package" | grep -E '^ (Package|Version|Depends|Installed-Size):'
[ "$(dpkg-deb --info "$package" conffiles)" = /etc/schemagate/proxy.toml ]
if [ "$(id -u)" -eq 0 ]; then
    unshare --mount scripts/try-deb.sh "$package"
else
    echo "not root: the package is not installed"
fi
echo "packages: all as it should be"
