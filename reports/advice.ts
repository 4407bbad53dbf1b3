import type { Reason } from '../helpers/verdict/model.ts';

/** What to do about a cell, by its reason. */
export const ADVICE: Readonly<Record<Reason, string>> = {
  'not-read': 'Run the cell again with --keep and look at the store by hand.',
  'checker-failed': 'Read the evidence of the cell; run it again, and report it if it stays.',
  'not-proven': 'Read the proof: what should have changed did not. Check that nothing else steers this project.',
  'no-markers': 'Make the store writable before the disruption; every write was refused.',
  'host-died': 'Check memory and disk of the machine, then run the cell again.',
  timeout: 'Raise --timeout if the service is only slow.',
  'rows-missing': 'Put the data on a named volume or a bind, and let the store sync before it acknowledges.',
  'rows-changed': 'Restore from a backup, and find what writes to these rows besides the store.',
  'rows-from-elsewhere': 'Find which volume is mounted now, and mount the one that holds the data.',
  'source-replaced': 'Give the volume a name (or the project a fixed `name:`), so that the next container finds it.',
  'borrowed-time': 'Mount a volume at the path of the store before the container is next recreated.',
  'not-running': 'Give the service `restart: unless-stopped`, and read its log.',
  'not-ready': 'Read the log of the service; its health check does not pass.',
  'write-refused': 'Make the owner of the data the user that the service runs as.',
  'needs-host': 'Run Outlast as root on Linux, so that it can have a host of its own.',
  'needs-build': 'Nothing: no service is built here.',
  'needs-engines': 'Nothing, unless a Debian mirror can be reached: older engines are its packages.',
  'needs-bind': 'Nothing: no folder of the host is mounted.',
  'stack-failed': 'Make `docker compose up --wait` succeed first.',
  interrupted: 'Run it again.',
};
