#!/bin/sh
# Brings SERVER_DIR on SERVER_HOST to the commit that is checked out here and starts it, over ssh. Only if the report in
# REPORT lets it pass the gate; fails unless all is healthy.
set -eu
report=$(realpath "${REPORT:?}")
cd "$(dirname "$0")"
npx outlast gate "$report"
commit=$(git rev-parse HEAD)
ssh -o BatchMode=yes "${SERVER_HOST:?}" \
  "cd '${SERVER_DIR:?}' && git fetch && git checkout --detach '$commit' && docker compose up -d --build --wait"
