const NAMES =
  /^(tmp|temp|run|lock|log|logs|cache|caches|node_modules|__pycache__|\.[^/]+)$|\.(pid|sock|lock|log|pyc|tmp|part|swp)$|\.log\.|cache$|~$/i;

/** Is there a file or a folder on the way that nobody misses: a cache, a log, a lock, something half-written or hidden? Pure. */
export function isVolatile(path: string): boolean {
  return path
    .split('/')
    .filter(Boolean)
    .some((name) => NAMES.test(name));
}
