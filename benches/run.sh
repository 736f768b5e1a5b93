#!/bin/sh
# Everything `make bench` does: installs what is missing, measures, prints, renders the report.
#
#   benches/run.sh [--quick] [--only GROUP[,GROUP..]] [--rounds N] [--docs | --no-docs] [--list]
#
# Exit status: 0 measured (whatever the speed), 1 a measurement crashed or failed its check,
# 2 bad arguments, 3 something needed is missing and could not be installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

case " $* " in
*" --help "* | *" -h "* | *" --list "*) ;;
*) "$here/peers/setup.sh" ;;
esac
exec python3 "$here/run.py" "$@"
