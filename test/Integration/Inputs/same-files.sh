# $1, $2: folders; the files behind are the same in both.
set -eu
one=$1 other=$2
shift 2
for file; do cmp "$one/$file" "$other/$file"; done
