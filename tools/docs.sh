#!/bin/sh
# Writes docs/generated/, the pages that mlir-tblgen makes of dialects and passes. --check: only says whether they are stale.
# MLIR_TBLGEN names the tool where it is not in LLVM's usual folder.
set -eu
cd "$(dirname "$0")/.."
tblgen=${MLIR_TBLGEN:-/usr/lib/llvm-19/bin/mlir-tblgen}
include=$(dirname "$tblgen")/../include
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

page() { # page NAME TD FLAGS...
  name=$1 td=$2
  shift 2
  "$tblgen" "$@" -I . -I include -I "$include" "$td" -o "$out/$name.md"
}
page LM dialects/LM/LM.td -gen-dialect-doc -dialect=lm
page LMInterfaces dialects/LM/LMInterfaces.td -gen-op-interface-docs
page XLSTM dialects/XLSTM/XLSTM.td -gen-dialect-doc -dialect=xlstm
[ ! -e dialects/ONNX/ONNX.td ] || page ONNX dialects/ONNX/ONNX.td -gen-dialect-doc -dialect=onnx
page Kernel dialects/Kernel/Kernel.td -gen-dialect-doc -dialect=kernel
"$(dirname "$tblgen")/llvm-tblgen" --dump-json -I . -I "$include" dialects/Kernel/Kernel.td -o "$out/kernels.json"
python3 tools/kernel_calls.py "$out/kernels.json" docs "$out/KernelCalls.md"
rm "$out/kernels.json"
page TransformsPasses include/xlstm/Transforms/Passes.td -gen-pass-doc
[ ! -e include/xlstm/Transforms/RaisePasses.td ] || page RaisePasses include/xlstm/Transforms/RaisePasses.td -gen-pass-doc
page ConversionPasses include/xlstm/Conversion/Passes.td -gen-pass-doc
page PipelinesPasses include/xlstm/Pipelines/Passes.td -gen-pass-doc

if [ "${1:-}" = --check ]; then
  diff -r docs/generated "$out" >/dev/null && exit 0
  echo "docs/generated is stale: run sh tools/docs.sh" >&2
  diff -r docs/generated "$out" >&2 || exit 1
fi
rm -rf docs/generated
mkdir -p docs/generated
cp "$out"/*.md docs/generated/
