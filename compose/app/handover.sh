#!/bin/sh
# handover.sh UID GID DIR…: gives each folder that holds nothing yet to UID:GID.
# A folder with data in it keeps its owner: whose it is, is for a person to decide. HAND_OVER names those that were
# decided on: they are given with all that is in them.
set -eu
uid=$1 gid=$2
shift 2

for dir in "$@"; do
  [ -z "$(ls -A "$dir" | grep -v '^\.gitkeep$' || true)" ] || continue
  chown "$uid:$gid" "$dir"
done
for dir in ${HAND_OVER:-}; do
  chown -hR "$uid:$gid" "$dir"
done
