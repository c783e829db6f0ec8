#!/bin/sh
# Builds preset $1 (release, asan, ...); further words are ninja targets. Run again at will: only what changed is built.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
sh tools/setup.sh
fresh=
[ -e "build/$preset/build.ninja" ] || fresh=' (from nothing: about 10 minutes on two quiet cores with nvcc, 8 without; 0.6 GB)'
echo "[build] preset $preset$fresh"
cmake --preset "$preset" >"/tmp/xlstm-configure-$$.log" 2>&1 || { cat "/tmp/xlstm-configure-$$.log"; exit 1; }
rm -f "/tmp/xlstm-configure-$$.log"
NINJA_STATUS='[build %p, %o steps/s] ' ninja -C "build/$preset" "$@"
