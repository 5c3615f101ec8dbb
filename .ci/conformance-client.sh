#!/usr/bin/env bash
# Runs the MCP conformance suite's client side with examples/conformance-client:
# what each revision requires of a client, without expected failures. The
# extensions that no score counts are run and shown as well.
#
#   .ci/conformance-client.sh CACHE
#
# CACHE is a folder outside the repository that keeps the suite between runs.
set -euo pipefail

cache=${1:?usage: conformance-client.sh CACHE}
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/node.sh" "$cache"
index=$node_home/node_modules/@modelcontextprotocol/conformance/dist/index.js

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && go build -o "$work/conformance-client" ./examples/conformance-client)

status=0
check() { # check NAME ARGUMENTS...
	local name=$1
	shift
	echo "--- $name"
	timeout 180 node "$index" client --command "$work/conformance-client" "$@" -o "$work/$name" >"$work/$name.log" 2>&1 || status=1
	sed -n '/SUITE SUMMARY/,$p' "$work/$name.log"
}
check 2025-11-25 --requirements 2025-11-25
check 2026-07-28 --requirements 2026-07-28
check 2025-06-18 --suite all --spec-version 2025-06-18
exit "$status"
