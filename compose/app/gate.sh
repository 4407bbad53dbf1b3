#!/bin/sh
# Waits until the app of HEALTH_URL is healthy, then gives way. Compose's own gate is closed for `up` only:
# after a reboot the engine starts all services at once and knows nothing of depends_on.
set -u

until node healthcheck.js >/dev/null; do sleep 0.5; done
exec "$@"
