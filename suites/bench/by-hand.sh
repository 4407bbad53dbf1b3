#!/bin/sh
# by-hand.sh -f FILE [-f FILE …]: what a careful person does without Outlast, the opponent of the benchmark.
# Create a row, then restart, rebuild, and take down and up again, looking for the row after each step.
# Fast where that is honest: it polls every 50 ms and never sleeps longer. Exits 1 when a row is missing.
set -eu
[ $# -gt 0 ] || { echo "usage: by-hand.sh -f FILE [-f FILE …]" >&2; exit 2; }

files=$*
compose() {
  # shellcheck disable=SC2086 # split on purpose; file names with spaces are not for this script
  docker compose $files "$@"
}

row="by-hand-$$-$(date +%s)"

in_app() { # script [argument …]: runs in the app's container, where the app answers on 127.0.0.1
  compose exec -T app node --input-type=module -e "$@"
}

ready() {
  deadline=$(($(date +%s) + 60))
  until in_app 'process.exit((await fetch("http://127.0.0.1:3001/api/health")).ok ? 0 : 1)' >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || { echo "by-hand: the app is not ready after 60 s" >&2; exit 3; }
    sleep 0.05
  done
}

create() {
  in_app 'const response = await fetch("http://127.0.0.1:3001/api/projects", { method: "POST",
    headers: { "content-type": "application/json" }, body: JSON.stringify({ name: process.argv[1] }) });
    process.exit(response.status === 201 ? 0 : 1)' "$row"
}

verify() { # step
  ready
  if in_app 'const rows = await (await fetch("http://127.0.0.1:3001/api/projects?prefix=" + process.argv[1])).json();
    process.exit(rows.filter((row) => row.name === process.argv[1]).length === 1 ? 0 : 1)' "$row"; then
    echo "by-hand: the row is there after $1"
  else
    echo "by-hand: the row is MISSING after $1" >&2
    exit 1
  fi
}

compose up -d --build
ready
create
verify create
compose restart app
verify restart
compose build app
compose up -d app
verify rebuild
compose down
compose up -d
verify 'down and up'
