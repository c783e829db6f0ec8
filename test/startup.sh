#!/bin/sh
# A benchmark, not a test: milliseconds from starting an executable to its first token, beside those of /bin/true.
# Use: sh test/startup.sh RUN/chat
set -eu
milliseconds() {
  begin=$(date +%s%N)
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$@" >/dev/null
  done
  echo $((($(date +%s%N) - begin) / 20000)) | sed 's/...$/.&/; s/^\./0./'
}
milliseconds true >/dev/null
echo "first token of $1: $(milliseconds "$1" -p hi -n 1 --temp 0) ms; /bin/true: $(milliseconds /bin/true) ms"
