#!/usr/bin/env bash
# Compiles the TypeScript declarations that the program writes, with the strictest
# settings, and a client written with them; what is wrong in it must not compile.
#
#   .ci/typescript.sh CACHE
#
# CACHE is a folder outside the repository that keeps the compiler between runs.
set -euo pipefail

cache=${1:?usage: typescript.sh CACHE}
cd "$(dirname "$0")/.."
. .ci/node.sh "$cache"

compile() { # compile COMPILER OPTION...: in the work folder
	local compiler=$1
	shift
	(cd "$work" && node "$node_home/node_modules/$compiler/bin/tsc" --noEmit --strict --exactOptionalPropertyTypes \
		--noUncheckedIndexedAccess --isolatedModules "$@" client.ts)
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run ./cmd/codexmcp schema types --lang typescript -o "$work/codex"
go run ./cmd/codexmcp schema types --lang json-schema -o "$work/codex"
cat >"$work/client.ts" <<'EOF'
import type * as codex from "./codex/index.js";

declare function call<M extends keyof codex.ClientRequests>(
  method: M, params: codex.ClientRequests[M]["params"]): Promise<codex.ClientRequests[M]["result"]>;

export async function talk(text: string): Promise<string> {
  const { conversationId } = await call("newConversation", { model: "m", approvalPolicy: "on-request", cwd: null });
  await call("addConversationListener", { conversationId });
  await call("sendUserMessage", { conversationId, items: [{ type: "text", data: { text } }] });
  const policy: codex.SandboxPolicy = { mode: "workspace-write", network_access: false };
  await call("sendUserTurn", {
    conversationId, items: [], cwd: "/", approvalPolicy: "never", sandboxPolicy: policy, model: "m", summary: "auto" });
  // @ts-expect-error: a required member is missing
  await call("sendUserMessage", { conversationId });
  // @ts-expect-error: no such value
  await call("newConversation", { approvalPolicy: "sometimes" });
  // @ts-expect-error: no such method
  await call("openConversation", {});
  // @ts-expect-error: no such kind of item
  const item: codex.InputItem = { type: "video", data: { text } };
  return conversationId + item.type;
}

export function told(event: codex.EventMsg): string {
  switch (event.type) {
    case "agent_message": return event.message;
    case "token_count": return String(event.info?.total_token_usage.total_tokens ?? 0);
    case "exec_command_end": return `${event.exit_code} after ${event.duration.secs} s`;
    case "mcp_tool_call_end": return "Ok" in event.result ? String(event.result.Ok.content.length) : event.result.Err;
    case "patch_apply_begin": return Object.keys(event.changes).join();
    default: return event.type;
  }
}

export function decide(request: codex.ServerRequest): codex.ExecCommandApprovalResponse {
  return { decision: request.method === "execCommandApproval" && request.params.command[0] === "ls" ? "approved" : "denied" };
}
EOF
compile typescript-5 --target es2022 --module nodenext --moduleResolution nodenext
compile typescript-5 --target es2022 --module esnext --moduleResolution bundler
compile typescript-7 --target es2022 --module nodenext --moduleResolution nodenext
echo "the declarations compile"
