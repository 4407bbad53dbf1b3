import { dirname } from 'node:path';
import type { Client, DatabaseError } from 'pg';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { OWN_LIMIT } from './own.ts';
import { CHECK_MS, Connection, CONNECT_MS, connectToFirst, placesOf, refuseTemporary, settingOf } from './server.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

type PostgresDefinition = StoreDefinition & { kind: 'postgres' };

/**
 * Classes of SQLSTATE after which the one statement of a transaction has certainly not been kept: bad data, constraints,
 * read-only, rolled back, refused, no room, a limit, a lock. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REFUSALS = ['0A', '22', '23', '25', '40', '42', '53', '54', '55'];
/** Of class 40, the one that tells nothing. */
const UNKNOWN_COMPLETION = '40003';
const LOGIN_REFUSALS = new Set(['28000', '28P01', '3D000', '42501']);
const UNDEFINED_TABLE = '42P01';

/** Markers in a table of their own, in the database of the app. */
export async function open(definition: PostgresDefinition, context: DriverContext): Promise<OpenStore> {
  return new PostgresStore(definition, context);
}

class PostgresStore implements OpenStore {
  readonly #context: DriverContext;
  readonly #connection: Connection<Client>;
  /** Clients that have seen the table. */
  readonly #prepared = new WeakSet<Client>();

  constructor(definition: PostgresDefinition, context: DriverContext) {
    this.#context = context;
    this.#connection = new Connection(
      async () => connect(definition, context),
      async (client) => client.end(),
    );
  }

  async write(marker: Marker): Promise<boolean> {
    return this.writeAll([marker]);
  }

  async writeAll(markers: readonly Marker[]): Promise<boolean> {
    return this.#connection.change(async (client) => {
      if (!this.#prepared.has(client))
        await client.query('CREATE TABLE IF NOT EXISTS outlast_markers (id text PRIMARY KEY, payload text NOT NULL)');
      this.#prepared.add(client);
      await client.query('INSERT INTO outlast_markers (id, payload) SELECT * FROM unnest($1::text[], $2::text[])', [
        markers.map(({ id }) => id),
        markers.map(({ payload }) => payload),
      ]);
    }, isRefusal);
  }

  async remove({ id }: Marker): Promise<boolean> {
    return this.#connection.change(
      async (client) => client.query('DELETE FROM outlast_markers WHERE id = $1', [id]),
      isRefusal,
    );
  }

  async read(): Promise<ReadRow[]> {
    try {
      return await this.#connection.with(async (client) => {
        const sql = `SELECT id, coalesce(payload, '') AS payload FROM outlast_markers WHERE id LIKE 'o-%'`;
        return (await client.query<ReadRow>(sql)).rows;
      });
    } catch (error) {
      if (sqlState(error) === UNDEFINED_TABLE) return [];
      throw error;
    }
  }

  async own(): Promise<OwnGroup[]> {
    return this.#connection.with(async (client) => {
      const { rows } = await client.query<OwnTable>(OWN_TABLES);
      const groups: OwnGroup[] = [];
      for (const table of rows) groups.push(await tableOf(client, table));
      return groups;
    });
  }

  async integrity(): Promise<Integrity | null> {
    return this.#connection.with(check, CHECK_MS);
  }

  async answers(): Promise<void> {
    await this.#connection.with(async (client) => {
      const { rows } = await client.query<{ addresses: string }>(
        `SELECT current_setting('listen_addresses') AS addresses`,
      );
      refuseTemporary(rows[0]?.addresses !== '', isMain(this.#context));
    }, CONNECT_MS);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

async function connect(definition: PostgresDefinition, context: DriverContext): Promise<Client> {
  const { default: pg } = await import('pg');
  const { env } = context.container;
  const user = definition.user ?? settingOf(env, 'POSTGRES_USER') ?? 'postgres';
  const port = Number(env['PGPORT'] ?? 5432);
  const sockets = ['/var/run/postgresql', '/tmp'].map((folder) => `${folder}/.s.PGSQL.${port}`);
  const places = definition.url === undefined ? placesOf(sockets) : [null];
  return connectToFirst(
    places,
    async (place) => {
      const client = new pg.Client({
        ...(definition.url === undefined
          ? {
              host: place === null ? '127.0.0.1' : dirname(place),
              port,
              user,
              // Without one the client looks for the agent's own.
              password: definition.password ?? settingOf(env, 'POSTGRES_PASSWORD') ?? '',
              database: definition.database ?? settingOf(env, 'POSTGRES_DB') ?? user,
            }
          : { connectionString: definition.url }),
        application_name: 'outlast',
        connectionTimeoutMillis: CONNECT_MS,
      });
      // What breaks while nothing is asked shows at the next question.
      client.on('error', () => {});
      await client.connect();
      // What is acknowledged must be on disk; where the server waits for more, it still does.
      await client.query(
        `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
      );
      return client;
    },
    { isRefused: (error) => LOGIN_REFUSALS.has(sqlState(error)), isMain: isMain(context) },
  );
}

function isMain(context: DriverContext): boolean {
  return context.main().program.startsWith('postgres');
}

interface OwnTable {
  readonly name: string;
  /** Of the primary key, as a row's text; `null`: there is none. */
  readonly key: string | null;
}

/** Unlogged tables are emptied after a crash: that is what they are for. */
const OWN_TABLES = `
  SELECT c.oid::regclass::text AS name,
    (SELECT 'ROW(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')::text'
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = c.oid AND i.indisprimary) AS key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relname <> 'outlast_markers'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND has_table_privilege(c.oid, 'SELECT')
  ORDER BY c.oid`;

async function tableOf(client: Client, { name, key }: OwnTable): Promise<OwnGroup> {
  const group = { name: `table ${name}`, unit: 'rows' as const };
  const { rows: counted } = await client.query<{ count: string }>(`SELECT count(*) FROM ${name}`);
  const count = Number(counted[0]?.count);
  if (key === null || count > OWN_LIMIT) return { ...group, count, entries: null };
  const { rows } = await client.query<{ key: string; content: string }>(
    `SELECT md5(${key}) AS key, md5(t::text) AS content FROM ${name} t`,
  );
  return { ...group, count: rows.length, entries: rows.map((row) => [row.key, row.content]) };
}

/**
 * What pg_amcheck does, in a transaction that is rolled back: the extension is gone afterwards if it was not there before.
 * `null` where it cannot be had.
 */
async function check(client: Client): Promise<Integrity | null> {
  await client.query('BEGIN');
  try {
    const schema = await amcheckSchema(client);
    if (schema === null) return null;
    const { rows: relations } = await client.query<{ name: string; heap: boolean }>(CHECKABLE);
    const faults: string[] = [];
    for (const { name, heap } of relations) {
      await client.query('SAVEPOINT relation');
      try {
        const call = heap ? 'verify_heapam($1::regclass)' : 'bt_index_check($1::regclass)';
        const { rows } = await client.query<{ msg?: string }>(`SELECT * FROM ${schema}.${call}`, [name]);
        faults.push(...rows.flatMap(({ msg }) => (msg === undefined ? [] : [`${name}: ${msg}`])));
      } catch (error) {
        if (sqlState(error) === '') throw error;
        faults.push(`${name}: ${String(error)}`);
        await client.query('ROLLBACK TO SAVEPOINT relation');
      }
    }
    const detail =
      faults.length === 0 ? `amcheck: ${relations.length} tables and indexes` : faults.slice(0, 20).join('\n');
    return { ok: faults.length === 0, detail };
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

const CHECKABLE = `
  SELECT c.oid::regclass::text AS name, c.relkind <> 'i' AS heap
  FROM pg_class c JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_index i ON i.indexrelid = c.oid
  WHERE c.relpersistence = 'p'
    AND (c.relkind IN ('r', 'm', 't') AND a.amname = 'heap'
      OR c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid)
  ORDER BY c.oid`;

/** The schema that its functions are in, quoted; `null` where it is not there and cannot be made. */
async function amcheckSchema(client: Client): Promise<string | null> {
  const find = async (): Promise<string | undefined> => {
    const { rows } = await client.query<{ schema: string }>(
      `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
       WHERE e.extname = 'amcheck'`,
    );
    return rows[0]?.schema;
  };
  const there = await find();
  if (there !== undefined) return there;
  try {
    await client.query('CREATE EXTENSION amcheck');
  } catch (error) {
    // No right to, or the image has none.
    if (sqlState(error) !== '') return null;
    throw error;
  }
  return (await find()) ?? null;
}

/** Empty for what is not the server's word. */
function sqlState(error: unknown): string {
  const { code, severity } = error as Partial<DatabaseError>;
  return severity === undefined ? '' : (code ?? '');
}

/** Has the server certainly not kept the statement? What ends the connection as well may have come after the commit. */
export function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  if ((error as Partial<DatabaseError>).severity !== 'ERROR' || state === UNKNOWN_COMPLETION) return false;
  return REFUSALS.includes(state.slice(0, 2));
}
