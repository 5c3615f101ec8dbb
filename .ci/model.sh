# shellcheck shell=bash
# Sourced by the scripts beside it that need a model to talk to: it runs the
# scripted one until the script ends and puts its address into $MODEL_URL.
model_home=$(mktemp -d)
trap 'exec 9>&-; wait; rm -rf "$model_home"' EXIT
mkfifo "$model_home/stdin"
(cd "$(dirname "${BASH_SOURCE[0]}")/../interop" && go build -o "$model_home/model" ./model)
"$model_home/model" <"$model_home/stdin" >"$model_home/url" &
exec 9>"$model_home/stdin"
for _ in $(seq 100); do [ -s "$model_home/url" ] && break; sleep 0.1; done
MODEL_URL=$(cat "$model_home/url")
export MODEL_URL
