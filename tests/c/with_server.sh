#!/bin/sh
# Runs a command with OXIPIPE_URL set to a private server on a Unix socket, and TMPDIR to a directory of its own; stops the
# server and removes the directory afterwards. The server binary is $OXIPIPE_SERVER, or valkey-server or redis-server from PATH.
set -eu

server=${OXIPIPE_SERVER:-$(command -v valkey-server || command -v redis-server || true)}
if [ -z "$server" ]; then
    echo "with_server.sh: install valkey-server or redis-server, or set OXIPIPE_SERVER" >&2
    exit 1
fi

directory=$(mktemp -d)
pid=
clean_up() {
    if [ -n "$pid" ]; then
        # A test may have stopped it itself.
        kill "$pid" 2>/dev/null || true
        # A test may have stopped it.
        kill -CONT "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# The server says in its log when it is ready: reading that line is the wait.
mkfifo "$directory/log"
"$server" --port 0 --unixsocket "$directory/socket" --dir "$directory" --save '' --appendonly no \
    --enable-debug-command yes --daemonize no >"$directory/log" 2>&1 &
pid=$!
if ! grep -q 'eady to accept' "$directory/log"; then
    echo "with_server.sh: $server did not start" >&2
    exit 1
fi

# Deadlines that only a hang reaches; a test that wants one to pass sets its own.
OXIPIPE_URL="unix://$directory/socket?timeout=120&connect_timeout=120" TMPDIR="$directory" "$@"
