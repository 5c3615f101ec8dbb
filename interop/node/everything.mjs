// The TypeScript SDK's client uses all that a server with one of everything offers.
// usage: node everything.mjs SERVER|URL
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema,
  LoggingMessageNotificationSchema, ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

const [where] = process.argv.slice(2);
const client = new Client({ name: "typescript-sdk", version: "1" }, {
  capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } },
});
client.setRequestHandler(CreateMessageRequestSchema, async () => (
  { model: "m", role: "assistant", content: { type: "text", text: "Paris" } }));
client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { response: "yes" } }));
client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: [{ uri: "file:///workspace" }] }));
const logged = [];
client.setNotificationHandler(LoggingMessageNotificationSchema, (n) => { logged.push(n.params.data); });
const changed = new Promise((resolve) => client.setNotificationHandler(ToolListChangedNotificationSchema, resolve));
await client.connect(where.startsWith("http") ? new StreamableHTTPClientTransport(new URL(where)) : new StdioClientTransport({ command: where }));
await client.ping();
const { tools } = await client.listTools();
assert.ok(tools.length > 20);
const call = async (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);
assert.ok((await call("test_simple_text")).content[0].text);
assert.equal((await call("test_error_handling")).isError, true);
assert.deepEqual((await call("test_multiple_content_types")).content.map((c) => c.type), ["text", "image", "resource"]);
assert.ok((await call("test_structured_content", { a: 2, b: 3 })).structuredContent);
const progress = [];
await call("test_tool_with_progress", {}, { onprogress: (p) => progress.push(p.progress) });
assert.deepEqual(progress, [0, 50, 100]);
await client.setLoggingLevel("debug");
await call("test_tool_with_logging");
assert.equal(logged.length, 3);
assert.match((await call("test_sampling", { prompt: "the capital?" })).content[0].text, /Paris/);
assert.match((await call("test_elicitation", { message: "sure?" })).content[0].text, /accept/);
const abort = new AbortController();
const cancelled = call("test_tool_with_progress", {}, { signal: abort.signal, onprogress: () => abort.abort("enough") });
await assert.rejects(cancelled);
await call("test_trigger_tool_change");
await changed;
assert.ok((await client.listResources()).resources.length > 0);
assert.ok((await client.listResourceTemplates()).resourceTemplates.length > 0);
for (const uri of ["test://static-text", "test://static-binary", "test://template/7/data"]) {
  assert.equal((await client.readResource({ uri })).contents.length, 1);
}
await client.subscribeResource({ uri: "test://watched-resource" });
await client.unsubscribeResource({ uri: "test://watched-resource" });
assert.ok((await client.listPrompts()).prompts.length > 0);
const prompt = await client.getPrompt({ name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } });
assert.equal(prompt.messages.length, 1);
const completed = await client.complete({ ref: { type: "ref/prompt", name: "test_prompt_with_arguments" }, argument: { name: "arg1", value: "x" } });
assert.ok(completed.completion.values.length > 0);
await client.close();
console.log("ok");
