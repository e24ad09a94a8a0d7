#!/usr/bin/env bash
# Build the wheel twice, in two folders and at two moments, and compare: the same source must give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
# Times in the archive are those of the last commit, not of the build.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 315532800)
export SOURCE_DATE_EPOCH
hatchling=$PWD/.venv/bin/hatchling
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for turn in first second; do
  mkdir "$work/$turn"
  # What the version control knows, and nothing that lies about.
  git ls-files -z | xargs -0 cp --parents -P -t "$work/$turn"
  # The page is built, and not in git; the build makes it where it is not there.
  if [ -d src/belplan/web ]; then cp -rp src/belplan/web "$work/$turn/src/belplan/"; fi
  (cd "$work/$turn" && "$hatchling" build -t wheel -d out >/dev/null 2>&1) || { echo "the build failed" >&2; exit 1; }
done
cmp "$work"/first/out/*.whl "$work"/second/out/*.whl || { echo "two builds of one source differ" >&2; exit 1; }
mkdir -p dist
cp "$work"/first/out/*.whl dist/
sha256sum dist/belplan-*.whl
