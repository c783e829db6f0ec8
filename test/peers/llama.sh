#!/bin/sh
# sh test/peers/llama.sh [options of llama.py]: builds llama.cpp's llama-bench for this CPU out of the source package of
# llama-cpp-python (15 minutes on two cores, once) and prints the table of test/peers/llama.py.
# XLSTM: the tool (build/release/bin/xlstm); PEERS: where the peer is built and models are made (build/peers).
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
peers=${PEERS:-$here/build/peers}
version=0.3.36
mkdir -p "$peers"
if [ ! -x "$peers/venv/bin/cmake" ]; then
  python3 -m venv "$peers/venv"
  "$peers/venv/bin/pip" install --quiet gguf numpy cmake ninja
fi
if [ ! -x "$peers/llama/bin/llama-bench" ]; then
  cd "$peers"
  venv/bin/pip download --quiet --no-deps --no-build-isolation --no-binary :all: llama-cpp-python==$version ||
    venv/bin/pip download --quiet --no-deps --no-binary :all: llama-cpp-python==$version
  tar xzf llama_cpp_python-$version.tar.gz
  PATH="$peers/venv/bin:$PATH" cmake -G Ninja -S llama_cpp_python-$version/vendor/llama.cpp -B llama \
    -DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DCMAKE_BUILD_TYPE=Release
  PATH="$peers/venv/bin:$PATH" ninja -C llama llama-bench
fi
exec "$peers/venv/bin/python" "$here/test/peers/llama.py" --xlstm "${XLSTM:-$here/build/release/bin/xlstm}" \
  --llama-bench "$peers/llama/bin/llama-bench" --work "$peers/models" "$@"
