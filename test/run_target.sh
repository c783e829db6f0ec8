#!/bin/sh
# Runs FOLDER/chat-cuda and compares it with what the CPU's executable wrote beside it (test/cuda_target.sh made both):
#   sh test/run_target.sh FOLDER
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 1 ] && [ -x "$1/chat-cuda" ] || { echo "usage: sh test/run_target.sh FOLDER" >&2; exit 2; }
folder=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

status=0
compare() { # NAME: the text that was just written
  if cmp -s "$folder/$1.txt" "$work/$1.txt"; then
    echo "$folder: $1 text of 200 tokens: the CPU's"
  else
    echo "$folder: $1 text differs from the CPU's: $(cmp "$folder/$1.txt" "$work/$1.txt" 2>&1 | tail -n 1)"
    status=1
  fi
}
"$folder/chat-cuda" -p 'The river' -n 200 --temp 0 > "$work/greedy.txt"
compare greedy
"$folder/chat-cuda" -p 'The river' -n 200 --temp 0.8 --seed 1 > "$work/drawn.txt"
compare drawn
"$folder/chat-cuda" logits --input "$folder/ids.safetensors" --prefill 128 -o "$work/logits.safetensors"
python3 "$root/test/compare_logits.py" "$folder/logits.safetensors" "$work/logits.safetensors" 1e-4 || status=1
"$folder/chat-cuda" verify > /dev/null || status=1
exit $status
