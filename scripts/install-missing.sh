#!/usr/bin/env bash
# Installs what a build or the tests need and this machine lacks, where that is allowed:
# on Debian and Ubuntu, as root or with a sudo that asks no password.
# Otherwise it says what to install, and stops.
#
# Usage: install-missing.sh build|test|apps|browser|wire|bench|budgets|slow|rules|packages
set -euo pipefail

# A program or file that tells whether it is there, and the package that brings it.
build=(cmake:cmake cc:gcc c++:g++ make:make)
test=(initdb:postgresql pgbouncer:pgbouncer node:nodejs npm:npm openssl:openssl nginx:nginx haproxy:haproxy caddy:caddy)
apps=(initdb:postgresql node:nodejs npm:npm python3:python3 ensurepip:python3-venv)
browser=(chromium:chromium)
wire=(nginx:nginx haproxy:haproxy)
bench=(nginx:nginx haproxy:haproxy caddy:caddy wrk:wrk h2load:nghttp2-client taskset:util-linux openssl:openssl)
budgets=(valgrind:valgrind)
rules=(promtool:prometheus node:nodejs)
packages=(python3:python3 ensurepip:python3-venv systemd-analyze:systemd update-ca-certificates:ca-certificates buildah:buildah)
slow=(slowhttptest:slowhttptest h2load:nghttp2-client)

# Debian installs servers where a user's PATH does not look.
has() {
    # Debian's Python comes without it.
    if [ "$1" = ensurepip ]; then python3 -c 'import ensurepip, venv' 2>/dev/null; return; fi
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}

case "${1:-}" in
    build) wanted=("${build[@]}") ;;
    test) wanted=("${test[@]}") ;;
    apps) wanted=("${apps[@]}") ;;
    browser) wanted=("${browser[@]}") ;;
    wire) wanted=("${wire[@]}") ;;
    bench) wanted=("${bench[@]}") ;;
    budgets) wanted=("${budgets[@]}") ;;
    rules) wanted=("${rules[@]}") ;;
    packages) wanted=("${packages[@]}") ;;
    slow) wanted=("${slow[@]}") ;;
    *) echo "usage: $0 build|test|apps|browser|wire|bench|budgets|slow|rules|packages" >&2; exit 2 ;;
esac

missing=()
for pair in "${wanted[@]}"; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
done

if ! command -v "${CARGO:-cargo}" >/dev/null; then
    echo "cargo is missing: install Rust with rustup (https://rustup.rs)." >&2
    exit 1
fi

# Older distributions have a Node.js that today's Express does not run on, and no newer one to install.
enough_node() {
    local least=18
    # NestJS and Prisma's client.
    if [ "$1" = apps ]; then least=20; fi
    [[ " ${wanted[*]}" != *" node:"* ]] || node -e 'process.exit(Number(process.versions.node.split(".")[0]) < Number(process.argv[1]) ? 1 : 0)' "$least" || {
        echo "Node.js $(node --version) is too old: install version $least or newer." >&2
        exit 1
    }
}

if [ "${#missing[@]}" -eq 0 ]; then
    enough_node "$1"
    exit 0
fi

may=()
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" -eq 0 ]; then
        may=(env)
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        may=(sudo)
    fi
fi
if [ "${#may[@]}" -eq 0 ]; then
    echo "Missing: ${missing[*]}. Install them and try again, for example:" >&2
    echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

echo "installing: ${missing[*]}"
"${may[@]}" apt-get update -qq
# The packages' own services are of no use here: the tests start servers of their own.
"${may[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
enough_node "$1"
