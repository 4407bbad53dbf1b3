/** One JSON object a line, so that a log collector needs no grammar. Errors carry their code (SQLITE_READONLY, EACCES …). */
export function log(level: 'info' | 'error', event: string, details: Record<string, unknown> = {}): void {
  const stream = level === 'error' ? process.stderr : process.stdout;
  stream.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...details })}\n`);
}

export function describe(error: unknown): { message: string; code?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = codeOf(error);
  return code === undefined ? { message: error.message } : { message: error.message, code };
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
