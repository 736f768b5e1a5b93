#!/bin/sh
# expect_output.sh FILE PROGRAM: runs the program with the URL of the test server; its standard output must be the file's.
set -eu
output=$("$2" "$OXIPIPE_URL")
printf '%s\n' "$output" | diff -u "$1" -
