// dump.ts [FILE]: the database as SQL, from one consistent snapshot; to standard output without a FILE.
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { command } from '../command.ts';
import { publish } from '../durable.ts';
import { readPlaces } from '../settings.ts';
import { dump } from './sql.ts';

const { databasePath } = readPlaces(process.env);

/** One read transaction: the app may go on writing meanwhile. */
function write(descriptor: number): void {
  const database = new Database(databasePath, { readonly: true, timeout: 10_000 });
  try {
    database.exec('BEGIN');
    for (const statement of dump(database)) writeFileSync(descriptor, `${statement}\n`);
  } finally {
    database.close();
  }
}

function writeWhole(file: string): void {
  const partial = `${file}.partial`;
  try {
    const descriptor = openSync(partial, 'w');
    try {
      write(descriptor);
    } finally {
      closeSync(descriptor);
    }
    publish(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

await command('dump', () => {
  const [file] = process.argv.slice(2);
  if (file !== undefined) {
    writeWhole(file);
    return { file };
  }
  write(1);
  return null;
});
