# What bash offers for command lines: bash complete.sh COMPLETION
source "$1"
try() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _xlstm
  echo "$* -> ${COMPREPLY[*]}"
}
try xlstm ex
try xlstm export --ma
try xlstm export -o out --al
try xlstm eval --device ""
try xlstm bench ""
try xlstm bench kernels --de
try xlstm import folder
