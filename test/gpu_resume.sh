#!/bin/sh
# On a GPU: a run of docs/examples/demo.yaml, with a last stage on the student's own text, that is killed in each stage and
# started again ends with the bytes of one that is not. Usage: sh test/gpu_resume.sh XLSTM [options of distill, such as --precision bf16]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] && [ -x "$1" ] || { echo "usage: sh test/gpu_resume.sh XLSTM [OPTIONS]" >&2; exit 2; }
xlstm=$1; shift
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

recipe=$work/recipe.yaml
sed "s#\(tiny-llama\|data/\|tasks/\)#$root/docs/examples/\1#g" "$root/docs/examples/demo.yaml" > "$recipe"
echo "on_policy: {steps: 40, batch: 16, prompt: 32, write: 64, every: 4, learning_rate: 2e-5, validate_every: 20, checkpoint_every: 4}" >> "$recipe"

# Kills the run once so many lines of a stage are in its log.
killed() { # STAGE LINES OPTIONS...
  stage=$1 lines=$2; shift 2
  "$xlstm" distill "$recipe" -o "$work/killed" --device cuda "$@" 2> "$work/killed.log" &
  child=$!
  while kill -0 $child 2> /dev/null; do
    [ "$(cat "$work/killed/$stage/metrics.jsonl" 2> /dev/null | wc -l)" -lt "$lines" ] || break
    sleep 0.05
  done
  kill -9 $child 2> /dev/null || true
  wait $child 2> /dev/null || true
}

"$xlstm" distill "$recipe" -o "$work/whole" --device cuda "$@" 2> "$work/whole.log"
for stage in align experts/math experts/code; do
  killed $stage 40 "$@"
done
killed on-policy 20 "$@"
"$xlstm" distill "$recipe" -o "$work/killed" --device cuda "$@" 2> "$work/killed.log"
status=0
for part in aligned expert-math expert-code merged student; do
  for file in "$work/whole/$part"/*.safetensors; do
    cmp "$file" "$work/killed/$part/$(basename "$file")" || status=1
  done
done
[ $status -ne 0 ] || echo "killed in four stages and gone on with: equal bytes ($*)"
exit $status
