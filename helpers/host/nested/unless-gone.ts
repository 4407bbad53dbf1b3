/** Passes what an engine says of a thing that is not there, is at its end already, or is in use. @throws Error anything else */
export function unlessGone(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error as Error;
}
