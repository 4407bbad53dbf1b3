#!/bin/sh
# Runs before the server: says what is not writable, seeds the configuration on the first run, then gives way.
# It ends nothing: the server reports the same on /api/health, where somebody looks.
set -u

database=${DATABASE_PATH:-/app/dev_assets/db.sqlite}
data_dir=${database%/*}
seed=${CONFIG_SEED:-/app/seed/config.default.json}

log() { # level event message
  printf '{"at":"%s","level":"%s","event":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3" >&2
}

warn() { # path: says whose it is, whose it must be, and the command that makes it so
  needed="$(id -u):$(id -g)"
  owner=$(stat -c %u:%g "$1" 2>/dev/null || echo nobody)
  if [ ! -e "$1" ]; then
    problem='does not exist: is its mount missing?'
  elif [ "${owner%:*}" = "$(id -u)" ]; then
    problem="belongs to $owner as it should, with mode $(stat -c %a "$1"). Fix: chmod u+rwX $1, or drop :ro from its mount"
  else
    problem="belongs to $owner, this service runs as $needed. Fix: docker compose run --rm --no-deps --user 0:0 --entrypoint chown app -R $needed $1"
  fi
  log error not-writable "$1 is not writable: it $problem"
}

for dir in ${WRITABLE_DIRS:-$data_dir}; do
  { [ -d "$dir" ] && [ -w "$dir" ] && [ -x "$dir" ]; } || warn "$dir"
done
# SQLite writes to its sidecars as well: a foreign one breaks the database just the same.
for file in "$database" "$database-wal" "$database-shm"; do
  [ ! -e "$file" ] || [ -w "$file" ] || warn "$file"
done

if [ -e "$database" ]; then
  log info database-found "$database"
else
  log info first-run "no database at $database yet: the app creates it"
fi

# Written beside and renamed: a crash leaves no half a file, and an existing one is never overwritten.
seed_config() {
  partial=$(mktemp "$data_dir/.config.json.XXXXXX" 2>/dev/null) &&
    cp "$seed" "$partial" && chmod 0644 "$partial" && mv -n "$partial" "$data_dir/config.json"
  seeded=$?
  rm -f "${partial:-}"
  return "$seeded"
}

if [ -e "$data_dir/config.json" ]; then
  :
elif seed_config; then
  log info config-seeded "$data_dir/config.json"
else
  log error config-not-seeded "$data_dir/config.json"
fi

exec "$@"
