#!/bin/sh
# Puts what a machine without our dependencies needs into FOLDER: the program of preset "portable" (or $2), the archives
# that `compile` links, and a launcher that finds the machine's own LibTorch. Carry it, then run FOLDER/xlstm.
#   sh tools/build.sh portable && sh tools/package.sh FOLDER [PRESET]
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { echo "usage: sh tools/package.sh FOLDER [PRESET]" >&2; exit 2; }
folder=$1 build=build/${2:-portable}
[ -x "$build/bin/xlstm" ] || { echo "$build/bin/xlstm is missing: sh tools/build.sh ${2:-portable} xlstm" >&2; exit 2; }
. tools/versions.env
rm -rf "$folder/bin" "$folder/lib"
mkdir -p "$folder/bin" "$folder/lib"
strip -o "$folder/bin/xlstm" "$build/bin/xlstm"
for name in xlstm_kernels_cpu.bc libXlstmDeploy.a libXlstmText.a libXlstmFiles.a libXlstmDeployCuda.a libXlstmDevice.a \
  libXlstmKernelsCuda.a; do
  [ ! -e "$build/lib/$name" ] || cp "$build/lib/$name" "$folder/lib/"
done
for archive in $(sed -n 's/^XLSTM_\(PCRE2\|UTF8PROC\|LZMA\):FILEPATH=//p; s/^CUDA_cudart_static_LIBRARY:FILEPATH=//p' "$build/CMakeCache.txt"); do
  [ ! -e "$archive" ] || cp "$archive" "$folder/lib/"
done
sed "s/@TORCH@/$TORCH_VERSION+$TORCH_CUDA/" tools/launcher.sh > "$folder/xlstm.new"
chmod +x "$folder/xlstm.new"
mv "$folder/xlstm.new" "$folder/xlstm"
cp LICENSE "$folder/"
echo "[package] $(du -sm "$folder" | cut -f 1) MB in $folder; on the other machine: $folder/xlstm --version"
