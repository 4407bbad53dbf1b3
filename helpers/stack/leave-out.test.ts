import { describe, expect, test } from 'vitest';
import { OutlastError } from '../errors.ts';
import { leaveOut } from './leave-out.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

const STARTED = { condition: 'service_started' };

function stack(app: ServiceModel): ProjectModel {
  return {
    name: 'shop',
    services: {
      app,
      mailer: { image: 'mailer', depends_on: { db: STARTED } },
      gpu: { image: 'gpu' },
      db: { image: 'db' },
    },
  };
}

function fault(path: readonly (string | number)[], message: string): OutlastError {
  return new OutlastError('CONFIG_INVALID', `${path.join('.')}: ${message}`);
}

function without(model: ProjectModel, ...names: readonly string[]) {
  return leaveOut(model, { leave_out: [...names], fault });
}

describe('what is left out', () => {
  test('is gone, and who waited for it does not any more', () => {
    const app = {
      image: 'app',
      depends_on: { mailer: STARTED, db: STARTED },
      links: ['gpu:cuda', 'db'],
      environment: { MAIL: 'mailer' },
    };
    const original = stack(app);
    const before = structuredClone(original);
    const { model, changes } = without(original, 'mailer', 'gpu');
    expect(model).toEqual({
      name: 'shop',
      services: { app: { ...app, depends_on: { db: STARTED }, links: ['db'] }, db: { image: 'db' } },
    });
    expect(changes).toEqual([
      'mailer: left out, as the configuration says',
      'gpu: left out, as the configuration says',
      'app: depends_on mailer is dropped, which is left out',
      'app: the link gpu:cuda is dropped, which is left out',
    ]);
    expect(original).toEqual(before);
  });

  test('is nothing where nobody says so', () => {
    const model = stack({ image: 'app' });
    expect(leaveOut(model, null)).toEqual({ model, changes: [] });
  });

  test.for([
    ['network', { network_mode: 'service:gpu' }],
    ['processes', { pid: 'service:gpu' }],
    ['memory', { ipc: 'service:gpu' }],
    ['volumes', { volumes_from: ['db', 'gpu:ro'] }],
    ['image', { build: { context: '.', additional_contexts: { base: 'service:gpu' } } }],
  ] as const)("must be nobody else's %s", ([, part]) => {
    const model = stack({ image: 'app', ...structuredClone(part) } as ServiceModel);
    expect(() => without(model, 'mailer', 'gpu')).toThrow('leave_out.1: app has a part of "gpu"');
    expect(Object.keys(without(model, 'app', 'gpu').model.services)).toEqual(['mailer', 'db']);
  });

  test('must be there', () => {
    expect(() => without(stack({ image: 'app' }), 'toString')).toThrow(
      'leave_out.0: there is no service "toString"; there are app, mailer, gpu, db',
    );
  });

  test('must not be all', () => {
    expect(() => without(stack({ image: 'app' }), 'app', 'mailer', 'gpu', 'db')).toThrow('no service is left');
  });
});
