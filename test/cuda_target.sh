#!/bin/sh
# Makes what test/gpu.sh runs of the CUDA target, on a machine that has the compiler but no GPU:
#   sh test/cuda_target.sh OUT [TEACHER...]
# Each TEACHER, a Hugging Face folder (default: docs/examples/tiny-llama), becomes a student whose gates and maps are not at
# their first values; OUT/NAME then holds chat-cuda and what the CPU's executable writes: greedy and drawn texts of 200
# tokens, and the logits of 160 tokens by prefill and decode. XLSTM=program: another xlstm than build/release's.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { echo "usage: sh test/cuda_target.sh OUT [TEACHER...]" >&2; exit 2; }
out=$1; shift
[ $# -ge 1 ] || set -- "$root/docs/examples/tiny-llama"
xlstm=${XLSTM:-$root/build/release/bin/xlstm}

for teacher; do
  folder=$out/$(basename "$teacher")
  rm -rf "$folder"
  mkdir -p "$folder"
  "$xlstm" import "$teacher" -o "$folder/teacher"
  "$xlstm" linearize "$folder/teacher" -o "$folder/student" --window 64
  python3 "$root/test/stir_student.py" "$folder/student"
  "$xlstm" compile "$folder/student" -o "$folder/chat-cpu"
  "$xlstm" compile "$folder/student" -o "$folder/chat-cuda" --target=cuda --prefill-tokens 64,16
  python3 "$root/test/compare_logits.py" --make-ids "$folder/ids.safetensors"
  "$folder/chat-cpu" -p 'The river' -n 200 --temp 0 > "$folder/greedy.txt"
  "$folder/chat-cpu" -p 'The river' -n 200 --temp 0.8 --seed 1 > "$folder/drawn.txt"
  "$folder/chat-cpu" logits --input "$folder/ids.safetensors" --prefill 128 -o "$folder/logits.safetensors"
  rm -r "$folder/teacher" "$folder/student"
done
