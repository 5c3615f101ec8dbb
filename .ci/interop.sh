#!/usr/bin/env bash
# Runs bin/codexmcp against clients that others wrote: the official Go SDK, the
# TypeScript SDK and the Inspector's command line.
# usage: .ci/interop.sh CACHE_DIR
set -euo pipefail
cache=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
root=$PWD

(cd interop && go vet ./... && go test ./...)

mkdir -p "$cache/node"
cp interop/node/package.json interop/node/*.mjs "$cache/node/"
(cd "$cache/node" && npm install --no-audit --no-fund --loglevel=error)
export PATH="$cache/node/node_modules/node/bin:$PATH"

model=$(mktemp -d)
trap 'exec 9>&-; wait; rm -rf "$model"' EXIT
mkfifo "$model/stdin"
(cd interop && go build -o "$model/model" ./model)
"$model/model" <"$model/stdin" >"$model/url" &
exec 9>"$model/stdin"
for _ in $(seq 100); do [ -s "$model/url" ] && break; sleep 0.1; done
url=$(cat "$model/url")

(cd "$cache/node" && timeout 120 node sdk.mjs "$root/bin/codexmcp" "$url")

inspect() {
  (cd "$cache/node" && CODEX_HOME="$model" timeout 120 npx mcp-inspector --cli "$root/bin/codexmcp" serve \
    -c model=mock -c model_provider=mock -c "model_providers.mock={name=\"Mock\", base_url=\"$url\"}" "$@")
}
inspect --method tools/list | grep -q '"codex-reply"'
inspect --method tools/call --tool-name codex --tool-arg prompt=hello | grep -q 'Hello from the scripted model'
echo "inspector: ok"
