import { describe, expect, it } from 'vitest';
import { OutlastError } from './errors.ts';
import { REDACTED, Redactor } from './redact.ts';

const CANARY = 'canary-9f8e7d6c5b4a';
const knowing = (...settings: readonly [name: string, value: string][]): Redactor => {
  const redactor = new Redactor();
  for (const [name, value] of settings) redactor.learn(name, value);
  return redactor;
};

describe('a setting is a secret', () => {
  it.each([
    ['by its name', 'DB_PASSWORD', 'hunter22', 'hunter22'],
    ['by its name, though it is short', 'SMTP_PASS', 'hunt', 'hunt'],
    ['by its name, a key', 'MODEL_API_KEY', 'abcdefgh', 'abcdefgh'],
    ['by its name, an id of a key', 'AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE', 'AKIAEXAMPLE'],
    ['by its value', 'PLAIN', 'k3j4h5k3j4h5', 'k3j4h5k3j4h5'],
    ['within a URL', 'DATABASE_URL', 'postgres://me:s3cr3t!@db:5432/app', 's3cr3t!'],
    ['within a URL, with an @ in it', 'DATABASE_URL', 'postgres://me:s3c@r3t!@db:5432/app', 's3c@r3t!'],
    ['within a URL, with a slash in it', 'DATABASE_URL', 'postgres://me:s3c/r3t!@db:5432/app', 's3c/r3t!'],
    ['within the second URL of a list', 'NODES', 'redis://me:first!@one,redis://me:s3cr3t!@two', 's3cr3t!'],
    ['by its name, in short', 'SMTP_PW', 'hunter', 'hunter'],
    ['by its name, a key with a version', 'API_KEY_V2', 'abcdefgh', 'abcdefgh'],
    ['within a connection string', 'DB', 'host=db;Password=s3cr3t!;x=1', 's3cr3t!'],
  ])('%s', (_how, name, value, secret) => {
    expect(knowing([name, value]).text(`it was "${secret}", it said`)).toBe(`it was "${REDACTED}", it said`);
  });

  it.each([
    ['PORT', '3001'],
    ['DEBUG', 'true'],
    ['AUTH_ENABLED', 'true'],
    ['TOKEN_TTL', '86400'],
    ['DB_PASSWORD', 'no'],
    ['DB_PASSWORD', 'password'],
    ['DB_PASSWORD_FILE', '/run/secrets/db'],
    ['DATABASE_URL', 'sqlite:///app/dev_assets/db.sqlite'],
    ['BASE_IMAGE', 'node:24-bookworm-slim'],
    ['NODE_ENV', 'production'],
    ['CACHE', '/var/cache/abcdef123456789'],
  ])('but not %s=%s', (name, value) => {
    expect(knowing([name, value]).text(`was ${value}.`)).toBe(`was ${value}.`);
  });

  it('and not when something of the stack is called the same', () => {
    const redactor = knowing(['POSTGRES_PASSWORD', 'orders']);
    expect(redactor.text('orders')).toBe(REDACTED);
    redactor.spare(['orders']);
    expect(redactor.text('orders')).toBe('orders');
  });
});

describe('a secret of a command', () => {
  it.each([
    ['redis-server --requirepass hunter22 --save ""', 'hunter22'],
    ['web --api-key=hunter22', 'hunter22'],
    ['web -token "hunter22"', 'hunter22'],
    ['PGPASSWORD=hunter22 psql', 'hunter22'],
    ['psql postgres://me:hunter22@db/app', 'hunter22'],
    ['mysqldump -u root -phunter22 app', 'hunter22'],
    ['sshpass -p hunter22 ssh me@there', 'hunter22'],
    ['CMD-SHELL redis-cli -h there -a hunter22 ping', 'hunter22'],
    ['curl -fsS -u me:hunter22 there', 'hunter22'],
    ['  ENV API_TOKEN hunter22', 'hunter22'],
  ])('%s', (command, secret) => {
    const redactor = new Redactor();
    redactor.learnCommands(`first\n${command}\nlast`);
    expect(redactor.text(`it was "${secret}"`)).toBe(`it was "${REDACTED}"`);
  });

  it.each([
    'redis-server --requirepass "$REDIS_PASSWORD"',
    'redis-server --requirepass $(cat /run/secrets/redis)',
    'web --api-key=${KEY:-hunter22}',
    'nginx --ssl-key /etc/ssl/site.key',
    'web --token-file tokens --secret --verbose',
    'mkdir -p data/session',
    'redis-cli ping | grep -a PONG',
  ])('but nothing of %s', (command) => {
    const redactor = new Redactor();
    redactor.learnCommands(command);
    expect(redactor.text(command)).toBe(command);
  });
});

describe('a secret is taken out', () => {
  it('of words too, if it cannot be mistaken for a part of one', () => {
    const redactor = knowing(['A_TOKEN', 'test1'], ['B_TOKEN', CANARY]);
    expect(redactor.text(`latest1 test1 x${CANARY}y`)).toBe(`latest1 ${REDACTED} x${REDACTED}y`);
  });

  it('in whatever form it stands there', () => {
    const secret = 'p"ss wörd/9$&';
    const redactor = knowing(['TOKEN', secret]);
    const forms = [secret, JSON.stringify({ secret }), `?a=${encodeURIComponent(secret)}`, btoa('x'), btoaOf(secret)];
    for (const form of forms) expect(redactor.text(form)).not.toContain('rd');
    expect(redactor.text(btoaOf(secret))).toBe(REDACTED);
  });

  it('whole, where another one is its beginning', () => {
    expect(knowing(['A_KEY', 'canary-1'], ['B_KEY', 'canary-1-and-more']).text('canary-1-and-more')).toBe(REDACTED);
  });

  it('of several lines, each of them', () => {
    const redactor = new Redactor();
    redactor.learnSecret('-----BEGIN\nabcdefgh\n-----END\n');
    expect(redactor.text('abcdefgh\nother')).toBe(`${REDACTED}\nother`);
  });

  it('of a file of settings, and what is plain there stays', () => {
    const redactor = new Redactor();
    redactor.learnSettings(`listen: 8080\n"password": "${CANARY}",\ntoken ${CANARY}2;\nmode = production\n`);
    expect(redactor.text(`8080 ${CANARY} ${CANARY}2 production`)).toBe(`8080 ${REDACTED} ${REDACTED} production`);
  });

  it('of keys and values, however deep, and numbers stay', () => {
    const redacted = knowing(['TOKEN', CANARY]).value({ [CANARY]: [{ a: `<${CANARY}>`, b: 5, c: null }] });
    expect(redacted).toEqual({ [REDACTED]: [{ a: `<${REDACTED}>`, b: 5, c: null }] });
  });

  it('of errors, with their cause', () => {
    const cause = new Error(CANARY);
    const error = knowing(['TOKEN', CANARY]).error(new OutlastError('UP_FAILED', CANARY, { detail: CANARY, cause }));
    expect(error).toMatchObject({ code: 'UP_FAILED', message: REDACTED, detail: REDACTED });
    expect(String((error as OutlastError).cause) + (error as { cause: Error }).cause.stack).not.toContain(CANARY);
  });
});

function btoaOf(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '');
}
