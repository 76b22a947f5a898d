#!/bin/sh
# Everything that CI runs, from a bare machine: installs what is missing, builds
# with gcc, clang and the sanitizers, and runs every suite, in two lanes.
#
#   sh tests/run.sh [--conformance DIR] [--sample DIR] [--long]
#
#   --conformance DIR  recorded cases from outside: DIR/asl, DIR/jsonpath, ...
#   --sample DIR       the published sample: its template and its events
#   --long             also what takes long: 200 rounds of kill -9, a full disk
#                      from each write on, 300 s of a slow reader, two million
#                      inputs a fuzz target, ten million for HTTP, 12,000
#                      random expressions
#
# One line a suite; the log of each stays in build/logs.  The last line is
# "N passed, N failed, N skipped".  Exit code: 0, 1 some failed, 2 usage, 3 the
# machine cannot be prepared.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/support/prepare.sh"
conformance=""
long=0
PAVANE_SAMPLE=""
folder() {
    [ -d "$2" ] || { say "run.sh: $1: no folder '$2'" >&2; exit 2; }
    (cd "$2" && pwd)
}
while [ $# -gt 0 ]; do
    case "$1" in
    --conformance) conformance=$(folder "$1" "${2:-}") || exit 2; shift ;;
    --sample) PAVANE_SAMPLE=$(folder "$1" "${2:-}") || exit 2; shift ;;
    --long) long=1 ;;
    --help) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) say "run.sh: no option '$1'; --help tells more" >&2; exit 2 ;;
    esac
    shift
done
[ -n "$PAVANE_SAMPLE" ] && export PAVANE_SAMPLE
PAVANE_CONFORMANCE=$conformance
[ -n "$conformance" ] && export PAVANE_CONFORMANCE
kills=20
fuzz_runs=30000
random_seeds=2
PAVANE_SLOW_READER=20
PAVANE_FULL_STRIDE=4
[ $long = 1 ] && PAVANE_FULL_STRIDE=1 kills=200 fuzz_runs=2000000 random_seeds=12 PAVANE_SLOW_READER=300
export PAVANE_SLOW_READER PAVANE_FULL_STRIDE

install $BUILD_PACKAGES $TEST_PACKAGES || exit 3
npm_tools || { say "run.sh: npm could not bring $AXE, $JSONATA and $SDK" >&2; exit 3; }
logs=$top/build/logs
rm -rf "$logs"
mkdir -p "$logs"
python=/usr/bin/python3

# What a suite's log says: its last "N passed, ..." line, or TAP.
tally() {
    if grep -q '^1\.\.[0-9]' "$1"; then
        awk '/^ok .*# *[Ss][Kk][Ii][Pp]/ { s++; next } /^ok / { p++ }
             /^not ok / { f++ } END { print p + 0, f + 0, s + 0 }' "$1"
    else
        sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
            "$1" | tail -n 1
    fi
}

# suite NAME COMMAND...: runs it, counts it, shows what failed.
suite() {
    name=$1
    shift
    began=$(date +%s)
    "$@" >"$logs/$name.log" 2>&1
    code=$?
    counts=$(tally "$logs/$name.log")
    [ -n "$counts" ] || counts="$([ $code = 0 ] && echo "1 0 0" || echo "0 1 0")"
    set -- $counts
    # Green counts and a red exit: a crash or a sanitizer's report.
    if [ $code != 0 ] && [ "$2" = 0 ]; then
        set -- "$1" 1 "$3"
    fi
    echo "$1 $2 $3" >>"$logs/tally"
    say "$(printf '%-28s %5s passed %3s failed %5s skipped  %4s s' "$name" \
        "$1" "$2" "$3" "$(($(date +%s) - began))")"
    [ "$2" = 0 ] || tail -n 40 "$logs/$name.log" | sed 's/^/    /'
}

# units BUILD PREFIX NAME...
units() {
    folder=$1
    prefix=$2
    shift 2
    for unit in "$@"; do
        CMOCKA_MESSAGE_OUTPUT=TAP suite "$prefix$unit" "$folder/tests/unit_$unit"
    done
}

# cases BUILD PREFIX DIR: the conformance runner over DIR's kinds.
cases() {
    for kind in asl jsonpath jsonata event-patterns; do
        [ -d "$3/$kind" ] || continue
        suite "$2$kind" "$1/tests/conformance" $kind "$3/$kind" --failures \
            --known "$top/tests/conformance/known-failures.json"
    done
}

# Random expressions, a seed at a time: what the reference makes of them.
random_jsonata() {
    for seed in $(seq 1 "$random_seeds"); do
        folder=$logs/jsonata-random-$seed
        mkdir -p "$folder"
        node "$top/tests/conformance/jsonata_random.js" \
            "$top/build/tools/node_modules/jsonata" 1000 "$seed" >"$folder/cases.json" || return 1
        "$top/build/tests/conformance" jsonata "$folder" --failures || return 1
    done
}

# e2e BUILD PREFIX NAME...
e2e() {
    PAVANE=$1/pavane
    export PAVANE
    prefix=$2
    shift 2
    for part in "$@"; do
        suite "$prefix$part" $python "$top/tests/e2e/test_$part.py"
    done
}

all_units="doc base machine step record query pattern store run http_parse pages"
werror=-DCMAKE_COMPILE_WARNING_AS_ERROR=ON

# The engine stands for nobody longer than this; measured by its thread's time,
# on a machine whose pace is at most that; on a slower one as much longer.
longest_turn_us=50000
pace_us=25000
turns() {
    for seeds in "$top"/build/tests/seeds_*; do
        "$seeds" "$top/tests/fuzz/seeds/${seeds##*/seeds_}" >>"$1" || return 1
    done
    sort -n "$1" | tail -n 1
    most=$(sort -n "$1" | tail -n 1 | cut -d " " -f 1)
    pace=$("$top/build/tests/pace") || return 1
    [ "$pace" -gt $pace_us ] || pace=$pace_us
    echo "at most $((longest_turn_us * pace / pace_us)) us here: $longest_turn_us at the pace of $pace_us, here $pace"
    [ "${most:-0}" -le $((longest_turn_us * pace / pace_us)) ] && echo "1 passed, 0 failed, 0 skipped"
}

gcc_lane() {
    suite gcc-build build "$top/build" $werror
    units "$top/build" unit- $all_units
    cases "$top/build" cases- "$top/tests/conformance/cases"
    [ -n "$conformance" ] && cases "$top/build" outside- "$conformance"
    suite jsonata-random random_jsonata
    PAVANE_KILLS=$kills
    PAVANE_TURNS=$logs/turns
    export PAVANE_KILLS PAVANE_TURNS
    e2e "$top/build" e2e- reads power strain keeping retention backup upgrade commands machines systems play plays bad_input http front_door api limits tasks bus events outbound alerts sources work language jsonata weak_points clients graph find explained answer past ledger flow faults browser
    [ -n "$PAVANE_SAMPLE" ] && e2e "$top/build" e2e- sample
    suite longest-turn turns "$PAVANE_TURNS"
    unset PAVANE_TURNS
    suite plays "$top/build/pavane" play "$top"/machines/*/
    suite demo sh "$top/machines/demo.sh" --once
    PAVANE_KILLS=5
    suite tsan-build build "$top/build-tsan" -DPAV_TSAN=ON
    units "$top/build-tsan" tsan-unit- base store run
    e2e "$top/build-tsan" tsan-e2e- machines http bus outbound faults flow
    suite planted-bugs-1 $python "$top/tests/faults/planted.py" --share 1/2
}

format() {
    git -C "$top" ls-files '*.c' '*.h' | sed "s|^|$top/|" |
        xargs clang-format --dry-run -Werror
}

clang_lane() {
    [ -d "$top/.git" ] && suite format format
    suite lint $python "$top/tests/lint/lint.py"
    suite oracle $python "$top/tests/conformance/oracle.py"
    suite cppcheck sh "$top/tests/lint/cppcheck.sh"
    suite clang-build env CC=clang sh -c \
        ". '$top/tests/support/prepare.sh'; top='$top'; build '$top/build-clang' $werror"
    suite asan-build build "$top/build-asan" -DPAV_SANITIZE=ON -DPAV_HARD=ON
    units "$top/build-asan" asan-unit- $all_units
    cases "$top/build-asan" asan-cases- "$top/tests/conformance/cases"
    PAVANE_KILLS=5
    export PAVANE_KILLS
    e2e "$top/build-asan" asan-e2e- machines systems plays jsonata play bad_input http retention backup api tasks bus events outbound alerts sources weak_points faults ledger flow
    suite fuzz-build env CC=clang sh -c \
        ". '$top/tests/support/prepare.sh'; top='$top'; build '$top/build-fuzz' -DPAV_FUZZ=ON $werror"
    suite fuzz $python "$top/tests/fuzz/run.py" "$top/build-fuzz" --runs $fuzz_runs
    suite planted-bugs-2 $python "$top/tests/faults/planted.py" --share 2/2
}

gcc_lane &
first=$!
clang_lane &
second=$!
trap 'kill $first $second 2>/dev/null; exit 130' INT TERM
wait $first
wait $second
awk '{ p += $1; f += $2; s += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' \
    "$logs/tally"
