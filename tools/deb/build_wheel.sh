#!/bin/sh
# Builds the wheel with nothing but a Python, CMake, a compiler and a folder of build wheels: no pip, no venv, no network,
# and nothing written into the source tree. Prints the wheel's path.
# Usage: build_wheel.sh PYTHON WHEELHOUSE DESTINATION [HOST-TRIPLET]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=$1
wheelhouse=$(cd "$2" && pwd)
mkdir -p "$3"
destination=$(cd "$3" && pwd)
triplet=${4:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for wheel in "$wheelhouse"/*.whl; do "$python" -m zipfile -e "$wheel" "$work/tools"; done
export PYTHONPATH="$work/tools" PYTHONDONTWRITEBYTECODE=1
# Make, unlike Ninja, would take one processor.
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"

native=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("MULTIARCH") or "")')
toolchain=
if [ -n "$triplet" ] && [ "$triplet" != "$native" ]; then
  tag=$("$python" -c 'import sys; print("%d%d" % sys.version_info[:2])')
  export _PYTHON_HOST_PLATFORM="linux-${triplet%%-*}" SETUPTOOLS_EXT_SUFFIX=".cpython-$tag-$triplet.so"
  toolchain=$root/cmake/$triplet.cmake
fi

cd "$root"
"$python" - "$work" "$toolchain" <<'PYTHON' >&2
import os, sys
from scikit_build_core.build import build_wheel

work, toolchain = sys.argv[1:]
settings = {"build-dir": f"{work}/build"}
if toolchain:
    settings["cmake.args"] = f"--toolchain={toolchain}"
    settings["cmake.define.PYTHON_MODULE_EXTENSION"] = os.environ["SETUPTOOLS_EXT_SUFFIX"]
os.mkdir(f"{work}/built")
build_wheel(f"{work}/built", settings)
PYTHON

wheel=$("$root/tools/tag_wheel.sh" "$python" "$(echo "$work"/built/*.whl)")
mv -f "$wheel" "$destination/"
printf '%s\n' "$destination/$(basename "$wheel")"
