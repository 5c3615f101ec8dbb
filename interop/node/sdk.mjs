// The TypeScript SDK's client runs a conversation of two turns.
// usage: node sdk.mjs SERVER MODEL_URL
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [server, model] = process.argv.slice(2);
const transport = new StdioClientTransport({
  command: server,
  args: ["serve", "-c", "model=mock", "-c", "model_provider=mock",
    "-c", `model_providers.mock={name="Mock", base_url="${model}", wire_api="chat"}`],
  env: { ...process.env, CODEX_HOME: mkdtempSync(join(tmpdir(), "codexmcp-node-")) },
});
const client = new Client({ name: "typescript-sdk", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
assert.deepEqual(tools.map((t) => t.name), ["codex", "codex-reply"]);
const first = await client.callTool({ name: "codex", arguments: { prompt: "hello" } });
assert.equal(first.content[0].text, "Hello from the scripted model.");
assert.equal(first.structuredContent.status, "completed");
const second = await client.callTool({
  name: "codex-reply",
  arguments: { prompt: "more", conversationId: first.structuredContent.conversationId },
});
assert.equal(second.structuredContent.conversationId, first.structuredContent.conversationId);
const wrong = await client.callTool({ name: "codex-reply", arguments: { prompt: "more", conversationId: "nobody" } });
assert.equal(wrong.isError, true);
await client.close();
console.log("typescript sdk: ok");
