#!/bin/sh
# Runs before the server: refuses what it could not write to, seeds the configuration on the first run, then gives way.
set -eu

database=${DATABASE_PATH:-/app/dev_assets/db.sqlite}
data_dir=${database%/*}
seed=${CONFIG_SEED:-/app/seed/config.default.json}

log() { # level event message
  printf '{"at":"%s","level":"%s","event":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3" >&2
}

refuse() { # path: says whose it is, whose it must be, and the command that makes it so
  needed="$(id -u):$(id -g)"
  owner=$(stat -c %u:%g "$1" 2>/dev/null || echo nobody)
  case $1 in
    "$data_dir" | "$data_dir"/*) fix="sudo chown -R $needed ./dev_assets" ;;
    /backups) fix="sudo chown -R $needed ./backups" ;;
    *) fix="docker compose run --rm --no-deps --user 0:0 --entrypoint chown app -R $needed $1" ;;
  esac
  if [ ! -e "$1" ]; then
    problem='does not exist: is its mount missing?'
  elif [ "$owner" = "$needed" ]; then
    problem="belongs to $owner as it should, but is not writable: a read-only mount, or mode $(stat -c %a "$1")?"
    fix="chmod u+rwX $1, or drop :ro from its mount"
  else
    problem="belongs to $owner and is not writable for $needed, who runs this service."
  fi
  log error not-writable "$1 $problem Fix: $fix"
  exit 1
}

for dir in ${WRITABLE_DIRS:-$data_dir}; do
  { [ -d "$dir" ] && [ -w "$dir" ] && [ -x "$dir" ]; } || refuse "$dir"
done
# SQLite writes to its sidecars as well: a foreign one breaks the database just the same.
for file in "$database" "$database-wal" "$database-shm"; do
  [ ! -e "$file" ] || [ -w "$file" ] || refuse "$file"
done

if [ -e "$database" ]; then
  log info database-found "$database"
else
  log info first-run "no database at $database yet: the app creates it"
fi

# Written beside and renamed: a crash leaves no half a file, and an existing one is never overwritten.
if [ ! -e "$data_dir/config.json" ]; then
  partial=$(mktemp "$data_dir/.config.json.XXXXXX")
  cp "$seed" "$partial"
  chmod 0644 "$partial"
  mv -n "$partial" "$data_dir/config.json"
  rm -f "$partial"
  log info config-seeded "$data_dir/config.json"
fi

exec "$@"
