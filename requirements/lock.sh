#!/bin/sh
# Pins every dependency with its hashes, for every platform, without naming any index. What is pinned stays as it is unless UPGRADE is set.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${1:-python3}" -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip -q install uv
for extra in edge hub cloud cluster peers dev; do
  "$tools/venv/bin/uv" -q pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} --extra "$extra" pyproject.toml -o "requirements/$extra.lock"
done
# What leads hostile bytes by coverage goes into the same environment as dev's, where somebody wants it.
"$tools/venv/bin/uv" -q pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} --extra fuzz --constraint requirements/dev.lock pyproject.toml \
  -o requirements/fuzz.lock
# What the shelf nodes' firmware is checked with: it wants other versions than we do, so it has an environment of its own.
echo esphome | "$tools/venv/bin/uv" -q pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} - -o requirements/esphome.lock
if grep -nE '(index-url|find-links|https?://)' requirements/*.lock; then
  echo "a lock file names an address; it must not" >&2
  exit 1
fi
