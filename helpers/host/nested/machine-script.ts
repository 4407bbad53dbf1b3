import { UNTIL_ENGINE_ENDS } from '../boot-script.ts';
import { closeWayOut, IPTABLES_TRIAL } from '../firewall.ts';

/** The volume of a nested host: what outlives its boots and its engines. */
export const WORLD = '/outlast';

/** Where the engine answers inside. */
export const ENGINE_SOCKET = '/run/docker.sock';

/** Random for each boot; `/run` is a new tmpfs at every one. */
export const BOOT_ID = '/run/outlast-boot';

/** Where images for nested engines, the official one too, keep the iptables for kernels without nftables. */
export const LEGACY_IPTABLES = '/usr/local/sbin/.iptables-legacy';

/** The nested host's init, as a shell script for busybox; the values come in the environment. Closes the way out to services before the engine can start any. */
export const MACHINE_SCRIPT = `
set -e
cat /proc/sys/kernel/random/uuid >${BOOT_ID}

# Version 2 of cgroups allows no process where there are groups below.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
# An engine looks here whether there is AppArmor, and then that it is in a container.
if [ -d /sys/kernel/security ]; then mount -t securityfs none /sys/kernel/security 2>/dev/null || true; fi
export container=docker

if ! unshare -n sh -ec "$OUTLAST_TRIAL" 2>/dev/null; then export PATH="${LEGACY_IPTABLES}:$PATH"; fi
device=$(ip route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
device=\${device:-eth0}
${closeWayOut('iptables', '"$device"')}
if ! sh -ec "$OUTLAST_CLOSE_IPV6" sh "$device" 2>/dev/null; then
  if [ -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ]; then echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; fi
fi

mkdir -p ${WORLD}/docker
echo '{}' >/run/outlast-daemon.json
dockerd --config-file /run/outlast-daemon.json --data-root ${WORLD}/docker --exec-root /run/docker \\
  -p /run/docker.pid -H unix://${ENGINE_SOCKET} --exec-opt native.cgroupdriver=cgroupfs &
${UNTIL_ENGINE_ENDS}`;

/** The environment of the script. */
export const MACHINE_ENV = { OUTLAST_TRIAL: IPTABLES_TRIAL, OUTLAST_CLOSE_IPV6: closeWayOut('ip6tables', '"$1"') };
