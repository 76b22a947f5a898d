#!/bin/sh
# What cppcheck finds in the code; cppcheck.txt has what it cannot see, with the reasons.
cd "$(dirname "$0")/../.." || exit 2
if cppcheck --enable=warning,performance,portability --error-exitcode=1 --inline-suppr --std=c11 --quiet -j2 \
    -I include -I engine -I dashboard --library=tests/lint/cppcheck.cfg \
    --suppressions-list=tests/lint/cppcheck.txt engine dashboard; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
