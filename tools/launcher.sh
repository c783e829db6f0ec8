#!/bin/sh
# Starts bin/xlstm beside this file with the LibTorch of this machine: $XLSTM_TORCH (the folder of a torch package), torch/
# beside this file, or the torch that python3 imports. tools/package.sh puts it there and fills in the version.
set -eu
wanted=@TORCH@
here=$(dirname "$(readlink -f "$0")")
fail() { echo "xlstm: error: $*" >&2; exit 1; }

torch=${XLSTM_TORCH:-}
if [ -z "$torch" ] && [ -d "$here/torch" ]; then
  torch=$here/torch
elif [ -z "$torch" ]; then
  torch=$(python3 -c 'import sys; sys.path.pop(0)
from importlib.util import find_spec
print(find_spec("torch").submodule_search_locations[0])' 2>/dev/null) ||
    fail "expected torch $wanted, python3 has none; get it: python3 -m pip install torch==${wanted%+*}"
fi
version=$(sed -n "s/^__version__ = '\(.*\)'.*/\1/p" "$torch/version.py" 2>/dev/null) || version=
[ "$version" = "$wanted" ] ||
  fail "expected torch $wanted, found ${version:-none} in $torch; get it: python3 -m pip install torch==${wanted%+*}"
# NVIDIA's libraries are found from there, by the RPATH of torch's own.
export LD_LIBRARY_PATH="$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/bin/xlstm" "$@"
