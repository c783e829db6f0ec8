#!/bin/sh
# Sets up, builds and runs every test. --asan: the same tests under AddressSanitizer and UBSan. Other words go to ctest.
set -eu
cd "$(dirname "$0")/.."
preset=release
export OMP_WAIT_POLICY=passive # threads that wait by spinning take the cores from whatever else runs
if [ "${1:-}" = --asan ]; then
  preset=asan
  shift
  # LibTorch and LLVM keep what they allocate until the end, and the packaged LLVM does not unpoison what our copies of its
  # inline allocators poison.
  export ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:detect_odr_violation=0:allow_user_poisoning=0 UBSAN_OPTIONS=print_stacktrace=1
fi
sh tools/build.sh "$preset"
echo "[test] every test, about 12 minutes on two cores"
ctest --test-dir "build/$preset" --output-on-failure "$@"
