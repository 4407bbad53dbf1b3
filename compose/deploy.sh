#!/bin/sh
# Brings SERVER_DIR on SERVER_HOST to the commit that was tested and starts it, over ssh. Fails unless all is healthy.
set -eu
ssh -o BatchMode=yes "${SERVER_HOST:?}" \
  "cd '${SERVER_DIR:?}' && git fetch && git checkout --detach '${COMMIT:?}' && docker compose up -d --build --wait"
