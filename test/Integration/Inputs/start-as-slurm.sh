# $1: recipe, $2: folder. Two processes with the variables that srun sets.
set -eu
export SLURM_NTASKS=2 SLURM_JOB_NODELIST=localhost MASTER_PORT=$((20000 + $$ % 20000)) OMP_NUM_THREADS=1
SLURM_PROCID=1 SLURM_LOCALID=1 xlstm distill "$1" -o "$2" 2>"$2.rank1" &
SLURM_PROCID=0 SLURM_LOCALID=0 xlstm distill "$1" -o "$2" 2>"$2.rank0"
wait $!
test ! -s "$2.rank1" # rank 0 talks for all
