#!/bin/bash
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --requeue
#SBATCH --output=%x-%A_%a.txt
# A sweep as a job array, each task a part of it:
#
#	job=$(sbatch --parsable --array=1-8 slurm.sh SCENARIO DIR 8)
#	sbatch --dependency=afterok:$job --wrap 'lab merge DIR.*-of-8 -o DIR'
#
# A task that is stopped, requeued, or sent again by itself (--array=3) goes on from where it was.
set -eu
scenario=$1 dir=$2 parts=$3
exec lab run "$scenario" -o "$dir" --shard "$SLURM_ARRAY_TASK_ID/$parts" --jobs "$SLURM_CPUS_PER_TASK"
