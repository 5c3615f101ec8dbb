#!/usr/bin/env bash
# Runs the MCP conformance suite's server side against one process of
# examples/everything, every revision in turn. Fails on any failure.
#
#   .ci/conformance.sh CACHE [ROUNDS]
#
# CACHE is a folder outside the repository that keeps the suite between runs.
set -euo pipefail

cache=${1:?usage: conformance.sh CACHE [ROUNDS]}
rounds=${2:-1}
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/node.sh" "$cache"
index=$node_home/node_modules/@modelcontextprotocol/conformance/dist/index.js

work=$(mktemp -d)
server=
finish() {
	if [[ -n $server ]]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap finish EXIT

(cd "$root" && go build -o "$work/everything" ./examples/everything)
"$work/everything" -http 127.0.0.1:0 2>"$work/log" &
server=$!
url=
for _ in $(seq 100); do
	url=$(sed -n 's/^listening at //p' "$work/log")
	[[ -n $url ]] && break
	sleep 0.05
done
[[ -n $url ]] || { echo "the server did not start:" >&2; cat "$work/log" >&2; exit 1; }

# check NAME WANT ARGUMENT...: runs a set and wants all of its scenarios to pass.
check() {
	local name=$1 want=$2
	shift 2
	if ! timeout 180 node "$index" server --url "$url" "$@" -o "$work/$name" >"$work/$name.log" 2>&1; then
		echo "$name: failed" >&2
		cat "$work/$name.log" "$work/log" >&2
		return 1
	fi
	local passed
	passed=$(node - "$work/$name.log" <<'JS'
const text = require("fs").readFileSync(process.argv[2], "utf8");
console.log([...text.matchAll(/^✓ .*: \d+ passed, 0 failed/gm)].length);
JS
)
	if ((passed < want)); then
		echo "$name: $passed scenarios passed, want $want" >&2
		cat "$work/$name.log" >&2
		return 1
	fi
	echo "$name: $passed scenarios passed"
}

for ((round = 1; round <= rounds; round++)); do
	check "2025-06-18" 27 --suite all --spec-version 2025-06-18
	check "2025-11-25" 30 --requirements 2025-11-25
	check "2026-07-28" 37 --requirements 2026-07-28
done
