#!/usr/bin/env bash
# Runs tests/integrations and tests/ros with the other projects' own packages, in an environment beside .venv, because
# some of them pin old versions of what the others need. `./build.sh integrations` prepares .venv first.
# HBM_WITH_TORCH=1 adds ultralytics with PyTorch, which are 3 GB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly env=$PWD/build/integrations
packages=(
  physicalai==0.3.0 loguru jsonargparse huggingface-hub pydantic pydantic-core annotated-types typing-inspection
  docstring-parser filelock fsspec tqdm httpx httpcore safetensors
  openpi-client==0.1.2 dm-tree wrapt absl-py msgpack websockets
)
[ -x "$env/bin/python" ] || .venv/bin/python -m venv "$env"
# What .venv has is seen behind what this environment has itself, the editable package among it.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "import site; site.addsitedir('$site')" >"$env/lib/$(ls "$env/lib")/site-packages/tools.pth"
"$env/bin/python" -m pip install -q --no-deps "${packages[@]}"
"$env/bin/python" -m pip install -q 'ros-rclpy[fastrtps]' ros-sensor-msgs ros-std-msgs
if [ -n "${HBM_WITH_TORCH:-}" ]; then
  "$env/bin/python" -m pip install -q torch torchvision
  "$env/bin/python" -m pip install -q --no-deps ultralytics ultralytics-thop polars psutil
fi
exec "$env/bin/python" -m pytest tests/integrations tests/ros "$@"
