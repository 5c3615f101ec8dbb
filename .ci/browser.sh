#!/usr/bin/env bash
# Uses bin/codexmcp and examples/everything as a person with a browser does: the
# Inspector's page, the login with a ChatGPT account, and what a stranger's page
# can do. What the pages looked like is kept in CACHE/screenshots.
#
#   .ci/browser.sh CACHE
#
# It takes Chromium from Debian where there is no browser of that kind yet.
set -euo pipefail

cache=${1:?usage: browser.sh CACHE}
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/node.sh" "$cache"
. "$root/.ci/model.sh"

find_browser() { command -v chromium google-chrome chromium-browser | head -1; }
if [ -z "$(find_browser)" ]; then
	export DEBIAN_FRONTEND=noninteractive
	timeout 120 apt-get update -qq
	timeout 400 apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
BROWSER_PROGRAM=$(find_browser)
SCREENSHOTS=$(cd "$cache" && pwd)/screenshots
CODEXMCP=$root/bin/codexmcp
EVERYTHING=$model_home/everything
export BROWSER_PROGRAM SCREENSHOTS CODEXMCP EVERYTHING
rm -rf "$SCREENSHOTS"
(cd "$root" && go build -o "$EVERYTHING" ./examples/everything)

cd "$node_home"
timeout 400 node --test --test-concurrency=1 ./*.test.mjs
