import { closeWayOut } from './firewall.ts';

/**
 * The private host's init, as two shell scripts: `MACHINE` makes the machine (pid, mount, ipc and uts namespaces are new already) and becomes `INIT`
 * in the host's network namespace. All of the values come in the environment; the slot's folder is an argument besides, so that the
 * command line tells whose process this is.
 */
export const MACHINE = `
set -e
# A new mount namespace starts with a copy of every mount: those of other hosts would keep their filesystems alive.
others=$(while read -r _ _ _ _ mount _; do case $mount in "$OUTLAST_SLOTS"/*) echo "$mount" ;; esac; done </proc/self/mountinfo)
for mount in $others; do umount -l "$mount" 2>/dev/null || true; done

if [ -d /var/cache/ldconfig ]; then mount -t tmpfs tmpfs /var/cache/ldconfig; fi
if [ ! -s "$OUTLAST_SLOT/ld.so.cache" ]; then ldconfig -X -f "$OUTLAST_SLOT/ld.so.conf" -C "$OUTLAST_SLOT/ld.so.cache"; fi
mount --bind "$OUTLAST_SLOT/ld.so.cache" /etc/ld.so.cache

# The way out runs in the outer network and in a copy of the mounts that still has the machine's own resolv.conf.
: >"$OUTLAST_RUN/net"
rm -f "$OUTLAST_RUN/ready"
mkfifo "$OUTLAST_RUN/ready"
unshare --net="$OUTLAST_RUN/net" true
unshare --mount --propagation private slirp4netns --configure --mtu=65520 --disable-host-loopback \\
  --ready-fd=3 --netns-type=path "$OUTLAST_RUN/net" tap0 3>"$OUTLAST_RUN/ready" >/dev/null &
[ "$(head -c 1 "$OUTLAST_RUN/ready")" = 1 ]

resolv=$(readlink -f /etc/resolv.conf)
mount -t tmpfs -o mode=755 tmpfs /run
echo "$OUTLAST_BOOT" >/run/outlast-boot
# Engines make folders and keys in these; the machine is to keep its own as they are.
for folder in /etc /opt; do
  layer=/run/outlast-layer$folder
  mkdir -p "$layer/upper" "$layer/work"
  mount -t overlay -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" overlay "$folder" 2>/dev/null || true
done
mount --bind "$OUTLAST_SLOT/ld.so.cache" /etc/ld.so.cache
echo nameserver 10.0.2.3 >/run/outlast-resolv.conf
case $resolv in
  /run/*) mkdir -p "\${resolv%/*}"; cp /run/outlast-resolv.conf "$resolv" ;;
  *) if [ -e "$resolv" ]; then mount --bind /run/outlast-resolv.conf "$resolv"; fi ;;
esac
echo outlast >/proc/sys/kernel/hostname
exec nsenter --net="$OUTLAST_RUN/net" sh -c "$OUTLAST_INIT" outlast-host "$OUTLAST_SLOT"
`;

/** What an init does once it has started an engine: SIGTERM ends the engine in order, and its end ends the machine. */
export const UNTIL_ENGINE_ENDS = `engine=$!
trap 'kill -TERM $engine' TERM
code=0
wait $engine || code=$?
while kill -0 $engine 2>/dev/null; do code=0; wait $engine || code=$?; done
exit $code
`;

/** Brings the network up, closes the way out to services before the engine can start any, and runs the engine until it ends. */
export const INIT = `
set -e
"$OUTLAST_BUSYBOX" ip link set lo up
${closeWayOut('iptables', 'tap0')}
dockerd --config-file "$OUTLAST_SLOT/daemon.json" --data-root "$OUTLAST_SLOT/world/docker" --exec-root /run/docker \\
  -p /run/docker.pid -H "unix://$OUTLAST_RUN/docker.sock" --cgroup-parent "$OUTLAST_CGROUP" \\
  --exec-opt native.cgroupdriver=cgroupfs &
${UNTIL_ENGINE_ENDS}`;
