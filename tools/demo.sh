#!/bin/sh
# Sets up, builds, and runs the main job on the teacher in docs/examples: a transformer becomes a hybrid xLSTM that is one
# executable. Killed at any point and started again, it goes on where it was. RUN=folder chooses another place.
set -eu
cd "$(dirname "$0")/.."
run=${RUN:-RUN}
export OMP_WAIT_POLICY=passive # threads that wait by spinning take the cores from whatever else runs
sh tools/build.sh release xlstm xlstm-opt
echo "[demo] distilling docs/examples/tiny-llama into $run, under 8 minutes on two cores"
build/release/bin/xlstm distill docs/examples/demo.yaml -o "$run"
question='Question: Mia has 12 apples. Omar gives Mia 30 more apples. How many apples does Mia have now?
Solution:'
echo "[demo] the student, compiled, answers:"
printf '%s' "$question"
"$run/chat" -p "$question" -n 18 --temp 0
echo "[demo] look at $run/eval/report.html; talk to it: $run/chat -p 'Question: What is 12 + 7?' -n 24 --temp 0"
