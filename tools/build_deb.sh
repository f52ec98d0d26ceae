#!/bin/bash
# Builds the Debian packages into dist/: tools/build_deb.sh [arm64]. The tree is copied first, so that nothing of the build
# stays in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=""
for program in dpkg-buildpackage dh lintian; do command -v "$program" >/dev/null || missing+="${missing:+, }$program"; done
if [ -n "$missing" ]; then
  echo "build.sh: not found: $missing: apt-get install dpkg-dev debhelper lintian" >&2
  exit 1
fi
arch=${1:-$(dpkg --print-architecture)}
case $arch in
  amd64 | arm64) ;;
  *) echo "build.sh: the packages are for amd64 and arm64, not for '$arch'" >&2; exit 1 ;;
esac
if ! unmet=$(dpkg-checkbuilddeps -a"$arch" 2>&1); then
  echo "build.sh: ${unmet##*: error: } (apt-get build-dep -a $arch . installs them)" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/hobot-dnn"
tar -c --exclude=./.git --exclude=./.venv --exclude=./build --exclude=./dist --exclude=./demo-output --exclude=__pycache__ \
  --exclude='./.*_cache' --exclude=./.cache --exclude=./.hypothesis --exclude=./docs/_build . | tar -x -C "$work/hobot-dnn"
(cd "$work/hobot-dnn" && dpkg-buildpackage -us -uc -a"$arch")
mkdir -p dist
# Ubuntu gives the packages of debugging symbols a suffix of their own.
cp "$work"/*.*deb "$work"/*.changes "$work"/*.buildinfo "$work"/*.dsc "$work"/*.tar.* dist/
# The packages are Debian's on Ubuntu, too (whose own profile refuses the distribution "unstable"), and its lintian may be
# older than the policy that they follow.
lintian --profile debian --suppress-tags newer-standards-version --fail-on error,warning --tag-display-limit 0 "$work"/*.changes
ls dist/*.deb
