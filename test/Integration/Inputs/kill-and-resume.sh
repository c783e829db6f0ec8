# $1: recipe, $2: folder. Compares a run killed every second or so with an uninterrupted one.
set -eu
xlstm distill "$1" -o "$2/whole"
delay=2
while ! timeout -s KILL "$delay" xlstm distill "$1" -o "$2/killed"; do
  echo "killed after $delay s"
  delay=$((delay + 2))
done
cd "$2"
for file in aligned/model.safetensors merged/model.safetensors merged/model.mlir chat align/metrics.jsonl \
  experts/math/metrics.jsonl experts/code/metrics.jsonl eval/results.json; do
  cmp "whole/$file" "killed/$file"
done
echo same
