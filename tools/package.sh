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
rm -rf "$folder/bin" "$folder/lib" "$folder/licences"
mkdir -p "$folder/bin" "$folder/lib" "$folder/licences"
strip -o "$folder/bin/xlstm" "$build/bin/xlstm"
setting() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
cudart=$(setting CUDA_cudart_static_LIBRARY)
[ -e "$cudart" ] || cudart=
cp $(cat "$build/executable-libraries.txt") $cudart "$folder/lib/"
sed "s/@TORCH@/$TORCH_VERSION+$TORCH_CUDA/" tools/launcher.sh > "$folder/xlstm.new"
chmod +x "$folder/xlstm.new"
mv "$folder/xlstm.new" "$folder/xlstm"
cp LICENSE "$folder/"

# The notices of what is compiled or linked in, of the headers of LibTorch and of the description of ONNX files.
for package in $LINKED_PACKAGES; do
  cp -L "/usr/share/doc/$package/copyright" "$folder/licences/$package.txt"
done
deps=$(setting XLSTM_DEPS)
deps=${deps:-.deps}
wheels="torch onnx${cudart:+ nvidia_cuda_runtime}"
for wheel in $wheels; do
  found=
  for notices in "$deps/$wheel"-*.dist-info/licenses "$(readlink -f "$deps/torch")/../$wheel"-*.dist-info/licenses; do
    [ ! -d "$notices" ] || found=$notices
  done
  [ -n "$found" ] || { echo "[package] no notices of the wheel $wheel beside $deps" >&2; exit 1; }
  cp -rL "$found" "$folder/licences/$wheel"
done

needed=$(objdump -p "$folder/bin/xlstm" | sed -n 's/^ *NEEDED *//p' |
  grep -v '^lib\(c\|m\|dl\|rt\|pthread\|gcc_s\|stdc++\|torch_cpu\|c10\)\.so\|^ld-linux' || true)
[ -z "$needed" ] || echo "[package] the other machine needs these, too:" $needed
echo "[package] $(du -sm "$folder" | cut -f 1) MB in $folder; on the other machine: $folder/xlstm --version"
