#!/usr/bin/env bash
# Runs tests/integrations and tests/ros with the other projects' own packages, in an environment beside .venv, because
# some of them pin old versions of what the others need. `./build.sh integrations` prepares .venv first; arguments go to pytest.
# HBM_WITH_TORCH=1 takes PyTorch from PyPI, which is 3 GB with CUDA, and adds ultralytics. Without it LeRobot's part runs where
# the package index has a build of PyTorch for the CPU alone. Exit code 3: their packages cannot be had here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly env=$PWD/build/integrations with_torch=${HBM_WITH_TORCH:-}
readonly cpu_torch=torch==2.13.0+cpu cpu_torchvision=torchvision==0.28.0
robots=(
  physicalai==0.3.0 loguru jsonargparse huggingface-hub pydantic pydantic-core annotated-types typing-inspection
  docstring-parser filelock fsspec tqdm httpx httpcore safetensors
  openpi-client==0.1.2 dm-tree wrapt absl-py msgpack websockets
)
# What `import lerobot.policies.factory` really imports; its other requirements are cameras, motors and loggers.
lerobot=(
  "datasets>=4,<5" "diffusers<0.36" "huggingface-hub<0.36" "accelerate>=1.10,<2" draccus==0.10.0 "gymnasium<2"
  deepdiff jsonlines termcolor einops pyserial "av<16" imageio
)

install() { "$env/bin/python" -m pip install -q "$@"; }
importable() { "$env/bin/python" -W ignore -c "import ${1//,/, }"; }

# True if the package index answers. It is asked about a package of a few kilobytes, and not twice.
index_answers() {
  local folder; folder=$(mktemp -d)
  .venv/bin/python -m pip --retries 0 --timeout 20 download -q --no-deps --no-cache-dir -d "$folder" flit_core >/dev/null 2>&1
  local found=$?
  rm -rf "$folder"
  return $found
}

make_environment() {
  local site
  rm -rf "$env"
  .venv/bin/python -m venv "$env"
  # What .venv has is seen behind what this environment has itself, the editable package among it.
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "import site; site.addsitedir('$site')" >"$env/lib/$(ls "$env/lib")/site-packages/tools.pth"
  install 'ros-rclpy[fastrtps]' ros-sensor-msgs ros-std-msgs
  install supervision
  if [ -n "$with_torch" ]; then
    install torch torchvision
    install --no-deps ultralytics ultralytics-thop polars psutil
  elif install --no-deps "$cpu_torch" "$cpu_torchvision" 2>/dev/null; then
    install jinja2 networkx sympy
  else
    echo "· LeRobot is left out: the package index has no $cpu_torch; HBM_WITH_TORCH=1 takes PyTorch with CUDA"
  fi
  if importable torch 2>/dev/null; then
    install "${lerobot[@]}" 2> >(grep -v -e 'dependency resolver' -e '^lerobot .* requires' >&2)
    install --no-deps lerobot
    install --no-deps ./integrations/lerobot_policy_hbm
  fi
  install --no-deps "${robots[@]}"
  importable physicalai,openpi_client,rclpy,sensor_msgs.msg,supervision
  cp tools/integrations.sh "$env/made-by"
  echo "$with_torch" >"$env/with-torch"
}

if ! cmp -s tools/integrations.sh "$env/made-by" || [ "$(cat "$env/with-torch")" != "$with_torch" ]; then
  if ! index_answers; then
    echo "· integrations are left out: the package index does not answer, and their packages are not here"
    exit 3
  fi
  set +e
  (set -e; make_environment)  # in a condition it would go on after an error
  made=$?
  set -e
  if [ $made -ne 0 ]; then
    echo "· integrations are left out: their packages could not be installed; pip's reasons stand above"
    exit 3
  fi
fi
# The plug-in for LeRobot is tested as it is now, not as it was when the environment was made.
if importable torch 2>/dev/null; then export PYTHONPATH=$PWD/integrations/lerobot_policy_hbm; fi
exec "$env/bin/python" -m pytest tests/integrations tests/ros "$@"
