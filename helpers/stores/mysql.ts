import type { Connection as Client, RowDataPacket } from 'mysql2/promise';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { OWN_LIMIT } from './own.ts';
import { CHECK_MS, Connection, CONNECT_MS, connectToFirst, placesOf, refuseTemporary, settingOf } from './server.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

type MysqlDefinition = StoreDefinition & { kind: 'mysql' };

/** Where nobody names a database. */
const OWN_DATABASE = 'outlast';

/** Classes of SQLSTATE after which a statement has certainly not been kept: bad data, constraints, read-only, rolled back, refused. */
const REFUSALS = ['22', '23', '25', '40', '42'];
/** … and errors of the class HY000: disk full, table full, lock wait time-out (MySQL's manual, "Server Error Message Reference"). */
const REFUSED_ERRORS = new Set([
  1021, // ER_DISK_FULL
  1036, // ER_OPEN_AS_READONLY
  1114, // ER_RECORD_FILE_FULL
  1205, // ER_LOCK_WAIT_TIMEOUT
  1290, // ER_OPTION_PREVENTS_STATEMENT
  1366, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
  1836, // ER_READ_ONLY_MODE
]);
const LOGIN_REFUSALS = new Set([
  1044, // ER_DBACCESS_DENIED_ERROR
  1045, // ER_ACCESS_DENIED_ERROR
  1130, // ER_HOST_NOT_PRIVILEGED
  1698, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
]);
const UNKNOWN_DATABASE = 1049;
const NO_SUCH_TABLE = 1146;

const SOCKETS = [
  '/run/mysqld/mysqld.sock',
  '/var/run/mysqld/mysqld.sock',
  '/var/lib/mysql/mysql.sock',
  '/tmp/mysql.sock',
];

/** Markers in a table of their own, in the database of the app. */
export async function open(definition: MysqlDefinition, context: DriverContext): Promise<OpenStore> {
  return new MysqlStore(definition, context);
}

interface Session {
  readonly client: Client;
  readonly database: string;
  hasTable: boolean;
}

class MysqlStore implements OpenStore {
  readonly #context: DriverContext;
  readonly #connection: Connection<Session>;

  constructor(definition: MysqlDefinition, context: DriverContext) {
    this.#context = context;
    this.#connection = new Connection(
      async () => connect(definition, context),
      ({ client }) => client.destroy(),
    );
  }

  async write(marker: Marker): Promise<boolean> {
    return this.writeAll([marker]);
  }

  async writeAll(markers: readonly Marker[]): Promise<boolean> {
    return this.#connection.change(async (session) => {
      const { client, database } = session;
      if (!session.hasTable) {
        if (database === OWN_DATABASE) await client.query('CREATE DATABASE IF NOT EXISTS ??', [database]);
        await client.query(CREATE_TABLE, [database]);
        session.hasTable = true;
      }
      const rows = markers.map(() => '(?, ?)').join(', ');
      await client.execute(
        `INSERT INTO ${client.escapeId(database)}.outlast_markers (id, payload) VALUES ${rows}`,
        markers.flatMap(({ id, payload }) => [id, payload]),
      );
    }, isRefusal);
  }

  async remove({ id }: Marker): Promise<boolean> {
    return this.#connection.change(
      async ({ client, database }) =>
        client.execute(`DELETE FROM ${client.escapeId(database)}.outlast_markers WHERE id = ?`, [id]),
      isRefusal,
    );
  }

  async read(): Promise<ReadRow[]> {
    try {
      return await this.#connection.with(async ({ client, database }) => {
        const [rows] = await client.query<(ReadRow & RowDataPacket)[]>(
          `SELECT id, coalesce(payload, '') AS payload FROM ??.outlast_markers WHERE id LIKE 'o-%'`,
          [database],
        );
        return rows.map(({ id, payload }) => ({ id, payload }));
      });
    } catch (error) {
      const number = errorNumber(error);
      if (number === NO_SUCH_TABLE || number === UNKNOWN_DATABASE) return [];
      throw error;
    }
  }

  async own(): Promise<OwnGroup[]> {
    return this.#connection.with(async ({ client, database }) => {
      const [columns] = await client.query<(OwnColumn & RowDataPacket)[]>(OWN_COLUMNS, [
        OWN_DATABASE,
        // Where nobody names one, the app's may be any.
        database === OWN_DATABASE ? null : database,
      ]);
      const tables = Map.groupBy(columns, ({ place, tableName }) => `${place}.${tableName}`);
      const groups: OwnGroup[] = [];
      for (const table of tables.values()) groups.push(await tableOf(client, table));
      return groups;
    });
  }

  async integrity(): Promise<Integrity> {
    return this.#connection.with(check, CHECK_MS);
  }

  async answers(): Promise<void> {
    await this.#connection.with(async ({ client }) => {
      const [rows] = await client.query<({ alone: number } & RowDataPacket)[]>('SELECT @@skip_networking AS alone');
      refuseTemporary(rows[0]?.alone === 0, isMain(this.#context));
    }, CONNECT_MS);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS ??.outlast_markers (
    id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
  ) ENGINE=InnoDB`;

interface Login {
  readonly user: string;
  readonly password: string;
}

/** The app's own user where the image has made one, else root. */
function loginOf(definition: MysqlDefinition, env: DriverContext['container']['env']): Login {
  const setting = (name: string): string | undefined => settingOf(env, `MARIADB_${name}`, `MYSQL_${name}`);
  const app = setting('DATABASE') === undefined ? undefined : setting('USER');
  const user = definition.user ?? app ?? 'root';
  const known = user === 'root' ? setting('ROOT_PASSWORD') : user === setting('USER') ? setting('PASSWORD') : undefined;
  return { user, password: definition.password ?? known ?? '' };
}

async function connect(definition: MysqlDefinition, context: DriverContext): Promise<Session> {
  const { default: mysql } = await import('mysql2/promise');
  const { env } = context.container;
  const { url } = definition;
  const named = url === undefined ? definition.database : decodeURIComponent(new URL(url).pathname.slice(1));
  const database = named || (settingOf(env, 'MARIADB_DATABASE', 'MYSQL_DATABASE') ?? OWN_DATABASE);
  const places = url === undefined ? placesOf(SOCKETS) : [null];
  return connectToFirst(
    places,
    async (place) => {
      const client = await mysql.createConnection({
        ...(url === undefined
          ? {
              ...loginOf(definition, env),
              ...(place === null ? { host: '127.0.0.1', port: 3306 } : { socketPath: place }),
            }
          : { uri: url }),
        charset: 'utf8mb4',
        connectTimeout: CONNECT_MS,
      });
      // What breaks while nothing is asked shows at the next question.
      client.on('error', () => {});
      // Nothing is cut to fit, and each statement is a transaction of its own.
      await client.query(`SET SESSION sql_mode = 'STRICT_ALL_TABLES', autocommit = 1`);
      if (database !== OWN_DATABASE) await client.query('USE ??', [database]);
      return { client, database, hasTable: false };
    },
    { isRefused: (error) => isLoginRefusal(error), isMain: isMain(context) },
  );
}

function isMain(context: DriverContext): boolean {
  return /^(mysqld|mariadbd)/.test(context.main().program);
}

interface OwnColumn {
  readonly place: string;
  readonly tableName: string;
  readonly name: string;
  readonly isKey: 0 | 1;
}

/** Tables in memory are emptied when the server stops: that is what they are for. */
const OWN_COLUMNS = `
  SELECT t.table_schema AS place, t.table_name AS tableName, c.column_name AS name, c.column_key = 'PRI' AS isKey
  FROM information_schema.tables t
  JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
  WHERE t.table_type = 'BASE TABLE' AND t.engine <> 'MEMORY' AND t.table_name <> 'outlast_markers'
    AND t.table_schema NOT IN ('information_schema', 'performance_schema', 'sys', 'mysql', ?)
    AND t.table_schema = coalesce(?, t.table_schema)
  ORDER BY c.ordinal_position`;

async function tableOf(client: Client, columns: readonly OwnColumn[]): Promise<OwnGroup> {
  const [{ place, tableName } = { place: '', tableName: '' }] = columns;
  const group = { name: `table ${place}.${tableName}`, unit: 'rows' as const };
  const [counted] = await client.query<({ count: number } & RowDataPacket)[]>('SELECT count(*) AS count FROM ??.??', [
    place,
    tableName,
  ]);
  const count = counted[0]?.count ?? 0;
  const keys = columns.filter(({ isKey }) => isKey === 1);
  if (keys.length === 0 || count > OWN_LIMIT) return { ...group, count, entries: null };
  const [rows] = await client.query<({ k: string; c: string } & RowDataPacket)[]>(
    `SELECT ${digest(keys)} AS k, ${digest(columns)} AS c FROM ??.??`,
    [place, tableName],
  );
  return { ...group, count: rows.length, entries: rows.map(({ k, c }) => [k, c]) };
}

/** An expression, of functions that every MySQL and MariaDB has. What is missing is told from what is empty, and bytes need be no characters. */
function digest(columns: readonly OwnColumn[]): string {
  const values = columns.map(({ name }) => `coalesce(hex(cast(\`${name.replaceAll('`', '``')}\` AS BINARY)), 'NULL')`);
  return `sha2(concat_ws(',', ${values.join(', ')}), 256)`;
}

/** CHECK TABLE on every table that this user sees. */
async function check({ client }: Session): Promise<Integrity> {
  const [tables] = await client.query<({ place: string; name: string } & RowDataPacket)[]>(
    `SELECT table_schema AS place, table_name AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema', 'sys')`,
  );
  const faults: string[] = [];
  for (const { place, name } of tables) {
    const [said] = await client.query<({ Msg_type: string; Msg_text: string } & RowDataPacket)[]>('CHECK TABLE ??.??', [
      place,
      name,
    ]);
    // An engine without a check says so in a note.
    const bad = said.filter(({ Msg_type, Msg_text }) => /^error$/i.test(Msg_type) || /corrupt|failed/i.test(Msg_text));
    faults.push(...bad.map(({ Msg_text }) => `${place}.${name}: ${Msg_text}`));
  }
  const detail = faults.length === 0 ? `CHECK TABLE: ${tables.length} tables` : faults.slice(0, 20).join('\n');
  return { ok: faults.length === 0, detail };
}

/** 0 for what is not the server's word. */
function errorNumber(error: unknown): number {
  const { errno, sqlState } = error as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && typeof sqlState === 'string' ? errno : 0;
}

function isLoginRefusal(error: unknown): boolean {
  const number = errorNumber(error);
  return LOGIN_REFUSALS.has(number) || number === UNKNOWN_DATABASE;
}

/** Has the server certainly not kept the statement? */
export function isRefusal(error: unknown): boolean {
  const number = errorNumber(error);
  if (number === 0) return false;
  return REFUSED_ERRORS.has(number) || REFUSALS.includes((error as { sqlState: string }).sqlState.slice(0, 2));
}
