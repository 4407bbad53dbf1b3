const order = new Intl.Collator('en', { numeric: true });

/** Is one version of a program strictly newer than another? `28.5.2+dfsg1` is newer than `9.0`. Pure. */
export function isNewer(version: string, than: string): boolean {
  return order.compare(version, than) > 0;
}
