#!/bin/sh
# Installs what the build needs: Debian packages, and the C++ parts of four PyPI wheels under .deps/.
# Run again at will: it does only what is missing. Versions: tools/versions.env.
set -eu
cd "$(dirname "$0")/.."
. tools/versions.env
say() { printf '[setup] %s\n' "$*"; }

missing=
for package in $APT_PACKAGES; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  say "installing Debian packages (about a minute, 350 MB):$missing"
  root=
  [ "$(id -u)" = 0 ] || root=sudo
  $root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# wheel NAME VERSION FILTER...: unpack the wanted parts of a wheel; the stamp makes it happen once.
wheel() {
  name=$1 version=$2
  shift 2
  stamp=.deps/stamps/$name-$version
  [ ! -e "$stamp" ] || return 0
  say "fetching $name $version"
  mkdir -p .deps/wheels .deps/stamps
  python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d .deps/wheels "$name==$version"
  python3 - ".deps/wheels/$(echo "$name" | tr - _)-$version"-*.whl "$@" <<'PY'
import sys, zipfile
wheel, filters = sys.argv[1], tuple(sys.argv[2:])
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(".deps", [n for n in archive.namelist() if n.startswith(filters)])
PY
  rm -f ".deps/wheels/$(echo "$name" | tr - _)-$version"-*.whl
  touch "$stamp"
}

# The layout under .deps is the wheels' own: libtorch_cpu finds cudart and cupti by its relative RPATH.
wheel torch "$TORCH_VERSION" torch/include/ torch/lib/libtorch_cpu.so torch/lib/libc10.so torch/lib/libgomp torch/LICENSE "torch-$TORCH_VERSION.dist-info/licenses/"
wheel nvidia-cuda-runtime "$CUDART_VERSION" nvidia/cu13/lib/libcudart.so nvidia/cuda_runtime/lib/libcudart.so "nvidia_cuda_runtime-$CUDART_VERSION.dist-info/licenses/"
wheel nvidia-cuda-cupti "$CUPTI_VERSION" nvidia/cu13/lib/libcupti.so nvidia/cuda_cupti/lib/libcupti.so "nvidia_cuda_cupti-$CUPTI_VERSION.dist-info/licenses/"
wheel onnx "$ONNX_VERSION" onnx/onnx-ml.proto "onnx-$ONNX_VERSION.dist-info/licenses/"
say "ready"
