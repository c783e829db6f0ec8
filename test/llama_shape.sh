#!/bin/sh
# Writes OUT, the student of a teacher of Llama-3.1-8B's shape as IR alone, for `xlstm compile OUT --target=cuda
# --random-weights`. The teacher's weights are files of holes (test/large_import.py): no 16 GB are written or read.
#   sh test/llama_shape.sh OUT.mlir [options of --xlstm-linearize, such as 'window=512 sinks=4']
# XLSTM_BIN=folder: where xlstm and xlstm-opt are, if not in build/release/bin. SHAPE: another of large_import.py's. OPTIONS
# "none": the teacher as it is. `xlstm inspect OUT.mlir` says what a text takes.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: sh test/llama_shape.sh OUT.mlir [OPTIONS]" >&2; exit 2; }
bin=${XLSTM_BIN:-$root/build/release/bin}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir "$work/teacher"
PYTHONPATH=$root/test PYTHONDONTWRITEBYTECODE=1 python3 -c 'import large_import, pathlib, sys
large_import.choose(sys.argv[2])
large_import.write_folder(pathlib.Path(sys.argv[1]))' "$work/teacher" "${SHAPE:-llama-3.1-8b}"
"$bin/xlstm" import "$work/teacher" -o "$work/bundle" --link
if [ "${2:-}" = none ]; then
  cp "$work/bundle/model.mlir" "$1"
else
  "$bin/xlstm-opt" "$work/bundle/model.mlir" --xlstm-linearize="${2:-}" -o "$1"
fi
