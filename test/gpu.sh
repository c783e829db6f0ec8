#!/bin/sh
# Runs every CUDA test on a machine that has a GPU, CUDA and LibTorch 2.11 but no compiler of ours and no network:
#   sh test/gpu.sh [--sanitize] [--bench] [--train] [FOLDER]
# FOLDER holds CudaTests and, for --bench, xlstm; carried from a build elsewhere ("portable" preset for xlstm).
# --train: a package's bin folder, whose runs are killed and resumed (test/gpu_resume.sh) in bf16 and float32.
# Default: this checkout's build/cuda. --sanitize: also under memcheck, racecheck, synccheck and initcheck, a smaller grid.
# What test/cuda_target.sh has put into FOLDER/target is run and compared as well.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sanitize=; bench=; train=; folder=$root/build/cuda/test/unit
for argument in "$@"; do
  case $argument in
  --sanitize) sanitize=yes ;;
  --bench) bench=yes ;;
  --train) train=yes ;;
  -*) echo "usage: sh test/gpu.sh [--sanitize] [--bench] [--train] [FOLDER]" >&2; exit 2 ;;
  *) folder=$argument ;;
  esac
done
[ -x "$folder/CudaTests" ] || { echo "$folder/CudaTests is missing: build target CudaTests and carry it" >&2; exit 2; }

torch=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null || true)
export LD_LIBRARY_PATH="${CUDA_HOME:-/usr/local/cuda}/lib64:$torch/lib:$torch/../nvidia/cu13/lib:$folder:${LD_LIBRARY_PATH:-}"

status=0
"$folder/CudaTests" || status=$?
[ $status -ne 77 ] || exit 77 # every test has said that there is no GPU, and why
if [ -n "$sanitize" ]; then
  small='CudaDecode.SaveRestoreReset:CudaDecode.DocumentBegins:CudaSparseLoss.*:*CudaElementwise.*:CudaSample.Equal*'
  small="$small:*CudaAttention.ManyRows/1:*CudaAttention.HugeScores*:*CudaMlstm.LaterTokensLeaveNoTrace*"
  small="$small:*CudaHybridForward.EqualKeys/1:*CudaHybridForward.DriftingGates/1:*CudaHybridBackward.SameBitsTwice/1"
  for tool in memcheck racecheck synccheck initcheck; do
    echo "== compute-sanitizer $tool"
    log=$(compute-sanitizer --tool $tool --error-exitcode 1 "$folder/CudaTests" --gtest_filter="$small" 2>&1) || status=1
    echo "$log" | tail -n 3
  done
fi
for chat in "$folder"/target/*/chat-cuda; do
  [ -x "$chat" ] || continue
  sh "$root/test/run_target.sh" "$(dirname "$chat")" || status=1
done
if [ -n "$train" ]; then
  for precision in bf16 f32; do
    sh "$root/test/gpu_resume.sh" "$folder/xlstm" --precision $precision || status=1
  done
fi
if [ -n "$bench" ]; then
  "$folder/xlstm" bench kernels --device cuda --peers "$root/kernels/bench/peers" || status=1
fi
exit $status
