#!/usr/bin/env bash
# Make the lock files anew from pyproject.toml (needs uv: `.venv/bin/pip install uv`). Review the difference, then commit it.
# UPGRADE=1 takes newer releases; without it the pins of today are kept. torch.lock and data.lock are written by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
compile() { # name, extras...
  local name=$1; shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --no-emit-package torch --no-emit-package yunqi "$@" pyproject.toml -o "requirements/$name.lock"
}
pins() { sed -n 's/^\([A-Za-z0-9_.-]*==[^\\]*\)\\\{0,1\}$/\1/p' "$@"; }
if [ -z "${UPGRADE:-}" ]; then pins requirements/{base,dev,oceanbase}.lock | sort -u > requirements/.constraints; else : > requirements/.constraints; fi
compile all -c requirements/.constraints --all-extras
pins requirements/all.lock > requirements/.constraints
for names in base:build dev:build,dev,bench oceanbase:build,oceanbase models:models train:models,train logistics:logistics labs:labs openvino:openvino cluster:cluster; do
  extras=(); for extra in ${names#*:}; do extras+=(${extra:+$(printf -- "--extra %s " ${extra//,/ })}); done
  compile "${names%%:*}" -c requirements/.constraints "${extras[@]}"
done
rm -f requirements/all.lock requirements/.constraints
