#!/bin/sh
# Installs what the build needs: Debian packages, and the C++ parts of four PyPI wheels under .deps/. A torch of the same
# version that python3 has is used in place of a download. Run again at will: it does only what is missing.
#   sh tools/setup.sh           downloads 900 MB on a bare Debian (340 of packages, 560 of wheels), 2.5 GB when unpacked
#   sh tools/setup.sh --parquet Arrow's C++ libraries (PyPI's pyarrow, 48 MB), for corpora in Parquet
#   sh tools/setup.sh --cuda    LibTorch with its CUDA half, for --device cuda: 2.7 GB of wheels, 4.5 GB when unpacked
# Versions: tools/versions.env.
set -eu
cd "$(dirname "$0")/.."
. tools/versions.env
cuda= parquet=
case ${1:-} in
'') ;;
--cuda) cuda=yes ;;
--parquet) parquet=yes ;;
*) echo "usage: sh tools/setup.sh [--cuda | --parquet]" >&2; exit 2 ;;
esac
say() { printf '[setup] %s\n' "$*"; }

missing=
for package in $APT_PACKAGES; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  say "installing Debian packages (about a minute; 340 MB to download, 2.0 GB unpacked, on a bare Debian):$missing"
  root=
  [ "$(id -u)" = 0 ] || root=sudo
  $root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# fetch WHAT MEGABYTES COMMAND...: runs a command that downloads into TMPDIR and says how far it is.
fetch() {
  what=$1 megabytes=$2
  shift 2
  rm -rf .deps/tmp
  mkdir -p .deps/tmp
  say "fetching $what, $megabytes MB"
  TMPDIR=$PWD/.deps/tmp "$@" &
  job=$! seconds=0
  trap 'kill $job 2>/dev/null; rm -rf .deps/tmp; exit 130' INT TERM
  while kill -0 $job 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 10)) = 0 ] || [ -t 1 ] || continue
    here=$(du -sm .deps/tmp 2>/dev/null | cut -f 1)
    [ "${here:-0}" -le "$megabytes" ] || here=$megabytes
    if [ -t 1 ]; then printf '\r[setup] %s of %s MB ' "${here:-0}" "$megabytes"; else say "${here:-0} of $megabytes MB"; fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  trap - INT TERM
  status=0
  wait $job || status=$?
  rm -rf .deps/tmp
  return $status
}

# wheel NAME VERSION MEGABYTES FILTER...: unpack the wanted parts of a wheel; the stamp makes it happen once.
wheel() {
  name=$1 version=$2 size=$3
  shift 3
  stamp=.deps/stamps/$name-$version
  [ ! -e "$stamp" ] || return 0
  mkdir -p .deps/wheels .deps/stamps
  fetch "$name $version" "$size" \
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

# The folder of python3's torch when it is the very build that is wanted; nothing otherwise. It is not imported.
python_torch() {
  python3 - "$TORCH_VERSION" "$TORCH_CUDA" 2>/dev/null <<'PY'
import importlib.util, pathlib, re, sys
folder = pathlib.Path(importlib.util.find_spec("torch").submodule_search_locations[0])
version = re.search(r"__version__ = '(.*)'", (folder / "version.py").read_text())[1]
parts = ["lib/libtorch_cuda.so", "lib/libtorch_cpu.so", "include/ATen/ATen.h"]
if version == "+".join(sys.argv[1:3]) and all((folder / part).exists() for part in parts):
    print(folder)
PY
}

# use_torch FOLDER: .deps/torch becomes a link to it. Its libraries find NVIDIA's beside it by their own RPATH.
use_torch() {
  rm -rf .deps/torch .deps/stamps/torch-*
  mkdir -p .deps
  ln -s "$1" .deps/torch
  say "LibTorch: $1"
}

if [ -L .deps/torch ] && ! grep -qs "'$TORCH_VERSION+$TORCH_CUDA'" .deps/torch/version.py; then
  rm .deps/torch # what it led to is gone, or another version now
fi
if [ ! -L .deps/torch ] && { [ -n "$cuda" ] || [ ! -e ".deps/stamps/torch-$TORCH_VERSION" ]; }; then
  torch=$(python_torch) || torch=
  [ -z "$torch" ] || use_torch "$torch"
fi
if [ -n "$cuda" ] && [ ! -e .deps/torch/lib/libtorch_cuda.so ]; then
  rm -rf .deps/python
  fetch "torch $TORCH_VERSION and the CUDA libraries that it names" 2700 \
    python3 -m pip install -q --no-compile --target .deps/python "torch==$TORCH_VERSION"
  use_torch "$PWD/.deps/python/torch"
fi
# The layout under .deps is the wheels' own: libtorch_cpu finds cudart and cupti by its relative RPATH.
if [ ! -L .deps/torch ]; then
  wheel torch "$TORCH_VERSION" 531 torch/include/ torch/lib/libtorch_cpu.so torch/lib/libc10.so torch/lib/libgomp torch/LICENSE "torch-$TORCH_VERSION.dist-info/licenses/"
  wheel nvidia-cuda-runtime "$CUDART_VERSION" 3 nvidia/cu13/lib/libcudart.so nvidia/cuda_runtime/lib/libcudart.so "nvidia_cuda_runtime-$CUDART_VERSION.dist-info/licenses/"
  wheel nvidia-cuda-cupti "$CUPTI_VERSION" 11 nvidia/cu13/lib/libcupti.so nvidia/cuda_cupti/lib/libcupti.so "nvidia_cuda_cupti-$CUPTI_VERSION.dist-info/licenses/"
fi
wheel onnx "$ONNX_VERSION" 18 onnx/onnx-ml.proto "onnx-$ONNX_VERSION.dist-info/licenses/"
if [ -n "$parquet" ]; then
  wheel pyarrow "$PYARROW_VERSION" 48 pyarrow/include/ pyarrow/libarrow.so pyarrow/libparquet.so "pyarrow-$PYARROW_VERSION.dist-info/licenses/"
fi
say "ready"
