#!/bin/sh
# Boots a machine of the test's own beside the real one, and takes it down when standard input ends.
#
# It has this machine's programs, and systemd as its first process, in namespaces of its own: processes, mounts, network
# (loopback alone), name. What is written goes to memory, over this machine's files, and is gone with it.
#
# Usage: boot.sh FOLDER, an empty one. Prints the process id of its systemd once it is started.
set -eu

if [ "$1" != inside ]; then
    folder=$1
    group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/claviger-test-$$
    mkdir "$group"
    sh -c 'echo $$ >"$1/cgroup.procs"
        exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child --propagation private sh "$2" inside "$3"' \
        boot "$group" "$0" "$folder" 3>&1 >"$folder.log" 2>&1 </dev/null &
    machine=$!
    cat >/dev/null || true
    kill -KILL "$machine" 2>/dev/null || true
    wait "$machine" 2>/dev/null || true
    # The last processes go a moment later than who waited for them.
    for _ in $(seq 200); do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$group" ] || break
        sleep 0.05
    done
    exit 0
fi

folder=$2
# What it is called outside: /proc is still the one from there.
read -r outside _ </proc/self/stat

mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/machine"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/machine"
cd "$folder/machine"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp

# Nothing of what this machine runs by itself, nor of a Claviger that it may have.
rm -rf etc/systemd/system var/lib/claviger* etc/claviger etc/sysusers.d var/backups/claviger* usr/local/bin/claviger
mkdir -p etc/systemd/system etc/sysusers.d
cat >etc/systemd/system/test.target <<'TARGET'
[Unit]
Description=What the test needs
Wants=systemd-journald.service
After=systemd-journald.service
AllowIsolate=yes
TARGET
[ -s etc/machine-id ] || echo 0123456789abcdef0123456789abcdef >etc/machine-id
rm -f etc/resolv.conf etc/hosts
: >etc/resolv.conf
cat >etc/hosts <<'HOSTS'
127.0.0.1 localhost db.example.com db-b.example.com
127.0.0.3 db-a.example.com
10.0.0.2 keys.example.com
HOSTS
echo claviger-test >etc/hostname
hostname claviger-test
ip link set lo up
for address in 10.0.0.2 10.0.0.11 10.0.0.12; do ip address add "$address/32" dev lo; done

echo "$outside" >&3
exec 3>&-
# No mere chroot: whoever enters its mounts, as what runs containers does, must find this root.
mkdir -p before
pivot_root . before
cd /
umount -l /before
exec env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no \
    systemd.unified_cgroup_hierarchy=1
