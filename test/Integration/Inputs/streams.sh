# $1: a folder with bundle `a`. Commands whose standard streams are closed, full or read by nobody; a line each.
cd "$1" || exit 1
say() { echo "$1: exit $2, $(tr '\n' '|' <err)"; }
for to in full closed; do
  for command in "inspect a" "diff a/model.safetensors a/model.safetensors" "generate a -p x -n 2 --temperature 0" "--help" "--version"; do
    if [ $to = full ]; then xlstm $command >/dev/full 2>err; else xlstm $command >&- 2>err; fi
    say "$command, $to" $?
  done
done
(sleep 0.3; xlstm inspect a 2>err; echo $? >code) | true # nobody reads it by then
say "inspect a, unread" "$(cat code)"

printf 'merge_method: linear\nmodels: [{model: a}, {model: a}]\n' >merge.yaml
xlstm merge merge.yaml -o m0 2>/dev/null
: >err
xlstm merge merge.yaml -o m1 2>&-; say "merge, closed" $?
xlstm merge merge.yaml -o m2 2>/dev/full; say "merge, full" $?
(sleep 0.3; xlstm merge merge.yaml -o m3; echo $? >code) 2>&1 | true
say "merge, unread" "$(cat code)"
for out in m1 m2 m3; do cmp m0/model.safetensors $out/model.safetensors && echo "$out is whole"; done

mkdir .chat.0123456789abcdef.tmp # as a killed compile leaves it
TMPDIR=$PWD/none xlstm compile a -o chat 2>err; say "compile without TMPDIR" $?
for options in "-p x -n 2" --help --version; do ./chat $options >/dev/full 2>err; say "chat $options, full" $?; done
(sleep 0.3; ./chat -p x -n 4 2>err; echo $? >code) | true
say "chat, unread" "$(cat code)"
ls -A | grep tmp
xlstm-opt --version >/dev/full 2>/dev/null || echo "xlstm-opt fails"
