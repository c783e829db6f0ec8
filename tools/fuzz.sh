#!/bin/sh
# Builds the fuzz targets (test/Fuzz) and runs one, or each in turn: fuzz.sh [target] [seconds]. New inputs and crashes land in
# build/fuzz/runs/<target>; a minimised corpus is made of both at the end, to commit what it adds.
set -eu
cd "$(dirname "$0")/.."
only=${1:-}
seconds=${2:-60}
if ! ls /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-x86_64.a >/dev/null 2>&1; then
  echo "fuzz.sh: libFuzzer is missing: install the Debian package libclang-rt-19-dev" >&2
  exit 1
fi
sh tools/build.sh fuzz "${only:+fuzz-}${only:-fuzzers}"

# As tools/test.sh has it: LLVM keeps what it allocates, and the packaged one does not unpoison what our copies of its inline
# allocators poison.
export ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:detect_odr_violation=0:allow_user_poisoning=0 UBSAN_OPTIONS=print_stacktrace=1
export ASAN_SYMBOLIZER_PATH=/usr/lib/llvm-19/bin/llvm-symbolizer
scratch=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/xlstm-fuzz-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export TMPDIR="$scratch"

for binary in build/fuzz/fuzz/fuzz-${only:-*}; do
  name=${binary##*/fuzz-}
  runs=build/fuzz/runs/$name
  dictionary=test/Fuzz/dict/$name.dict
  mkdir -p "$runs/corpus" "$runs/crashes" "$runs/minimised"
  echo "[fuzz] $name, $seconds s; log in $runs/log"
  "$binary" "$runs/corpus" "test/Fuzz/corpus/$name" $([ -e "$dictionary" ] && echo "-dict=$dictionary") \
    -artifact_prefix="$runs/crashes/" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=768 -malloc_limit_mb=256 \
    -max_len=40000 -close_fd_mask=3 -print_final_stats=1 >"$runs/log" 2>&1 || echo "[fuzz] $name: $(grep -a SUMMARY "$runs/log" || echo stopped)"
  grep -aE '^#.*(DONE|pulse)' "$runs/log" | tail -n 1 || true
  "$binary" -merge=1 "$runs/minimised" "test/Fuzz/corpus/$name" "$runs/corpus" >"$runs/merge.log" 2>&1 || true
done
