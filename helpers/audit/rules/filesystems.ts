import type { Rule } from '../rule.ts';

const DATABASES: ReadonlySet<string> = new Set(['mongodb', 'mysql', 'postgres', 'sqlite']);

export const databaseOnSharedBind: Rule = {
  id: 'database-on-shared-bind',
  hazard: '9',
  severity: 'warning',
  why: 'Docker Desktop shares folders of the machine with its virtual machine. Locks and shared memory do not hold across that border: a database file there, a SQLite one in WAL mode first of all, becomes corrupt or does not open.',
  fix: 'Keep databases on a named volume.',
  *check({ services, source, platform }) {
    // On Linux the bind is the same filesystem on both sides.
    if (platform === 'linux') return;
    for (const { name, places, known } of services) {
      for (const { path, sqlite, placement } of places) {
        if (placement.layer !== 'bind' || !(sqlite || DATABASES.has(known?.engine ?? ''))) continue;
        yield {
          service: name,
          at: source.locateMount(name, placement.mount?.target ?? path),
          path,
          title: `${name}: the database at ${path} lies on a folder that Docker Desktop shares.`,
        };
      }
    }
  },
};

export const sqliteOnNetworkVolume: Rule = {
  id: 'sqlite-on-network-volume',
  hazard: '24',
  severity: 'error',
  why: 'SQLite relies on locks that NFS and SMB do not keep. Two connections then write at once, and the database becomes corrupt.',
  fix: 'Keep the database on a volume of the machine itself, and carry backups to the network.',
  *check({ services, source, model }) {
    for (const { name, places } of services) {
      for (const { path, sqlite, placement } of places) {
        const key = placement.layer === 'named-volume' ? placement.mount?.source : null;
        const options = (key ? model.volumes?.[key]?.['driver_opts'] : null) as { type?: string } | null | undefined;
        if (!sqlite || !key || !/^(nfs|cifs|smb)/.test(options?.type ?? '')) continue;
        yield {
          service: name,
          at: source.locate('volumes', key, 'driver_opts', 'type'),
          path,
          title: `${name}: the SQLite database at ${path} lies on ${options?.type}.`,
        };
      }
    }
  },
};

export const removableBind: Rule = {
  id: 'removable-bind',
  hazard: '14',
  severity: 'warning',
  why: 'A disk or share that is not mounted yet at boot leaves an empty folder, and Docker starts on it: the app begins anew beneath the mount point. As soon as the disk is there, that data is hidden, and before, the old one was.',
  fix: 'Let the engine wait for the mount (`RequiresMountsFor=` of systemd), and set `bind: { create_host_path: false }` with a folder below the mount point.',
  *check({ services, source }) {
    for (const { name, mounts } of services) {
      for (const { layer, source: from, target, readOnly, createHostPath } of mounts) {
        if (layer !== 'bind' || readOnly || !createHostPath || !/^\/(mnt|media|run\/media|Volumes)\//.test(from ?? ''))
          continue;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: from ?? target,
          title: `${name} writes to ${from}, which may not be mounted yet when it starts.`,
        };
      }
    }
  },
};
