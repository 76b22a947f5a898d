#!/bin/sh
# Brings up every system of this folder: installs what is missing, builds, starts
# a real daemon and stand-ins for what is outside, sends every sample, prints
# what each system is for and its page, and leaves the dashboard open until
# Ctrl-C.
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

if [ $once = 1 ]; then
    "$pavane" up "$top/machines" --listen "127.0.0.1:$port" --once
else
    exec "$pavane" up "$top/machines" --listen "127.0.0.1:$port"
fi
