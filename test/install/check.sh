#!/bin/sh
# check.sh BUILD SCRATCH: what `cmake --install` puts somewhere works there: the program compiles a student with the libraries that
# were installed, and a project of somebody else builds on the package.
set -eu
build=$1 scratch=$2 here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch/usr" >"$scratch/install.log"
export PATH="$scratch/usr/bin:$PATH"
cd "$scratch"
xlstm import "$here/../Inputs/hf/llama-31" -o teacher
xlstm linearize teacher -o student
xlstm compile student -o chat
./chat bench -p 8 -n 2 >/dev/null
cmake -S "$here" -B project -DCMAKE_PREFIX_PATH="$scratch/usr" >cmake.log
cmake --build project >build.log
[ "$(project/consumer teacher/model.mlir)" = "2 mLSTMs" ]
for file in bin/xlstm-opt share/man/man1/xlstm.1 share/bash-completion/completions/xlstm include/xlstm/dialects/LM/LM.td; do
  [ -s "usr/$file" ] || { echo "expected $file, found none" >&2; exit 1; }
done
