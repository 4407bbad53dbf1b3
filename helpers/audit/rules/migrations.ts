import type { Rule } from '../rule.ts';
import { environmentOf, type AuditedService, type Subject } from '../subject.ts';

/** What migrators are called with to bring a database up to date. */
const MIGRATES =
  /\b(prisma migrate deploy|alembic\b.* upgrade|db:migrate|manage\.py migrate|migrate:latest|migrations?:run|migrations:migrate|artisan migrate|flyway\b.* migrate|liquibase\b.* update|(goose|dbmate|migrate)\b.* up|drizzle-kit migrate|diesel migration run|flask db upgrade)\b/;

/** https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html, https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/ */
export const migrationAtStart: Rule = {
  id: 'migration-at-start',
  hazard: '43',
  severity: 'info',
  why: 'MySQL and MariaDB commit every change of a table by itself, in a transaction too. A start that is killed during a migration leaves it half done, and each start after that begins it anew on what it has left: it fails, and the service stays down.',
  fix: 'Migrate in a step of its own before `up`, after a backup: `docker compose run --rm app …`.',
  *check(subject) {
    for (const service of subject.services) {
      const migration = service.commands
        .flatMap(({ runs }) => runs)
        .map((argv) => argv.join(' ').match(MIGRATES)?.[0])
        .find((match) => match !== undefined);
      if (migration === undefined || !talksToMysql(service, subject)) continue;
      yield {
        service: service.name,
        at: subject.source.locate('services', service.name, service.model['command'] ? 'command' : 'entrypoint'),
        title: `${service.name} runs \`${migration}\` whenever it starts, on a database that keeps half of a migration.`,
      };
    }
  },
};

function talksToMysql({ model }: AuditedService, { services }: Subject): boolean {
  const urls = Object.values(environmentOf(model));
  const servers = services.filter(({ known }) => known?.engine === 'mysql').map(({ name }) => name);
  return (
    urls.some((url) => /\b(mysql2?|mariadb)(\+\w+)?:\/\//.test(url ?? '')) ||
    servers.some((name) => Object.hasOwn(model.depends_on ?? {}, name))
  );
}
