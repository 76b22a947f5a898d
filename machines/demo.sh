#!/bin/sh
# Runs the machines of this folder through a real daemon: installs what is
# missing, builds, sends every sample of events, prints where each order and car
# stands, and leaves the dashboard open until Ctrl-C.
#
#   sh machines/demo.sh [--once] [--port N]
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/support/prepare.sh"
once=0
port=8080
while [ $# -gt 0 ]; do
    case "$1" in
    --once) once=1 ;;
    --port) port=${2:?a number must follow --port}; shift ;;
    --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) say "demo.sh: no option '$1'; --help tells more" >&2; exit 2 ;;
    esac
    shift
done
[ $once = 1 ] && port=0

install $BUILD_PACKAGES || exit 3
say "building ..."
build "$top/build" || exit 3
pavane=$top/build/pavane

data=$(mktemp -d)
daemon=""
finish() {
    [ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null
    rm -rf "$data"
}
trap finish EXIT
trap 'exit 0' INT TERM

"$pavane" serve --db "$data/pavane.db" --machines "$top/machines" \
    --listen "127.0.0.1:$port" >"$data/out" 2>"$data/err" &
daemon=$!
while [ ! -s "$data/out" ]; do
    kill -0 "$daemon" 2>/dev/null || { cat "$data/err" >&2; daemon=""; exit 3; }
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$data/out")

for file in "$top"/machines/*/events/*.json; do
    python3 - "$file" >"$data/events.json" <<'PY' || exit 1
import json, sys
print(json.dumps(json.load(open(sys.argv[1]))["events"]))
PY
    say "sending ${file#"$top"/}"
    "$pavane" send --url "$url" "$data/events.json" >/dev/null || exit 1
done

say ""
say "Where each one stands:"
"$pavane" list --url "$url" | sort
say ""
"$pavane" show --url "$url" order-1004
say ""
[ $once = 1 ] && exit 0
say "The dashboard: $url    (Ctrl-C ends it)"
wait "$daemon"
