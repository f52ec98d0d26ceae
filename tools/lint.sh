#!/usr/bin/env bash
# Everything that can be wrong without running the program. `./build.sh lint` puts the tools on the PATH first.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
failed=()

# check NAME COMMAND...: runs one check; all of them run, and the names of the failed ones end the output.
check() {
  local name=$1 start=$SECONDS; shift
  if output=$("$@" 2>&1); then
    printf '· %s (%d s)\n' "$name" $((SECONDS - start))
  else
    printf '· %s: failed\n%s\n' "$name" "$(head -n 80 <<<"$output")"
    failed+=("$name")
  fi
}

python_folders=(docs/conf.py)
for folder in hbm_runtime tests examples benchmarks tools integrations; do
  if [ -n "$(find "$folder" -name '*.py' -print -quit 2>/dev/null)" ]; then python_folders+=("$folder"); fi
done
mapfile -t cpp < <(git ls-files '*.c' '*.cpp' '*.h' '*.hpp' '*.inc' 2>/dev/null | grep . || find src tests examples benchmarks \
  -name '*.[ch]' -o -name '*.[ch]pp' -o -name '*.inc')

check "Python style (ruff check)" ruff check .
check "Python format (ruff format)" ruff format --check .
check "Python types (mypy)" mypy "${python_folders[@]}"
check "A user's types (pyright)" basedpyright
check "C++ format (clang-format)" clang-format --dry-run --Werror "${cpp[@]}"
mapfile -t shell < <(grep -lsE '^#!.*/(env )?(ba)?sh$' build.sh .ci/run tools/*.sh tools/*/*.sh debian/*.* debian/tests/*)
check "Shell (shellcheck)" shellcheck --severity warning "${shell[@]}"
check "Layers (tools/check_layers.py)" python tools/check_layers.py
check "Lengths (tools/check_lengths.py)" python tools/check_lengths.py
check "Words (tools/check_words.py)" python tools/check_words.py
check "Stubs (tools/gen_stubs.py)" python tools/gen_stubs.py --check
check "C++ static analysis (clang-tidy)" python tools/run_clang_tidy.py

if [ ${#failed[@]} -ne 0 ]; then
  printf 'lint: failed: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
  exit 1
fi
