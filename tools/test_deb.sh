#!/bin/bash
# Installs, upgrades, removes and purges the Debian packages of dist/ in a system made for it. Needs root and debootstrap.
# Usage: tools/test_deb.sh [SUITE]; the system is kept in $HBM_DEB_SYSTEMS (/var/tmp/hbm-deb) for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=${1:-bookworm}
system=${HBM_DEB_SYSTEMS:-/var/tmp/hbm-deb}/$suite
checks=0

[ "$(id -u)" = 0 ] || { echo "test_deb.sh: must run as root" >&2; exit 1; }
for program in debootstrap dpkg-deb; do
  command -v $program >/dev/null || { echo "test_deb.sh: $program is missing: apt-get install $program" >&2; exit 1; }
done

# The packages of the newest build.
newest() { find dist -name "$1_*_$(dpkg --print-architecture).deb" | sort | tail -n 1; }

in_system() { chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# expect TEXT COMMAND...: the command succeeds in the system. refuse TEXT PATTERN COMMAND...: it fails and says PATTERN.
expect() {
  local text=$1 output; shift
  if ! output=$(in_system "$@" 2>&1); then printf 'FAILED: %s\n%s\n' "$text" "$output"; exit 1; fi
  checks=$((checks + 1)); printf 'ok: %s\n' "$text"
}
refuse() {
  local text=$1 pattern=$2 output; shift 2
  if output=$(in_system "$@" 2>&1) || ! grep -q "$pattern" <<<"$output"; then printf 'FAILED: %s\n%s\n' "$text" "$output"; exit 1; fi
  checks=$((checks + 1)); printf 'ok: %s\n' "$text"
}
says() {
  local text=$1 pattern=$2 output; shift 2
  if ! output=$(in_system "$@" 2>&1) || ! grep -q "$pattern" <<<"$output"; then printf 'FAILED: %s\n%s\n' "$text" "$output"; exit 1; fi
  checks=$((checks + 1)); printf 'ok: %s\n' "$text"
}

# computes TEXT: the module runs a model; left out where no engine was found.
computes() {
  if [ -e "$system/root/engine.so" ]; then
    expect "$1" sh -c 'cd /root && BPUSIM_ENGINE_PATH=/root/engine.so HBM_RUNTIME_DRIVER=bpusim python3 smoke.py'
  fi
}

# A package made on the spot: fake NAME VERSION FILE...
fake() {
  local name=$1 version=$2 folder; shift 2
  folder=$(mktemp -d)
  mkdir "$folder/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: a test <test@localhost>\nDescription: a test\n' \
    "$name" "$version" >"$folder/DEBIAN/control"
  for file; do mkdir -p "$folder$(dirname "$file")"; echo "of $name $version" >"$folder$file"; done
  dpkg-deb --root-owner-group -b "$folder" "$system/root/${name}_$version.deb" >/dev/null
  rm -rf "$folder"
}

# later NAME NUMBER [SCRIPT]: the same package with a later version, as /root/later/NAME.NUMBER.deb; the script is its preinst.
later() {
  local folder
  folder=$(mktemp -d)
  dpkg-deb -R "$(newest "$1")" "$folder/tree"
  sed -i "s/^Version: .*/&.$2/" "$folder/tree/DEBIAN/control"
  if [ $# -gt 2 ]; then printf '#!/bin/sh\n%s\n' "$3" >"$folder/tree/DEBIAN/preinst"; fi
  dpkg-deb --root-owner-group -b "$folder/tree" "$system/root/later/$1.$2.deb" >/dev/null
  rm -rf "$folder"
}

mounted=
leave() { if [ -n "$mounted" ]; then umount "$system/proc" 2>/dev/null || true; fi; }
trap leave EXIT
trap 'exit 1' INT TERM HUP
mkdir -p build "$(dirname "$system")"
if ! [ -e "$system/complete" ]; then
  rm -rf "$system"
  debootstrap --variant=minbase --include=python3,python3-numpy "$suite" "$system" >"$PWD/build/debootstrap.log"
  touch "$system/complete"
fi
mount -t proc proc "$system/proc" && mounted=yes
cp /etc/resolv.conf "$system/etc/resolv.conf"
mkdir -p "$system/root/debs"
rm -f "$system"/root/debs/* "$system"/root/*.deb
for name in hobot-dnn python3-hbm-runtime bpusim libhbm-runtime1 libhbm-runtime-dev; do cp "$(newest $name)" "$system/root/debs/"; done
mkdir -p "$system/root/later"
later hobot-dnn 1
later hobot-dnn 2 'exit 1'
later python3-hbm-runtime 1
cp tests/packaging/smoke.py "$system/root/"
# bpusim's engine, from wherever `./build.sh dev` or an installation has it.
rm -f "$system/root/engine.so"
for engine in .venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*; do
  if [ -f "$engine" ]; then cp "$engine" "$system/root/engine.so"; fi
done
in_system dpkg --purge hobot-dnn python3-hbm-runtime bpusim libhbm-runtime-dev libhbm-runtime1 hobot-spdev >/dev/null 2>&1 || true
in_system sh -c 'rm -rf /tmp/* /usr/hobot'

echo "== without build tools: the prebuilt wheel"
in_system apt-get remove -qq -y --auto-remove cmake g++ python3-dev >/dev/null 2>&1 || true
says "dpkg -i installs and says that the prebuilt wheel is used" "prebuilt wheel is used" sh -c 'unshare --net dpkg -i /root/debs/hobot-dnn_*.deb'
expect "the module works from any folder" sh -c 'cd /root && python3 smoke.py --without-engine'
computes "it computes"
expect "the wheel is in /tmp" sh -c 'ls /tmp/hbm_runtime-*.whl'
expect "dpkg -L lists the source tree" sh -c 'dpkg -L hobot-dnn | grep -q /usr/hobot/lib/hbm_runtime/build.sh'
expect "dpkg has nothing to complain about" sh -c 'test -z "$(dpkg --audit)" && dpkg -s hobot-dnn | grep -q "install ok installed"'
expect "the version sorts above the vendor's" sh -c 'dpkg --compare-versions "$(dpkg-query -W -f "\${Version}" hobot-dnn)" gt 4.0.4-20250909195426'
expect "apt remove takes everything away but the wheel in /tmp" sh -c \
  'apt-get remove -y hobot-dnn && test ! -e /usr/hobot/lib/hbm_runtime && ls /tmp/hbm_runtime-*.whl && ! python3 -c "import hbm_runtime" 2>/dev/null'
expect "apt purge takes that away too" sh -c 'apt-get purge -y hobot-dnn && ! ls /tmp/hbm_runtime-*.whl 2>/dev/null && test ! -e /var/lib/hobot-dnn'

echo "== with build tools: built at installation"
expect "(the tools are there)" sh -c \
  'apt-get update -qq && apt-get install -qq -y --no-install-recommends cmake g++ make python3-dev python3-venv pkg-config'
says "the wheel is built, without a network, and left in /tmp" "the wheel is /tmp/hbm_runtime-.*linux" sh -c \
  'unshare --net dpkg -i /root/debs/hobot-dnn_*.deb'
expect "it is the built one" sh -c 'cmp /tmp/hbm_runtime-*.whl /var/lib/hobot-dnn/built/*.whl'
expect "the module works" sh -c 'cd /root && python3 smoke.py --without-engine'
refuse "an upgrade that fails says so" "." sh -c 'dpkg -i /root/later/hobot-dnn.2.deb'
expect "and leaves the old version and its module" sh -c \
  'test -z "$(dpkg --audit)" && dpkg -s hobot-dnn | grep -q "install ok installed" && cd /root && python3 smoke.py --without-engine'
expect "upgrading works and builds again" sh -c 'rm /tmp/*.whl && dpkg -i /root/later/hobot-dnn.1.deb && ls /tmp/hbm_runtime-*.whl'
expect "./build.sh works in the source tree, without a network" sh -c \
  'cd /usr/hobot/lib/hbm_runtime && unshare --net ./build.sh && ls dist/hbm_runtime-*.whl'
expect "purging leaves nothing" sh -c 'dpkg --purge hobot-dnn && test ! -e /usr/hobot && ! ls /tmp/hbm_runtime-* 2>/dev/null'
says "a build that fails falls back" "the build failed" sh -c \
  'mv /usr/bin/cmake /usr/bin/cmake.away; printf "#!/bin/sh\nexit 1\n" >/usr/bin/cmake; chmod +x /usr/bin/cmake
   dpkg -i /root/debs/hobot-dnn_*.deb; code=$?; mv /usr/bin/cmake.away /usr/bin/cmake; exit $code'
expect "and the module works all the same" sh -c 'cd /root && python3 smoke.py --without-engine && ls /tmp/hbm_runtime-*.whl && dpkg --purge hobot-dnn'

echo "== beside the vendor's hobot-dnn"
fake hobot-dnn 4.0.4-20250909195426 /usr/hobot/lib/libdnn.so /usr/hobot/lib/libhbucp.so /usr/hobot/lib/hbm_runtime/setup.py \
  /usr/lib/python3/dist-packages/hbm_runtime/__init__.py
expect "(the vendor's package is there)" sh -c 'dpkg -i /root/hobot-dnn_4.0.4*.deb'
refuse "our hobot-dnn refuses and names python3-hbm-runtime" "python3-hbm-runtime" sh -c 'dpkg -i /root/debs/hobot-dnn_*.deb'
expect "the driver and its package are as they were" sh -c \
  'grep -q "of hobot-dnn 4.0.4" /usr/hobot/lib/libdnn.so && dpkg -s hobot-dnn | grep -q "Version: 4.0.4" && test -z "$(dpkg --audit)"'
says "python3-hbm-runtime installs beside it, setting its module aside" "is set aside" sh -c 'dpkg -i /root/debs/python3-hbm-runtime_*.deb /root/debs/bpusim_*.deb'
expect "our module is the one that is imported" sh -c 'cd /root && HBM_RUNTIME_DRIVER=bpusim python3 smoke.py --without-engine && hbm-runtime --help >/dev/null'
computes "it computes, with bpusim"
refuse "a vendor's driver that does not load is an error, not a silent simulation" "libhbucp.so" sh -c \
  'cd / && python3 -c "import hbm_runtime; hbm_runtime.driver_info()"'
expect "upgrading it leaves the vendor's file set aside and our module at work" sh -c \
  'dpkg -i /root/later/python3-hbm-runtime.1.deb && test -z "$(dpkg --audit)" && cd /root && HBM_RUNTIME_DRIVER=bpusim python3 smoke.py --without-engine &&
   grep -q "of hobot-dnn" /usr/lib/python3/dist-packages/hbm_runtime/__init__.py.hobot-dnn'
expect "removing it brings the vendor's file back" sh -c \
  'dpkg --purge python3-hbm-runtime bpusim && grep -q "of hobot-dnn" /usr/lib/python3/dist-packages/hbm_runtime/__init__.py && test -z "$(dpkg-divert --list "*hbm_runtime*")"'
expect "(the vendor's package goes)" dpkg --purge hobot-dnn
expect "in the other order, the vendor's package installs beside ours" sh -c \
  'dpkg -i /root/debs/python3-hbm-runtime_*.deb /root/debs/bpusim_*.deb && dpkg -i /root/hobot-dnn_4.0.4*.deb'
expect "our module is still the one that is imported" sh -c 'cd /root && HBM_RUNTIME_DRIVER=bpusim python3 smoke.py --without-engine'
expect "removing ours leaves the vendor's whole" sh -c \
  'dpkg --purge python3-hbm-runtime bpusim && grep -q "of hobot-dnn" /usr/lib/python3/dist-packages/hbm_runtime/__init__.py && test -z "$(dpkg-divert --list "*hbm_runtime*")"'
expect "(it goes, too)" dpkg --purge hobot-dnn

echo "== an old hobot-spdev in the way"
fake hobot-spdev 2.0.0 /usr/hobot/lib/hbm_runtime/pyproject.toml
expect "(it is there)" sh -c 'dpkg -i /root/hobot-spdev_2.0.0.deb'
refuse "our hobot-dnn says that hobot-spdev is in the way" "hobot-spdev" sh -c 'dpkg -i /root/debs/hobot-dnn_*.deb'
expect "(it goes)" dpkg --purge hobot-dnn hobot-spdev

echo "== the C++ library"
expect "it installs" sh -c 'dpkg -i /root/debs/libhbm-runtime*.deb /root/debs/bpusim_*.deb'
rm -rf "$system/root/tree"; mkdir "$system/root/tree" "$system/root/tree/debian"
cp -r examples "$system/root/tree/"; cp -r debian/tests "$system/root/tree/debian/"
expect "programs build against it and reach bpusim" sh -c 'cd /root/tree && mkdir -p /tmp/work && AUTOPKGTEST_TMP=/tmp/work sh debian/tests/sdk'
expect "everything is purged" dpkg --purge libhbm-runtime-dev libhbm-runtime1 bpusim
printf '%d passed, 0 failed\n' "$checks"
