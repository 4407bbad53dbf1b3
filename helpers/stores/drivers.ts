import { open as openCommand } from './command.ts';
import { open as openFiles } from './files.ts';
import { open as openGit } from './git.ts';
import { open as openHttp } from './http.ts';
import { open as openMysql } from './mysql.ts';
import { open as openPostgres } from './postgres.ts';
import { open as openRedis } from './redis.ts';
import { open as openSqlite } from './sqlite.ts';
import type { DriverContext, OpenStore, StoreDefinition } from './store.ts';

/** Opens a store of any kind. Runs inside the container; a place that is absent is made by the first write, never by a read. */
export async function openStore(definition: StoreDefinition, context: DriverContext): Promise<OpenStore> {
  switch (definition.kind) {
    case 'sqlite':
      return openSqlite(definition, context);
    case 'files':
      return openFiles(definition, context);
    case 'git':
      return openGit(definition, context);
    case 'http':
      return openHttp(definition, context);
    case 'postgres':
      return openPostgres(definition, context);
    case 'mysql':
      return openMysql(definition, context);
    case 'redis':
      return openRedis(definition, context);
    case 'command':
      return openCommand(definition, context);
  }
}
