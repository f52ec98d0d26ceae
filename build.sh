#!/usr/bin/env bash
# The front door: developers, packagers and CI use the same verbs. It needs Python 3.10 or newer with its venv module
# and headers, and a C++ compiler; everything else comes from PyPI into .venv. PYTHON=/path/to/python picks another one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
readonly venv=$PWD/.venv python=$PWD/.venv/bin/python logs=$PWD/build/log

usage() {
  cat <<'TEXT'
./build.sh [verb] [arguments]

  build         (default) leave a wheel for this Python in dist/
  install       build the wheel and install it for the Python that is called python3 (or $PYTHON)
  demo          read a picture with two OCR models on this machine; arguments go to hbm_runtime.demo
  test          build and run all tests, C++ and Python; arguments go to pytest
  integrations  tests with physicalai, openpi-client, ROS 2, supervision and LeRobot, fetched from PyPI
  differential  random models against ONNX Runtime; --minutes N, --seed S for one or from one on
  graphs        graphs of one operator each, most of them impossible; none may end its process; --minutes N, --seed S
  load          everything at once while the driver fails: what comes back, what is left; --minutes N, --seed S
  engines       the tests that depend on the engine, with the oldest ONNX Runtime that is supported and with the newest
  lint          format, style, types, static analysis, layers, generated stubs
  sanitize      run the tests under ASan, UBSan and TSan; --quick: some C++ suites, --python: Python's alone
  bench         run the benchmarks; arguments go to benchmarks/run.py
  wheels        repaired wheels for every CPython found here; --aarch64 cross-builds for boards
  deb           Debian packages in dist/; arm64 cross-builds those for boards
  docs          build the documentation into docs/_build/html
  dev           prepare .venv with an editable install and every tool
  clean         remove everything that the other verbs made
TEXT
}

die() { printf 'build.sh: %s\n' "$1" >&2; exit 1; }

# step TEXT COMMAND...: runs quietly; shows the log only when the command fails.
step() {
  local text=$1 log start=$SECONDS; shift
  mkdir -p "$logs"; log=$logs/${text//[^A-Za-z0-9]/-}.log
  printf '· %s' "$text"
  if ! "$@" >"$log" 2>&1 </dev/null; then printf ': failed\n'; tail -n 200 "$log" >&2; die "failed: $text ($log has all of it)"; fi
  printf ' (%d s)\n' $((SECONDS - start))
}

# Prints the first Python that can do the work, $PYTHON or none but that; otherwise the one line that says what to install.
find_python() {
  local candidate candidates=(python3 python3.14 python3.13 python3.12 python3.11 python3.10) first="" probe='import sys, sysconfig, os
if sys.version_info < (3, 10): sys.exit("%s is Python %d.%d; 3.10 or newer is needed" % (sys.executable, *sys.version_info[:2]))
try: import venv, ensurepip
except ImportError: sys.exit("the venv module of %s is missing: apt-get install python3-venv" % sys.executable)
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    sys.exit("the headers of %s are missing: apt-get install python3-dev" % sys.executable)'
  if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    command -v "$candidate" >/dev/null && "$candidate" -c '' 2>/dev/null || continue
    if "$candidate" -c "$probe" 2>/dev/null; then echo "$candidate"; return; fi
    first=${first:-$("$candidate" -c "$probe" 2>&1 || true)}
  done
  if [ -n "${PYTHON:-}" ]; then die "${first:-PYTHON=$PYTHON is not a Python}"; fi
  die "${first:-Python 3.10 or newer is missing: apt-get install python3 python3-venv python3-dev}"
}

# make_venv: .venv is there, in this folder, of $PYTHON where that is set. One that was copied here with the folder, or whose
# Python is gone, is made anew.
make_venv() {
  local base made_for
  if [ -z "${PYTHON:-}" ] && [ "$(head -n 1 "$venv/.made-for" 2>/dev/null)" = "$PWD" ] && "$python" -c '' 2>/dev/null; then return; fi
  base=$(find_python)
  made_for=$PWD$'\n'$("$base" -c 'import sys; print(sys.version, sys.base_prefix)')
  if [ "$(cat "$venv/.made-for" 2>/dev/null)" = "$made_for" ] && "$python" -c '' 2>/dev/null; then return; fi
  rm -rf "$venv" build/asan-python build/tsan-python
  step "Create .venv" "$base" -m venv "$venv"
  echo "$made_for" >"$venv/.made-for"
}

need_compiler() {
  local compiler
  for compiler in "${CXX:-c++}" g++ clang++; do command -v "$compiler" >/dev/null && export CXX=$compiler && return; done
  die "a C++17 compiler is missing: apt-get install g++"
}

# need GROUP...: these dependency groups of pyproject.toml are in .venv; done again only when that file has changed. Where
# the Debian package has put its build wheels beside this file, they serve, and CMake is the system's.
need() {
  local group
  make_venv
  export PATH=$venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
  for group; do
    if [ "$venv/.ready-$group" -nt pyproject.toml ]; then continue; fi
    if [ "$group" = build ] && [ -d wheelhouse ]; then
      step "Install the build tools" "$python" -m pip install --no-index --find-links wheelhouse wheelhouse/*-none-any.whl
      touch "$venv/.ready-build"; continue
    fi
    "$python" -m pip --version | grep -qE '^pip (2[6-9]|25\.[1-9])' || step "Update pip" "$python" -m pip install "pip>=25.1"
    step "Install the $group tools" "$python" -m pip install --group "$group"
    touch "$venv/.ready-$group"
  done
}

# The package from this source tree, compiled incrementally; its Python files are used where they are.
editable() {
  need_compiler; need build "$@"
  step "Build and install the package" "$python" -m pip install --no-build-isolation -e ".[tools]"
}

# native PRESET [LAYER...]: builds the C++ tests of a CMake preset, or of some of its layers, and runs them.
native() {
  local preset=$1 targets=(all) labels=''; shift
  if [ $# -gt 0 ]; then targets=("${@/#/tests_}"); labels=$(IFS='|'; echo "^($*)\$"); fi
  step "Configure $preset" cmake --preset "$preset" -DPython3_EXECUTABLE="$python"
  step "Build $preset" cmake --build "build/$preset" --target "${targets[@]}"
  BPUSIM_ENGINE_PATH=$(engine) ctest --test-dir "build/$preset" --output-on-failure -j "$(nproc)" ${labels:+-L "$labels"} \
    || die "C++ tests failed ($preset)"
}

engine() { "$python" -c 'import glob, importlib.util as u; print(glob.glob(u.find_spec("onnxruntime").submodule_search_locations[0] + "/capi/libonnxruntime.so.*")[0])'; }

# Files of published wheels: the demo's models, which prove the whole way from packing to texts, those of
# tests/real_models, and the client of tests/third_party. Only a machine without a network goes on without.
trained_models() {
  local folder=$PWD/demo-output/downloads
  if fetched hbm_runtime.demo.assets "$folder"; then export HBM_RUNTIME_DEMO_DOWNLOADS=$folder; fi
  if fetched real_models.fetching "$folder"; then export HBM_RUNTIME_REAL_MODELS=$folder; fi
  if fetched third_party.fetching "$folder"; then export HBM_RUNTIME_THIRD_PARTY=$folder; fi
}

# fetched MODULE FOLDER: whether what the module fetches is in the folder.
fetched() {
  local log=$logs/$1.log
  mkdir -p "$logs"
  PYTHONPATH=tests "$python" -m "$1" "$2" >"$log" 2>&1 && return
  printf '· a proof is left out: %s\n' "$(tail -n 1 "$log")"
  return 1
}

wheel() {
  need_compiler; need build
  local made=build/wheel
  rm -rf "$made"; mkdir -p "$made" dist
  step "Build the wheel" "$python" -m pip wheel --no-build-isolation --no-deps -w "$made" .
  wheel=dist/$(basename "$(tools/tag_wheel.sh "$python" "$(echo "$made"/*.whl)")")
  mv -f "$made"/*.whl dist/
  echo "$wheel"
}

# python_under NAME SANITIZERS LIBRARY ARGUMENTS...: Python's tests on a package that was compiled with those, in a venv of
# its own beside the tools of .venv.
python_under() {
  local name=$1 sanitizers=$2 library=$3 env=$PWD/build/$1-python site; shift 3
  [ -x "$env/bin/python" ] || step "Create the $name venv" "$python" -m venv --without-pip "$env"
  site=$("$env/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$site/tools.pth"
  step "Build the package with $sanitizers" "$python" -m pip install --no-build-isolation --no-deps --upgrade \
    --target "$site" -Cbuild-dir="build/$name-extension" -Ccmake.build-type=RelWithDebInfo -Cinstall.strip=false \
    -Ccmake.define.HBM_SANITIZE="$sanitizers" .
  LD_PRELOAD="$("$CXX" -print-file-name="$library") $("$CXX" -print-file-name=libstdc++.so)" \
    "$env/bin/python" "$venv/bin/pytest" -n auto -m "not no_sanitizer" "$@"
}

# All of Python's tests, or those that are given, under ASan and UBSan. Without arguments those of interrupted, exhausted and racing
# calls under TSan, too. Sanitizers are slow, so they try fewer points.
python_under_sanitizers() {
  export HBM_RACE_STEPS=${HBM_RACE_STEPS:-3} HBM_WRITE_POINTS=${HBM_WRITE_POINTS:-40} HBM_EXHAUSTION_STEP=${HBM_EXHAUSTION_STEP:-5}
  ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 python_under asan address,undefined libasan.so "$@"
  [ $# -gt 0 ] || python_under tsan thread libtsan.so tests/{races,interrupts,exhaustion,failing_writes} tests/stress/test_threads.py
}

# The engine is not instrumented: what it keeps and how its threads meet is not looked at.
sanitize() {
  export LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan.supp TSAN_OPTIONS=ignore_noninstrumented_modules=1
  case ${1:-} in
    --quick) native asan core bpusim; native tsan core bpusim ;;
    --python) shift; python_under_sanitizers "$@" ;;
    *) native asan; native tsan; python_under_sanitizers "$@" ;;
  esac
}

# engines: what .venv has is tested by `test`; the other versions lie beside it. The oldest computes all that the newest does,
# so that it gets all tests of what depends on an engine.
engines() {
  local oldest
  oldest=$(grep -oP '"onnxruntime>=\K[0-9.]+(?=;)' pyproject.toml)
  with_engine "==$oldest.0" tests/{python,packer,differential,bad_graphs,compare} tests/cli/test_terminal.py
  with_engine "" tests/bad_graphs tests/cli/test_terminal.py tests/packer/test_{same_bytes,plain_models,quantised_tensors}.py \
    tests/python/test_{run_forms,outputs,shapes,external_constants,load_errors,sound_models,intermediate_tensors}.py
}

# with_engine VERSION TESTS...: "" is the newest.
with_engine() {
  local version=$1 folder=$PWD/build/engines/${1:-newest} library; shift
  step "Fetch ONNX Runtime $version" "$python" -m pip install --upgrade --no-deps --target "$folder" "onnxruntime$version"
  library=$(find "$folder" -name 'libonnxruntime.so.*')
  step "Test with $(basename "$library")" env PYTHONPATH="$folder" BPUSIM_ENGINE_PATH="$library" "$python" -m pytest -n auto "$@"
}

# install_wheel: into the environment of $PYTHON or python3; whether that is possible is asked before anything is built.
install_wheel() {
  local target=${PYTHON:-python3}
  target=$(PYTHON=$target find_python)
  "$target" -m pip --version >/dev/null 2>&1 || die "pip of $target is missing: apt-get install python3-pip"
  if [ -z "${PIP_BREAK_SYSTEM_PACKAGES:-}" ] && "$target" -c 'import os, sys, sysconfig
sys.exit(sys.prefix != sys.base_prefix or not os.path.exists(sysconfig.get_path("stdlib") + "/EXTERNALLY-MANAGED"))'; then
    die "$target belongs to the system: name another one, such as that of a venv (PYTHON=/my/venv/bin/python ./build.sh install)"
  fi
  PYTHON=$target; wheel
  step "Install it for $("$target" -c 'import sys; print(sys.executable)')" \
    "$target" -m pip install --force-reinstall --no-deps "$wheel"
  step "Install what it needs" "$target" -m pip install "$wheel"
}

verb=${1:-build}; [ $# -eq 0 ] || shift
case $verb in
  build | install | dev | engines | lint | docs | clean) [ $# -eq 0 ] || die "$verb takes no arguments, given: $*" ;;
esac
case $verb in
  help | -h | --help) usage; exit ;;
esac
[ -w . ] || die "$PWD cannot be written: run it as root, or copy the folder"
case $verb in
  build) wheel ;;
  install) install_wheel ;;
  dev) editable test lint docs ;;
  demo) editable demo; "$python" -m hbm_runtime.demo "$@" ;;
  test) editable test docs; native native; trained_models; "$python" -m pytest -n auto "$@" ;;
  integrations) editable test; tools/integrations.sh "$@" ;;
  differential) editable test; PYTHONPATH=tests "$python" -m differential "$@" ;;
  graphs) editable test; PYTHONPATH=tests "$python" -m bad_graphs "$@" ;;
  load) editable test; PYTHONPATH=tests "$python" -m mixed_load "$@" ;;
  engines) editable test; engines ;;
  lint) editable test lint docs; tools/lint.sh ;;
  sanitize) editable test; sanitize "$@" ;;
  bench) editable test demo
    step "Configure bench" cmake --preset bench
    step "Build bench" cmake --build build/bench --target hbm_bench
    "$python" benchmarks/run.py "$@" ;;
  wheels) need_compiler; need build packaging; "$python" -m tools.wheels "$@" ;;
  deb) tools/build_deb.sh "$@" ;;
  docs) editable docs
    step "Build docs/_build/html" "$python" -m sphinx -W --keep-going -t bilingual -b html docs docs/_build/html
    step "Build docs/_build/html/zh_CN" "$python" -m sphinx -W --keep-going -t bilingual -D language=zh_CN -b html \
      -d docs/_build/doctrees-zh_CN docs docs/_build/html/zh_CN ;;
  clean) rm -rf build dist .venv docs/_build demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache
    find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} + ;;
  *) usage >&2; die "unknown verb '$verb'" ;;
esac
