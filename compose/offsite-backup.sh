#!/bin/sh
# A dump of the running database, verified and copied to a bucket. The database runs in this folder, or on SERVER_HOST in
# SERVER_DIR, its folder there, reached over ssh. Needs Node and `npm ci` in app/; the bucket and its keys are in the
# environment (.env.example). What became of it is written down beside the backups of the app, which raises an alarm by that.
set -eu
cd "$(dirname "$0")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
file="$folder/db-$(date -u +%Y%m%dT%H%M%S)000Z.sql"
said="$folder/said"

at_database() {
  if [ -n "${SERVER_HOST:-}" ]; then
    ssh -o BatchMode=yes "$SERVER_HOST" "cd '${SERVER_DIR:?}' && $1"
  else
    sh -c "$1"
  fi
}

# Straight into a file: in a pipe, a dump that fails half-way would not be noticed here.
status=0
at_database 'docker compose exec -T app node backup/dump.ts' < /dev/null > "$file" 2> "$said" || status=$?
# The folder is temporary, and so is the status that lands in it: the one that counts is recorded below.
[ "$status" -ne 0 ] || BACKUP_DIR=$folder node app/offsite/upload.ts "$file" > "$said" 2>&1 || status=$?
cat "$said" >&2

# `run`: also where the app is down.
at_database 'docker compose run --rm --no-deps -T backup node offsite/record.ts' < "$said"
exit "$status"
