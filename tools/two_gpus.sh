# sh tools/two_gpus.sh XLSTM [OUT]: re-makes the numbers of docs/results/distributed.md on a host with two GPUs: one card
# beside two, what a timeline says of collectives, and a run that goes from two to one and back. Needs nothing but the
# program and the LibTorch that it runs with. OUT: a folder for tables, logs and the timeline; two-gpus by default.
set -eu
xlstm=$1 out=${2:-two-gpus}
examples=$(cd "$(dirname "$0")/.." && pwd)/docs/examples
mkdir -p "$out"
export NCCL_NVLS_ENABLE="${NCCL_NVLS_ENABLE:-0}"

bench() { # NAME ARGUMENT...: a table, on failure its last words
  name=$1
  shift
  echo "== $name: xlstm bench train --precision bf16 $*"
  "$xlstm" bench train --precision bf16 "$@" >"$out/$name.txt" 2>"$out/$name.log" || tail -5 "$out/$name.log"
  cat "$out/$name.txt"
}
for gpus in 1 2; do
  bench 135m-align-$gpus --gpus $gpus --shape 135m --rows 4 --length 4096 --stage align
  bench 1b-$gpus --gpus $gpus --shape 1b --rows 4 --length 4096 --stage distill
  bench 8b-$gpus --gpus $gpus --shape 8b --rows 1 --length 4096 --stage distill --recompute
done
XLSTM_OVERLAP=0 bench 1b-2-behind --gpus 2 --shape 1b --rows 4 --length 4096 --stage distill
bench 1b-2-timeline --gpus 2 --shape 1b --rows 4 --length 4096 --stage distill --trace "$out/timeline.json"
bench 8b-2-rows4 --gpus 2 --shape 8b --rows 4 --length 4096 --stage distill --recompute

# The same recipe on one card, on two, and on two whose run is stopped twice and gone on with on one and on two.
cat >"$out/recipe.yaml" <<RECIPE
teacher: $examples/tiny-llama
seed: 3
length: 256
student: {window: 64, sinks: 4}
domains: {math: {train: $examples/data/math/train.txt.xz, valid: $examples/data/math/valid.txt.xz}}
align: {steps: 60, batch: 8, learning_rate: 1e-2, validate_every: 20, checkpoint_every: 20}
distill: {steps: 300, batch: 8, learning_rate: 1e-5, top_k: 16, validate_every: 100, checkpoint_every: 20}
experts: {math: {domains: [math]}}
eval: {tokens: 4096}
keep: {checkpoints: true}
RECIPE
for gpus in 1 2; do
  "$xlstm" distill "$out/recipe.yaml" -o "$out/run-$gpus" --gpus $gpus >"$out/run-$gpus.log" 2>&1 || tail -5 "$out/run-$gpus.log"
done
for gpus in 2 1; do
  "$xlstm" distill "$out/recipe.yaml" -o "$out/run-moved" --gpus $gpus >"$out/run-moved-$gpus.log" 2>&1 &
  process=$!
  until grep -q '\[distill\] [0-9]*[1-9][0-9]*/300\|\[align\] 60/60' "$out/run-moved-$gpus.log" || ! kill -0 $process 2>/dev/null; do sleep 0.1; done
  sleep 2
  kill -INT $process 2>/dev/null || true
  wait $process || tail -1 "$out/run-moved-$gpus.log"
done
"$xlstm" distill "$out/recipe.yaml" -o "$out/run-moved" --gpus 2 >"$out/run-moved-3.log" 2>&1 || tail -5 "$out/run-moved-3.log"
for run in run-1 run-2 run-moved; do
  echo "$run: $(tail -1 "$out/$run/experts/math/metrics.jsonl" | cut -c1-120)"
done
