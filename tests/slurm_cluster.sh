#!/usr/bin/env bash
# slurm_cluster.sh - a Slurm of two nodes on this machine, for tests: munge, slurmctld, two slurmd.
#
# usage: slurm_cluster.sh start FOLDER | stop FOLDER | env FOLDER | wrapper FOLDER
#
# Needs root.  'env' prints what a shell must export; 'wrapper' the path of a task wrapper: two simulated
# nodes share one /dev/shm, so each needs a place of its own for Open MPI's shared memory.
set -u
what=${1:?} D=$(realpath -m "${2:?}")
host=$(hostname -s)
case $what in
env) echo "export SLURM_CONF=$D/slurm.conf"; exit 0 ;;
wrapper) echo "$D/wrapper.sh"; exit 0 ;;
stop)
    export SLURM_CONF=$D/slurm.conf
    scancel -u root 2>/dev/null
    scontrol shutdown 2>/dev/null
    sleep 1
    for pid in "$D"/*.pid; do [ -f "$pid" ] && kill "$(cat "$pid")" 2>/dev/null; done
    rm -rf /dev/shm/radpipe-n0 /dev/shm/radpipe-n1
    exit 0 ;;
start) ;;
*) exit 2 ;;
esac
rm -rf "$D"
mkdir -p "$D/state" "$D/spool.n0" "$D/spool.n1" "$D/tmp.n0" "$D/tmp.n1"
chmod 700 "$D"
dd if=/dev/urandom of="$D/munge.key" bs=128 count=1 status=none
chmod 400 "$D/munge.key"
cat >"$D/slurm.conf" <<CONF
ClusterName=rp
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=$D/munge.sock,cred_expire=5
SlurmctldPort=17817
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool.%n
TmpFS=$D/tmp.%n
SlurmctldPidFile=$D/ctld.pid
SlurmdPidFile=$D/slurmd.%n.pid
SlurmctldLogFile=$D/ctld.log
SlurmdLogFile=$D/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
SlurmdTimeout=30
MinJobAge=300
JobRequeue=1
NodeName=n[0-1] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17830-17831] CPUs=4 State=UNKNOWN
PartitionName=p Nodes=n[0-1] Default=YES MaxTime=INFINITE State=UP
CONF
cat >"$D/wrapper.sh" <<'WRAP'
#!/bin/bash
mkdir -p "/dev/shm/radpipe-$SLURMD_NODENAME"
export OMPI_MCA_btl_vader_backing_directory=/dev/shm/radpipe-$SLURMD_NODENAME
exec "$@"
WRAP
chmod +x "$D/wrapper.sh"
export SLURM_CONF=$D/slurm.conf
munged --key-file="$D/munge.key" --socket="$D/munge.sock" --pid-file="$D/munged.pid" --log-file="$D/munged.log" --seed-file="$D/munged.seed" --force >/dev/null 2>&1 || exit 1
slurmctld -f "$D/slurm.conf" -c >/dev/null 2>&1 || exit 1
slurmd -f "$D/slurm.conf" -N n0 >/dev/null 2>&1 || exit 1
slurmd -f "$D/slurm.conf" -N n1 >/dev/null 2>&1 || exit 1
for _ in $(seq 100); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && exit 0
    sleep 0.2
done
echo "the nodes do not become idle" >&2
exit 1
