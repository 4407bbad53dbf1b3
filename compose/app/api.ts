import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { describe, log } from './log.ts';
import type { Repositories } from './repositories.ts';

const id = z.string().min(1).max(200);
const line = z.string().min(1).max(200);

const Project = z.strictObject({ id: id.optional(), name: line, description: z.string().max(1_000_000).default('') });
const Task = z.strictObject({ id: id.optional(), projectId: id, title: line, done: z.boolean().default(false) });

const repositoryName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, 'letters, digits, _ and -, at most 64');
const Repository = z.strictObject({ name: repositoryName });
const filePath = z
  .string()
  .max(500)
  .regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, 'a relative path whose parts do not begin with a dot');
const Change = z.strictObject({
  path: filePath,
  content: z.string().max(1_000_000),
  message: z.string().regex(/^\S[^\r\n]{0,199}$/, 'one line of at most 200 characters'),
});

interface TaskRow {
  id: string;
  projectId: string;
  title: string;
  done: 0 | 1;
  createdAt: string;
}

/** An answer of 201 means: on disk. SQLite commits with synchronous=FULL and git syncs before the answer goes out. */
export function createApi(database: Database.Database, repositories: Repositories): Hono {
  const insertProject = database.prepare(
    `INSERT INTO projects (id, name, description) VALUES (coalesce(@id, lower(hex(randomblob(16)))), @name, @description)
     RETURNING id, name, description, created_at AS createdAt`,
  );
  const selectProjects = database.prepare(
    `SELECT id, name, description, created_at AS createdAt FROM projects
     WHERE substr(name, 1, length(@prefix)) = @prefix ORDER BY rowid`,
  );
  const insertTask = database.prepare<[object], TaskRow>(
    `INSERT INTO tasks (id, project_id, title, done)
     VALUES (coalesce(@id, lower(hex(randomblob(16)))), @projectId, @title, @done)
     RETURNING id, project_id AS projectId, title, done, created_at AS createdAt`,
  );
  const selectTasks = database.prepare<[object], TaskRow>(
    `SELECT id, project_id AS projectId, title, done, created_at AS createdAt FROM tasks
     WHERE @projectId IS NULL OR project_id = @projectId ORDER BY rowid`,
  );

  const existing = (name: string): string => {
    const known = valid(repositoryName, name);
    if (!repositories.has(known)) throw new HTTPException(404, { message: `no repository ${known}` });
    return known;
  };

  return new Hono()
    .get('/api/projects', (context) => context.json(selectProjects.all({ prefix: context.req.query('prefix') ?? '' })))
    .post('/api/projects', async (context) => {
      const project = valid(Project, await body(context.req.raw));
      return context.json(insertProject.get({ ...project, id: project.id ?? null }), 201);
    })
    .get('/api/tasks', (context) =>
      context.json(selectTasks.all({ projectId: context.req.query('projectId') ?? null }).map(asTask)),
    )
    .post('/api/tasks', async (context) => {
      const task = valid(Task, await body(context.req.raw));
      return context.json(asTask(insertTask.get({ ...task, id: task.id ?? null, done: Number(task.done) })), 201);
    })
    .post('/api/repos', async (context) => {
      const { name } = valid(Repository, await body(context.req.raw));
      if (repositories.has(name)) throw new HTTPException(409, { message: `${name} exists` });
      await repositories.create(name);
      return context.json({ name }, 201);
    })
    .get('/api/repos/:name/commits', async (context) =>
      context.json(await repositories.commits(existing(context.req.param('name')))),
    )
    .post('/api/repos/:name/commits', async (context) => {
      const name = existing(context.req.param('name'));
      return context.json(await repositories.commit(name, valid(Change, await body(context.req.raw))), 201);
    })
    .onError((error, context) => {
      const status = statusOf(error);
      if (status >= 500) log('error', 'request-failed', { path: context.req.path, ...describe(error) });
      return context.json({ error: error.message }, status);
    });
}

async function body(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw new HTTPException(400, { message: 'the body is not JSON' });
  }
}

function valid<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw new HTTPException(400, { message: z.prettifyError(result.error) });
  return result.data;
}

/** SQLite has no booleans. */
function asTask(task: TaskRow | undefined): object {
  return { ...task, done: task?.done === 1 };
}

function statusOf(error: Error): ContentfulStatusCode {
  if (error instanceof HTTPException) return error.status;
  if (!(error instanceof Database.SqliteError)) return 500;
  if (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 409;
  if (error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return 400;
  return 503;
}
