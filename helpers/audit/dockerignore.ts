import dockerignore from '@balena/dockerignore';

/** Tells, of paths relative to a build context, whether its .dockerignore keeps them out. */
export function ignoredBy(text: string): (path: string) => boolean {
  // Its types describe an ES module, and it is none.
  const rules = dockerignore.default().add(text);
  return (path) => rules.ignores(path);
}
