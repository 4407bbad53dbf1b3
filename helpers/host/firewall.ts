/** Bridge of the network whose services may leave the host. */
export const EGRESS_BRIDGE = 'outlast-egress';

/**
 * Shell commands that close a host's way out to services, to be run under `set -e`. What comes from the machine itself passes.
 * @param iptables the program
 * @param device the way out, as a shell word
 */
export function closeWayOut(iptables: string, device: string): string {
  return [
    `${iptables} -N DOCKER-USER`,
    `${iptables} -A DOCKER-USER -i ${EGRESS_BRIDGE} -o ${device} -j RETURN`,
    `${iptables} -A DOCKER-USER -o ${device} -j REJECT`,
    `${iptables} -A FORWARD -j DOCKER-USER`,
  ].join('\n');
}

/** Shell commands that need of iptables what a host does; to be tried in a new network namespace. */
export const IPTABLES_TRIAL = `
iptables -N OUTLAST
iptables -A OUTLAST -o tap0 -j REJECT
iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j RETURN
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
`;
