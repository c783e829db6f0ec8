# $1: recipe, $2: folder. Compares a run killed or stopped every second or so with an uninterrupted one, whose standard
# error is closed.
set -eu
xlstm distill "$1" -o "$2/whole" 2>&-
test ! -s "$2/whole/.lock" # closed streams are not taken by files
delay=2 signal=KILL next=INT
while ! timeout -s $signal "$delay" xlstm distill "$1" -o "$2/killed"; do
  echo "killed after $delay s"
  delay=$((delay + 2))
  last=$signal signal=$next next=$last
done
cd "$2"
for file in aligned/model.safetensors merged/model.safetensors merged/model.mlir chat align/metrics.jsonl \
  experts/math/metrics.jsonl experts/code/metrics.jsonl eval/results.json; do
  cmp "whole/$file" "killed/$file"
done
(cd whole && find . -type f ! -path './eval/*' ! -path '*/checkpoints/*' | sort) >whole.files
(cd killed && find . -type f ! -path './eval/*' ! -path '*/checkpoints/*' | sort) >killed.files
cmp whole.files killed.files
echo same
