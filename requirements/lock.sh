#!/usr/bin/env bash
# Make the lock files anew from pyproject.toml (needs uv: `.venv/bin/pip install uv`). Review the difference, then commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
compile() { # name, extras...
  local name=$1; shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@" pyproject.toml -o "requirements/$name.lock"
}
compile all --all-extras
for names in base:build dev:build,dev,bench oceanbase:build,oceanbase; do
  extras=(); for extra in ${names#*:}; do extras+=(${extra:+$(printf -- "--extra %s " ${extra//,/ })}); done
  sed -n 's/^\([A-Za-z0-9_.-]*==[^\\]*\)\\\{0,1\}$/\1/p' requirements/all.lock > requirements/.constraints
  compile "${names%%:*}" -c requirements/.constraints "${extras[@]}"
done
rm -f requirements/all.lock requirements/.constraints
