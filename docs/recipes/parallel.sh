#!/bin/sh
# A sweep in parts by GNU parallel, on this machine and others that have the same folder and the same lab:
#
#	MACHINES=:,ada,grace parallel.sh SCENARIO DIR 8
#
# The colon is this machine. What is stopped goes on where it was when the same is asked for again; what has failed is tried twice more.
set -eu
scenario=$1 dir=$2 parts=$3
seq "$parts" | parallel --sshlogin "${MACHINES:-:}" --workdir "$PWD" --jobs 1 --retries 3 lab run "$scenario" -o "$dir" --shard "{}/$parts"
lab merge "$dir".*-of-"$parts" -o "$dir"
