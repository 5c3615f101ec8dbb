#!/usr/bin/env bash
# Runs our servers against clients that others wrote, and our client against their
# servers: the official Go SDK, mcp-go, the TypeScript SDK, the reference server
# server-everything and the Inspector's command line.
# usage: .ci/interop.sh CACHE_DIR
set -euo pipefail
cache=${1:?usage: interop.sh CACHE_DIR}
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/node.sh" "$cache"
cd "$root"

(cd interop && go vet ./... && CODEXMCP_INTEROP_NODE="$node_home" go test ./...)

. .ci/model.sh

(cd "$node_home" && timeout 120 node sdk.mjs "$root/bin/codexmcp" "$MODEL_URL")

inspect() {
  (cd "$node_home" && CODEX_HOME="$model_home" timeout 120 npx mcp-inspector --cli "$root/bin/codexmcp" serve \
    -c model=mock -c model_provider=mock -c "model_providers.mock={name=\"Mock\", base_url=\"$MODEL_URL\"}" "$@")
}
inspect --method tools/list | grep -q '"codex-reply"'
inspect --method tools/call --tool-name codex --tool-arg prompt=hello | grep -q 'Hello from the scripted model'
echo "inspector: ok"
