# What every example's `try` has in common: a database, the app, schemagate in front of it, and what is expected of them.
# To be sourced by bash. $DATABASE_URL, $PORT, $APP_PORT, $ADMIN_PORT and $SCHEMAGATE (the program) may be set.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[1]}")"
here=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
chmod 755 "$work"
export PORT=${PORT:-8080} APP_PORT=${APP_PORT:-3000} ADMIN_PORT=${ADMIN_PORT:-9901}
export NO_COLOR=1 PYTHONDONTWRITEBYTECODE=1 npm_config_update_notifier=false
children=()

finish() {
    local code=$?
    trap - EXIT
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
    if [ "$code" -ne 0 ]; then tail -n 30 "$work"/*.log >&2 || true; fi
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() { echo "try: $*" >&2; exit 1; }

# What comes next, for whoever watches.
step() { printf '\n== %s\n' "$*"; }

# Shows a command and runs it.
run() { printf '$ %s\n' "$*"; "$@"; }

# `installed node_modules` or `installed .venv`: what the lock file names, once.
installed() {
    case $1 in node_modules) set -- "$1/.package-lock.json" ;; .venv) set -- "$1/installed" ;; esac
    make --no-print-directory --silent -C "$root" "examples/${here##*/}/$1"
}

# `until_true SECONDS WHAT COMMAND…`
until_true() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "not within the time: $what"
        sleep 0.05
    done
}

# $DATABASE_URL, or else a PostgreSQL of its own, which goes with the script.
database() {
    [ -z "${DATABASE_URL:-}" ] || return 0
    local bin data=$work/pg port=${PGPORT:-5499} demoted=()
    bin=$(dirname "$(realpath "$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | tail -n 1)")")
    [ -x "$bin/postgres" ] || fail "there is no PostgreSQL: install it, or set DATABASE_URL to an empty database"
    mkdir "$data"
    # PostgreSQL does not run as root.
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$data"
        demoted=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
    (cd "$data" && exec "${demoted[@]}" "$bin/initdb" -D "$data" -U postgres --auth=trust --no-sync --locale=C --encoding=UTF8) \
        >"$work/initdb.log" 2>&1
    (cd "$data" && exec "${demoted[@]}" "$bin/postgres" -D "$data" -p "$port" -k "$data" -c listen_addresses=127.0.0.1 -c fsync=off) \
        >"$work/postgres.log" 2>&1 &
    children+=($!)
    until_true 30 "PostgreSQL starts" grep -qs ready "$data/postmaster.pid"
    export DATABASE_URL="postgresql://postgres@127.0.0.1:$port/postgres"
}

# schemagate itself: built from this checkout where it is not installed.
schemagate() {
    if [ -z "${SCHEMAGATE:-}" ]; then
        if ! SCHEMAGATE=$(command -v schemagate); then
            (cd "$root" && cargo build --locked --quiet)
            SCHEMAGATE=$root/target/debug/schemagate
        fi
        export SCHEMAGATE
    fi
    "$SCHEMAGATE" "$@"
}

answers() { curl -s -o /dev/null "http://127.0.0.1:$1/"; }

# `app COMMAND…` starts the application, which listens on $APP_PORT.
app() {
    printf '$ %s &\n' "$*"
    "$@" >"$work/app.log" 2>&1 &
    children+=($!)
    until_true 60 "the app listens on port $APP_PORT" answers "$APP_PORT"
}

# `gate PATH [curl's options]` starts schemagate in front of it, and a client that asks for PATH on and on.
gate() {
    schemagate check >/dev/null
    printf '$ schemagate run &\n'
    "$SCHEMAGATE" run >"$work/schemagate.log" 2>&1 &
    children+=($!)
    until_true 30 "schemagate listens on port $PORT" answers "$PORT"
    (while :; do status GET "$@"; sleep 0.02; done >>"$work/statuses") &
    asker=$!
    children+=("$asker")
}

# `status METHOD PATH [curl's options]`: prints what schemagate answers.
status() {
    local method=$1 path=$2
    shift 2
    curl -s -o "$work/body.$BASHPID" -w '%{http_code}\n' -X "$method" "$@" "http://127.0.0.1:$PORT$path" || true
    rm -f "$work/body.$BASHPID"
}

# `expect STATUS METHOD PATH [curl's options]`: what a client gets, which must be so.
expect() {
    local wanted=$1 found body
    shift
    body=$(curl -s -w '\n%{http_code}' -X "$1" "${@:3}" "http://127.0.0.1:$PORT$2")
    found=${body##*$'\n'} body=${body%$'\n'*}
    printf '%-7s %-28s %s  %.110s\n' "$1" "$2" "$found" "${body//$'\n'/ }"
    [ "$found" = "$wanted" ] || fail "$1 $2 was to answer $wanted"
}

# The same of the application without schemagate.
expect_behind() {
    local PORT=$APP_PORT
    expect "$@"
}

# `page PATH`: a browser gets schemagate's page, which names no table.
page() {
    local answer
    answer=$(curl -s -i -H 'Accept: text/html' "${@:2}" "http://127.0.0.1:$PORT$1")
    grep -q '^HTTP/1.1 503' <<<"$answer" && grep -qi '^content-type: text/html' <<<"$answer" || fail "no page at $1: $answer"
    printf 'a browser at %s sees: %s\n' "$1" "$(grep -o '<h1>[^<]*' <<<"$answer" | cut -c5-)"
}

is_status() { [ "$(status "${@:2}")" = "$1" ]; }

# `opens METHOD PATH [curl's options]`: within the time that schemagate promises, and some for a busy machine.
opens() {
    until_true 10 "$1 $2 answers 200" is_status 200 "$@"
    expect 200 "$@"
}

# `judged CODE [ARGUMENTS]`: `check --database` in a deploy script.
judged() {
    local wanted=$1 code=0
    shift
    printf '$ schemagate check --database %s\n' "$*"
    schemagate check --database "$@" || code=$?
    [ "$code" -eq "$wanted" ] || fail "check --database ended with $code instead of $wanted"
}

answered() { grep -cE "^$1\$" "$work/statuses" || true; }

# Of all that the client asked on and on, nothing was answered 5xx but by 503.
no_500() {
    kill "$asker"
    wait "$asker" 2>/dev/null || true
    printf '\nof a client that asked all the time: %s × 200, %s × 503, %s × another failure\n' \
        "$(answered 200)" "$(answered 503)" "$(answered '(000|50[0-2]|50[4-9])')"
    [ "$(answered '(000|50[0-2]|50[4-9])')" -eq 0 ] || fail "a failure came through"
}
