import type { Rule } from '../rule.ts';
import { comesBackAtBoot, environmentOf, isOneOff, restartPolicyOf, type AuditedService } from '../subject.ts';

export const hostnameKeyedData: Rule = {
  id: 'hostname-keyed-data',
  hazard: '11',
  severity: 'error',
  why: 'The server keeps its data in a folder that is named after the host, and a container without a `hostname` gets a new one each time it is made. The next one begins with an empty folder beside the old.',
  fix: 'Give the service a `hostname:`.',
  *check({ services, source }) {
    for (const { name, known, model } of services) {
      if (known?.keyedOnHostname !== true || model['hostname'] !== undefined) continue;
      if (environmentOf(model)['RABBITMQ_NODENAME']) continue;
      yield {
        service: name,
        at: source.locate('services', name),
        title: `${name} names its data after its host, and has no \`hostname\`.`,
      };
    }
  },
};

/** Does what it knows to be data lie where a new container finds it? */
function isKept({ places }: AuditedService): boolean | null {
  if (places.length === 0) return null;
  return places.every(({ placement: { layer } }) => layer === 'named-volume' || layer === 'bind');
}

export const partlyPersisted: Rule = {
  id: 'partly-persisted',
  hazard: '12',
  severity: 'warning',
  why: 'One part of the state comes back and the other does not. What the two say of each other is wrong then, and the app may not even start.',
  fix: 'Keep the data of both on named volumes, and back both up at one moment.',
  *check({ services, source }) {
    for (const service of services) {
      for (const other of Object.keys(service.model.depends_on ?? {})) {
        const needed = services.find(({ name }) => name === other);
        if (!needed || needed.known?.engine === 'redis' || isKept(service) !== true || isKept(needed) !== false)
          continue;
        yield {
          service: other,
          at: source.locate('services', other),
          title: `${service.name} keeps its data, and ${other}, which it depends on, does not.`,
        };
      }
    }
  },
};

export const noRestartPolicy: Rule = {
  id: 'no-restart-policy',
  hazard: '44',
  severity: 'warning',
  why: 'After a reboot of the host nothing starts the service. The engine knows nothing of `depends_on`: what needs it starts without it.',
  fix: 'Add `restart: unless-stopped`.',
  *check({ services, source, model }) {
    for (const { name, model: service } of services) {
      // Who writes `no` has thought of it.
      const saidSo = source.find(['services', name, 'restart']) !== null && restartPolicyOf(service) === 'no';
      if (comesBackAtBoot(service) || saidSo || isOneOff(model, name)) continue;
      yield {
        service: name,
        at: source.locate('services', name),
        title: `${name} does not come back after a reboot: its restart policy is \`${restartPolicyOf(service)}\`.`,
      };
    }
  },
};

export const databasePortPublished: Rule = {
  id: 'database-port-published',
  hazard: '19',
  severity: 'warning',
  why: 'The port is open on every address of the host, past its firewall: Docker writes rules of its own. Databases that are found there are emptied for ransom.',
  fix: 'Leave the port out: services of the stack reach each other without. For a tool on the host publish it on `127.0.0.1:` alone.',
  *check({ services, source }) {
    for (const { name, known, model } of services) {
      for (const port of (model.ports ?? []) as { host_ip?: string; target?: number; published?: string }[]) {
        const open = port.host_ip === undefined || ['', '0.0.0.0', '::'].includes(port.host_ip);
        if (!open || known?.engine === null || known?.ports?.includes(port.target ?? 0) !== true) continue;
        const at = source.find([
          'services',
          name,
          'ports',
          (item) =>
            String(typeof item === 'object' && item !== null ? (item as { target?: number }).target : item).includes(
              String(port.target),
            ),
        ]);
        yield {
          service: name,
          at: at?.location ?? source.locate('services', name, 'ports'),
          title: `${name}: the port ${port.target} of the database is open to every network.`,
        };
      }
    }
  },
};

export const regeneratedKey: Rule = {
  id: 'regenerated-key',
  hazard: '18',
  severity: 'error',
  why: 'The key that the data is encrypted with is made anew. What was written with the old one is still there and cannot be read any more.',
  fix: 'Set the key to a fixed value from outside, and keep a copy of it apart from the data.',
  *check({ services, source }) {
    for (const { name, known, model, mounts, places, commands } of services) {
      const environment = environmentOf(model);
      const keys = known?.keys;
      const place = places.find(({ path }) => path === keys?.path);
      const kept = place !== undefined && ['named-volume', 'bind'].includes(place.placement.layer);
      if (keys && !kept && !keys.variables.some((variable) => environment[variable]))
        yield {
          service: name,
          at: source.locate('services', name),
          path: keys.path,
          title: `${name} makes its key anew with each container: neither ${keys.variables[0]} is set nor ${keys.path} mounted.`,
        };
      for (const [variable, value] of Object.entries(environment)) {
        if (
          value !== '' ||
          !/(^|_)(ENCRYPTION_KEY|SECRET_KEY|SECRET_KEY_BASE|APP_KEY|MASTER_KEY|JWT_SECRET)$/.test(variable)
        )
          continue;
        yield {
          service: name,
          severity: 'warning',
          at: source.locate('services', name, 'environment', variable),
          title: `${name}: ${variable} is empty; many an app then makes a key of its own at each start.`,
        };
      }
      const makes = commands.some(({ runs }) =>
        runs.some(([program, first]) => program === 'openssl' && first === 'rand'),
      );
      if (makes && mounts.length > 0)
        yield {
          service: name,
          severity: 'warning',
          at: source.locate('services', name, 'command'),
          title: `${name} draws a random key at each start.`,
        };
    }
  },
};

export const unrotatedLogs: Rule = {
  id: 'unrotated-logs',
  hazard: '48',
  severity: 'info',
  why: 'The log of a container grows without end, until the disk is full. A database that cannot write then stops, or worse.',
  fix: 'Set `logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } }`, or the driver `local`.',
  *check({ services, source }) {
    const growing = services.filter(({ model }) => {
      const logging = model['logging'] as { driver?: string; options?: Record<string, string> } | undefined;
      return (
        logging === undefined ||
        ((logging.driver ?? 'json-file') === 'json-file' && logging.options?.['max-size'] === undefined)
      );
    });
    const [first] = growing;
    if (first)
      yield {
        at: source.locate('services', first.name),
        title: `The logs of ${growing.map(({ name }) => name).join(', ')} have no limit.`,
      };
  },
};

export const swarmWithoutPlacement: Rule = {
  id: 'swarm-without-placement',
  hazard: '52',
  severity: 'warning',
  why: 'A swarm may start the next container on another node, where the volume of the same name is empty.',
  fix: 'Pin the service to its node with `deploy.placement.constraints`, or use a volume driver that all nodes share.',
  *check({ services, source, model }) {
    const overlay = Object.values(model.networks ?? {}).some((network) => network?.['driver'] === 'overlay');
    for (const { name, mounts, model: service } of services) {
      const deploy = (service['deploy'] ?? {}) as Record<string, unknown>;
      const inSwarm =
        overlay || ['mode', 'update_config', 'rollback_config', 'endpoint_mode'].some((key) => key in deploy);
      const pinned = ((deploy['placement'] as { constraints?: string[] } | undefined)?.constraints ?? []).length > 0;
      const local = mounts.find(
        ({ layer, source: key }) => layer === 'named-volume' && model.volumes?.[key ?? '']?.['driver'] === undefined,
      );
      if (!inSwarm || pinned || !local) continue;
      yield {
        service: name,
        at: source.locate('services', name, 'deploy'),
        path: local.target,
        title: `${name} may move to a node where ${local.source} is empty.`,
      };
    }
  },
};

export const externalVolume: Rule = {
  id: 'external-volume',
  hazard: '51',
  severity: 'info',
  why: 'Compose neither makes nor keeps this volume. On a new host it is not there, and who makes it by hand to get going makes an empty one.',
  fix: 'Let the project make its volumes, with a fixed `name:` where another one shares them; or write down how the volume is brought along.',
  *check({ model, source }) {
    for (const [key, volume] of Object.entries(model.volumes ?? {})) {
      if (volume?.external === true)
        yield {
          at: source.locate('volumes', key),
          path: volume.name ?? key,
          title: `The volume ${key} belongs to something else.`,
        };
    }
  },
};
