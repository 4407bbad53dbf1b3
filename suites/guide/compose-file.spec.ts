import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { note, ran, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import { REDACTED } from '../../helpers/redact.ts';
import { logLine } from '../../fixtures/service-log.ts';
import type { Workspace } from '../../fixtures/workspace.ts';

/** Shorter waits than the guide's 30 s and 40 s; the gate is the same. */
const QUICK = { HEALTH_INTERVAL: '2s', HEALTH_START_PERIOD: '0s' };

async function until(workspace: Workspace, health: 'healthy' | 'unhealthy'): Promise<void> {
  await workspace.until(async () => ((await workspace.container()).State.Health?.Status === health ? true : undefined));
}

/** When the app's health check passed for the first time since its last start, and when the tunnel started; milliseconds. */
async function times(workspace: Workspace): Promise<{ app: number; healthy: number; tunnel: number; gap: string }> {
  const { State } = await workspace.container();
  const app = Date.parse(State.StartedAt);
  const passed = (State.Health?.Log ?? []).find(({ ExitCode, Start }) => ExitCode === 0 && Date.parse(Start) >= app);
  const healthy = passed ? Date.parse(passed.End) : NaN;
  const tunnel = Date.parse((await workspace.container('cloudflared')).State.StartedAt);
  return { app, healthy, tunnel, gap: `${((tunnel - healthy) / 1000).toFixed(2)} s` };
}

describe("the guide's complete Compose file", { timeout: 300_000 }, () => {
  test('C1, C2: each part does its work; the tunnel waits for health, but not after a reboot', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose build app');

    // C2, the gate closed: an app that never listens where its health check asks.
    await workspace.ok(`cat > deaf.yaml <<'END'\n${DEAF}END`);
    const deaf = await workspace.sh('docker-compose -f compose.yaml -f deaf.yaml up -d', {
      ...QUICK,
      HEALTH_INTERVAL: '100ms',
    });
    const gated = (await workspace.container('cloudflared')).State;
    const unhealthy = (await workspace.container()).State.Health?.Status;

    // The gate open.
    await workspace.ok('docker-compose up -d', QUICK);
    await until(workspace, 'healthy');
    const first = await times(workspace);

    // C1, part by part.
    const app = await workspace.container();
    const inApp = async (command: string) => workspace.sh(`docker-compose exec -T app sh -c '${command}'`);
    const user = await inApp('id -u; id -g');
    const environment = await inApp('echo $BACKEND_PORT $DATABASE_URL $MODEL_NAME');
    const labels = await workspace.sh(`docker volume inspect --format '{{json .Labels}}' guide-recommended_repos_data`);
    const bind = await inApp('touch /app/dev_assets/seen');
    const outside = await workspace.sh('ls dev_assets/seen');
    const repos = await inApp('touch /repos/seen');
    const backups = await workspace.sh(`docker-compose exec -T db-backup touch /backups/seen && ls backups/seen`);
    const port = await workspace.host.exec([process.execPath, '-e', FETCH, 'http://127.0.0.1:3001/api/health']);
    const network = await workspace.sh(
      `docker-compose exec -T cloudflared node -e '${FETCH}' http://app:3001/api/health`,
    );
    await workspace.ok(`docker-compose exec -T app sh -c 'kill -9 $(pidof node)'`);
    await workspace.until(async () =>
      (await workspace.container()).RestartCount > app.RestartCount ? true : undefined,
    );
    await until(workspace, 'healthy');
    const restarted = await workspace.ask('/api/health');
    const parts = {
      'restart policy': app.HostConfig.RestartPolicy?.Name === 'unless-stopped' && restarted.status === 200,
      user: user.stdout === '1001\n1001',
      environment: environment.stdout === '3001 sqlite:///app/dev_assets/db.sqlite small',
      bind: bind.exitCode === 0 && outside.exitCode === 0,
      'named volume with labels': repos.exitCode === 0 && labels.stdout.includes('guide.backup'),
      backups: backups.exitCode === 0,
      port: port.exitCode === 0,
      'health check': unhealthy === 'unhealthy',
      network: network.exitCode === 0,
    };
    const working = Object.entries(parts).filter(([, works]) => works);
    claim('C1', { asWritten: working.length === Object.keys(parts).length }, [
      SUBSTITUTES,
      note('The tunnel is replaced by a program that does no harm; the intervals of the health check are shortened.'),
      note(`do their work: ${working.map(([name]) => name).join(', ')}`),
      ran(user),
      ran(environment),
      ran(labels),
      note('killed inside its container, the app came back by itself and answered'),
      note(
        'The backup folder belongs to root where Docker makes it: the backup service runs as root and can write there, the app cannot.',
      ),
    ]);

    // C2 after a reboot: nobody runs `up`.
    // Its shell does not hear SIGTERM: the shutdown would wait 10 s for it.
    await workspace.ok('docker-compose kill db-backup');
    await workspace.host.reboot();
    await workspace.until(async () => {
      const states = await Promise.all([workspace.container(), workspace.container('cloudflared')]);
      return states.every(({ State }) => State.Running) ? true : undefined;
    });
    await until(workspace, 'healthy');
    const reboot = await times(workspace);
    const waited = first.tunnel >= first.healthy;
    const waitedAgain = reboot.tunnel >= reboot.healthy;
    await workspace.ok('docker-compose down --timeout 0');

    // The reference stack: its tunnel asks the app itself.
    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-tunnel' });
    await reference.ok(
      `mkdir stand-in && cat > stand-in/cloudflared <<'END'\n${STAND_IN}\nEND\nchmod 755 stand-in/cloudflared`,
    );
    await reference.ok(
      `printf 'FROM alpine:latest\\nCOPY cloudflared /usr/local/bin/\\n' | docker build -q -t tunnel-stand-in -f - stand-in`,
    );
    const tunnelled = 'docker-compose --profile tunnel';
    const stood = { TUNNEL_IMAGE: 'tunnel-stand-in' };
    const up = await reference.sh(`${tunnelled} up -d --build app tunnel`, stood);
    const withUp = await logLine(reference, 'tunnel', isFinding);
    await reference.host.reboot();
    const afterBoot = await logLine(reference, 'tunnel', isFinding, { times: 2 });
    const waits = [withUp, afterBoot].every((line) => line === 'the app answers 200');
    claim('C2', { asWritten: waited && gated.Status === 'created' && waitedAgain, withFix: waits }, [
      SUBSTITUTES,
      note('The tunnel is replaced by a program that does no harm; the gate is the same.'),
      ran({ ...deaf, command: 'docker-compose up -d # the app listens on another port' }, 1),
      note(`the tunnel is then ${gated.Status}`),
      note(`with \`up\`: the tunnel started ${first.gap} after the first check that passed`),
      note(
        `after a reboot: ${reboot.gap}; negative, so before it. The engine starts all services at once and knows nothing of depends_on.`,
      ),
      ran(up, 1),
      note(
        `The reference stack's tunnel has a gate of its own. The first thing its program finds, with \`up\`: ${withUp}; after a reboot: ${afterBoot}`,
      ),
    ]);

    expect(parts).toEqual(Object.fromEntries(Object.keys(parts).map((name) => [name, true])));
    expect(deaf).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/unhealthy/) });
    expect(gated).toMatchObject({ Status: 'created', Running: false });
    for (const { healthy } of [first, reboot]) expect(healthy).not.toBeNaN();
    expect(waited).toBe(true);
    expect(waitedAgain).toBe(false);
    expect([withUp, afterBoot]).toEqual(['the app answers 200', 'the app answers 200']);
  });

  test('C3: .env from the example, with the own ids appended', async ({ openWorkspace, claim, redactor, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    const uid = 4242;
    await workspace.ok(`chown -R ${uid}:${uid} .`);
    // As the user, not as root; what needs the engine is run by root, who stands for a member of the group docker.
    const asUser = `setpriv --reuid=${uid} --regid=${uid} --clear-groups sh -ec`;
    const made = await workspace.sh(
      `${asUser} 'cp .env.example .env; echo "UID=$(id -u)" >> .env; echo "GID=$(id -g)" >> .env'`,
    );
    const lines = await workspace.sh('grep -nE "^(UID|GID)=" .env');
    const up = await workspace.sh('docker-compose up -d --build app');
    const served = await workspace.ask('/api/health');
    const outside = await workspace.sh('ls -ln dev_assets/');
    const inside = await workspace.sh('docker-compose exec -T app sh -c "id -u; ls -la /app/dev_assets/"');
    const owner = /(\d+)\s+\d+\s+\d+ \w+ +\d+ [\d:]+ db\.sqlite$/m.exec(outside.stdout)?.[1];
    const text = await readFile(join(workspace.folder, '.env'), 'utf8');
    claim('C3', { asWritten: made.exitCode === 0 && served.status === 200 && owner === String(uid) }, [
      SUBSTITUTES,
      ran(made),
      ran(lines),
      note('UID and GID stand there twice; the last of each counts.'),
      ran(up, 1),
      ran(outside, 5),
      ran(inside, 5),
      note('The names appuser and appgroup do not appear: the image knows no such user.'),
    ]);
    expect(text.match(/^UID=/gm)).toHaveLength(2);
    // What a command has written is known when it is told.
    expect(text).toContain('=your_token_here');
    expect(redactor.text('your_token_here')).toBe(REDACTED);
    expect(served.status).toBe(200);
    expect(owner).toBe(String(uid));
    expect(inside.stdout.split('\n')[0]).toBe(String(uid));
  });
});

const FETCH = 'fetch(process.argv[1]).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))';

const DEAF = `services:
  app:
    environment: ['BACKEND_PORT=3002']
`;

function isFinding(line: string): boolean {
  return line.startsWith('the app');
}

/** In the place of the tunnel's program: says what it finds, and stays. */
const STAND_IN = `#!/bin/sh
node -e 'fetch(process.env.HEALTH_URL).then(({ status }) => console.log("the app answers", status), () => console.log("the app does not answer"))'
exec sleep infinity`;
