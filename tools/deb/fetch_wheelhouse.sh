#!/bin/sh
# Brings the pinned build wheels of debian/wheelhouse.txt into a folder; the only step of the Debian build that needs a
# network. Usage: fetch_wheelhouse.sh FOLDER
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$1"
mkdir -p "$1"
if ! "${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary=:all: --platform=any --implementation=py --python-version=3.10 \
    --dest "$1" --requirement "$root/debian/wheelhouse.txt"; then
  echo "fetch_wheelhouse.sh: the build wheels cannot be fetched: run it once with pip (python3-pip) and a network" >&2
  exit 1
fi
touch "$1/complete"
