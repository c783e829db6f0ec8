# One option of every verb, mistyped; beside it what the verb requires is missing, which must not be said first.
status=0
try() { xlstm "$@" || [ $? = 2 ] || status=1; }
try import a --ouput b
try linearize a --windw 3
try distill --devise cpu
try merge a --outptu b
try eval a --domian x=y
try report --hlep
try compile a --taget=cuda
try logits a --imput b
try diff a b --tolerence 3
try export a --max-shard-sice 1
try generate a --promt b
try inspect --jsn a
try bench kernels --devcie cpu
[ $status = 0 ] && echo "every exit status was 2" >&2
