#!/bin/sh
# Makes what test/gpu.sh runs of the CUDA target, on a machine that has the compiler but no GPU:
#   sh test/cuda_target.sh OUT [TEACHER...]
# Each TEACHER, a Hugging Face folder (default: docs/examples/tiny-llama), becomes a student whose gates and maps are not at
# their first values (OUT/NAME), one of which every second layer stays attention (-mixed), one of elu maps and mLSTM alone
# (-mlstm), one of the gated delta rule (-delta), students of which heads stay attention: whole key groups (-kept), one head
# of a group (-kept-one), groups unevenly (-kept-uneven); and is compiled itself (-teacher). Each of these folders then holds
# chat-cuda and what the CPU's executable writes: greedy and drawn texts of 200 tokens, and the logits of 160 tokens by
# prefill and decode. XLSTM=program: another xlstm than build/release's. The heads are those of 4 heads on 2 key heads.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { echo "usage: sh test/cuda_target.sh OUT [TEACHER...]" >&2; exit 2; }
out=$1; shift
[ $# -ge 1 ] || set -- "$root/docs/examples/tiny-llama"
xlstm=${XLSTM:-$root/build/release/bin/xlstm}

make() { # BUNDLE FOLDER
  "$xlstm" compile "$1" -o "$2/chat-cpu"
  "$xlstm" compile "$1" -o "$2/chat-cuda" --target=cuda --prefill-tokens 64,16
  python3 "$root/test/compare_logits.py" --make-ids "$2/ids.safetensors"
  "$2/chat-cpu" -p 'The river' -n 200 --temp 0 > "$2/greedy.txt"
  "$2/chat-cpu" -p 'The river' -n 200 --temp 0.8 --seed 1 > "$2/drawn.txt"
  "$2/chat-cpu" logits --input "$2/ids.safetensors" --prefill 128 -o "$2/logits.safetensors"
}

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
student() { # NAME KIND [options of linearize]
  "$xlstm" linearize "$work/teacher" -o "$work/student$2" $3
  python3 "$root/test/stir_student.py" "$work/student$2"
  "$xlstm" verify --record "$work/student$2" >/dev/null
  make "$work/student$2" "$out/$1$2"
}

for teacher; do
  name=$(basename "$teacher")
  for kind in '' -mixed -mlstm -delta -kept -kept-one -kept-uneven -teacher; do
    rm -rf "$out/$name$kind"
    mkdir -p "$out/$name$kind"
  done
  rm -rf "$work"/*
  "$xlstm" import "$teacher" -o "$work/teacher"
  student "$name" '' '--window 64'
  student "$name" -mixed '--window 64 --layers 0,2'
  student "$name" -mlstm '--mixer mlstm --feature-map elu'
  student "$name" -delta '--window 64 --mixer gated_delta'
  student "$name" -kept '--window 64 --keep-heads 0:0,1;1:2,3'
  student "$name" -kept-one '--window 64 --keep-heads 1:2'
  student "$name" -kept-uneven '--window 64 --keep-heads 0:0,3;2:0,1,2'
  make "$work/teacher" "$out/$name-teacher"
done
