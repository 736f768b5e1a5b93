#!/bin/bash
# Runs a command some times in a row while two busy loops per core keep the machine from it: busy.sh ROUNDS COMMAND...
# Ends with the first run that fails, and the loops end with it.
set -euo pipefail

rounds=$1
shift

loops=()
end_loops() {
    kill "${loops[@]}" 2>/dev/null || true
}
trap end_loops EXIT
trap 'exit 1' HUP INT TERM

for ((n = 2 * $(nproc); n > 0; n--)); do
    # Ends by itself, should this script be killed.
    bash -c 'while kill -0 "$1" 2>/dev/null; do for ((i = 0; i < 1000000; i++)); do :; done; done' loop $$ &
    loops+=($!)
done

for ((round = 1; round <= rounds; round++)); do
    echo "busy.sh: round $round of $rounds"
    "$@"
done
echo "busy.sh: $rounds rounds passed beside ${#loops[@]} busy loops"
