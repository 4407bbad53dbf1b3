// download.ts KEY | latest: from the bucket into the folder of backups, under its name only once it was verified.
import { basename, join } from 'node:path';
import { stage } from '../backup/stage.ts';
import { command, Failure } from '../command.ts';
import { publish, removeDatabase } from '../durable.ts';
import { newestVersion } from '../migrations.ts';
import { readPlaces } from '../settings.ts';
import { Bucket } from './bucket.ts';

const { backupDir, migrationsDir } = readPlaces(process.env);

await command('download', async () => {
  const [wanted] = process.argv.slice(2);
  if (wanted === undefined) throw new Failure('usage', 'download.ts KEY | latest');
  const bucket = new Bucket(process.env);
  const key = wanted === 'latest' ? await bucket.newest() : wanted;
  const file = join(backupDir, basename(key));
  // The name ends as the key does: it tells a dump from a database.
  const partial = join(backupDir, `.partial-${basename(key)}`);
  const tried = `${partial}.tried`;
  try {
    await bucket.download(key, partial);
    const schema = stage(partial, tried, newestVersion(migrationsDir));
    publish(partial, file);
    return { key, file, schema };
  } finally {
    removeDatabase(partial);
    removeDatabase(tried);
  }
});
