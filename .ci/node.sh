# shellcheck shell=bash
# Sourced by the scripts beside it that need programs of the npm registry: it
# installs what interop/node/package.json names into CACHE/node, unless it is
# there already, and puts the Node.js of that list in front of the machine's.
#
#   . .ci/node.sh CACHE
#
# Afterwards $node_home is the folder that has node_modules.
node_home=$(mkdir -p "$1/node" && cd "$1/node" && pwd)
node_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../interop/node" && pwd)
if ! cmp -s "$node_sources/package.json" "$node_home/installed.json"; then
	cp "$node_sources/package.json" "$node_home/"
	(cd "$node_home" && timeout 300 npm install --no-audit --no-fund --loglevel=error >&2)
	cp "$node_sources/package.json" "$node_home/installed.json"
fi
cp "$node_sources"/*.mjs "$node_home/"
export PATH="$node_home/node_modules/node/bin:$PATH"
