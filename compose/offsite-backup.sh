#!/bin/sh
# A dump of the running database, verified and copied to a bucket. The database runs in this folder, or on SERVER_HOST in
# SERVER_DIR, reached over ssh. Needs Node and `npm ci` in app/; the bucket and its keys are in the environment (.env.example).
set -eu
cd "$(dirname "$0")"

dump='docker compose exec -T app node backup/dump.ts'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
file="$folder/db-$(date -u +%Y%m%dT%H%M%S)000Z.sql"

# Straight into a file: in a pipe, a dump that fails half-way would not be noticed here.
if [ -n "${SERVER_HOST:-}" ]; then
  ssh -o BatchMode=yes "$SERVER_HOST" "cd '${SERVER_DIR:?}' && $dump" > "$file"
else
  $dump > "$file"
fi
BACKUP_DIR=$folder node app/offsite/upload.ts "$file"
