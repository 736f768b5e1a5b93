#!/bin/sh
# use.sh WAY SOURCES BUILD VERSION: builds the project here with the library installed into a directory of its own, or with
# the sources as a subdirectory, and runs it; shared and static.
set -eu
way=$1 sources=$2 build=$3 version=$4
project=$sources/tests/consumer/project
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

install_library() {
    cmake --install "$build" --prefix "$directory/usr" >/dev/null
    for file in oxipipe base adapters/dispatch adapters/poll adapters/libuv adapters/libevent adapters/glib; do
        test -f "$directory/usr/include/oxipipe/$file.h"
    done
}

build_project() {
    cmake -S "$project" -B "$directory/build" "$@" >/dev/null
    cmake --build "$directory/build"
    "$directory/build/consumer" "$version"
    "$directory/build/consumer_static" "$version"
}

case $way in
    find_package)
        install_library
        # The installed copy may be moved afterwards.
        mv "$directory/usr" "$directory/opt"
        build_project "-DCMAKE_PREFIX_PATH=$directory/opt" ;;
    add_subdirectory)
        build_project "-DOXIPIPE_SOURCES=$sources" "-DOXIPIPE_CARGO_TARGET_DIR=$OXIPIPE_CARGO_TARGET_DIR" ;;
    pkg_config)
        install_library
        file=$(find "$directory/usr" -name oxipipe.pc)
        libraries=$(dirname "$(dirname "$file")")
        pc() { PKG_CONFIG_PATH=$(dirname "$file") pkg-config "$@" oxipipe; }
        test "$(pc --modversion)" = "$version"
        # shellcheck disable=SC2046  # flags are several words
        cc "$project/consumer.c" $(pc --cflags --libs) "-Wl,-rpath,$libraries" -o "$directory/shared"
        # shellcheck disable=SC2046
        cc "$project/consumer.c" $(pc --cflags) -Wl,-Bstatic $(pc --static --libs | sed 's/-loxipipe/& -Wl,-Bdynamic/') \
            -o "$directory/static"
        "$directory/shared" "$version"
        "$directory/static" "$version"
        if readelf -d "$directory/static" | grep -q oxipipe; then
            echo "use.sh: the static program needs the shared library" >&2
            exit 1
        fi ;;
esac
