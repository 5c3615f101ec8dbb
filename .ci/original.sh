#!/usr/bin/env bash
# Compares the program with the original, codex 0.36.0: files that one writes
# and the other reads, both ways, and a short run of the benchmark.
#
#   .ci/original.sh CACHE
#
# CACHE is a folder outside the repository that keeps the original between runs.
set -euo pipefail

cache=$(mkdir -p "${1:?usage: original.sh CACHE}/original" && cd "$1/original" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
package=@openai/codex@0.36.0
original=$cache/node_modules/@openai/codex/bin/codex-$(uname -m)-unknown-linux-musl
if [[ ! -f $cache/installed || $(<"$cache/installed") != "$package" ]]; then
	timeout 300 npm install --prefix "$cache" --no-audit --no-fund --loglevel=error "$package" >&2
	echo "$package" >"$cache/installed"
fi

cd "$root"
CODEXMCP_ORIGINAL=$original go test -count=1 -run 'TheOtherProgram|BothPrograms' ./cmd/codexmcp
make -s build
go build -C bench -o ../bin/ ./codex
./bin/codex -theirs "$original" -rounds 10
