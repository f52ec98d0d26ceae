#!/bin/sh
# Gives a wheel the manylinux tag that its libraries allow, in place, and prints its path. Nothing inside it changes.
# A wheel without such a tag is still good for this system. Usage: tag_wheel.sh PYTHON WHEEL
set -eu
python=$1
wheel=$2
tag=$("$python" -m auditwheel show "$wheel" 2>/dev/null | tr '\n' ' ' |
  sed -nE 's/.*platform tag: *"(manylinux_[a-z0-9_]+)".*/\1/p') || tag=
if [ -n "$tag" ]; then
  wheel=$(dirname "$wheel")/$("$python" -m wheel tags --remove --platform-tag "$tag" "$wheel")
fi
printf '%s\n' "$wheel"
