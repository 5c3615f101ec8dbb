// A server built with the TypeScript SDK that has one of everything. It speaks on
// stdin and stdout, or HTTP with --http.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

let cancelled = 0;

function build() {
  const server = new McpServer({ name: "typescript", version: "1" }, {
    capabilities: { logging: {}, resources: { subscribe: true }, tools: { listChanged: true } },
  });
  const say = (text) => ({ content: [{ type: "text", text }] });
  const tool = (name, run, inputSchema = {}) => server.registerTool(name, { inputSchema }, run);
  const progress = (extra, done, total) => extra.sendNotification({
    method: "notifications/progress",
    params: { progressToken: extra._meta?.progressToken, progress: done, total, message: "a step" },
  });
  tool("echo", async ({ text }) => say(text), { text: z.string() });
  tool("fail", async () => { throw new Error("it failed"); });
  tool("picture", async () => ({ content: [{ type: "image", data: Buffer.from("pixels").toString("base64"), mimeType: "image/png" }] }));
  tool("steps", async (_, extra) => {
    for (const done of [1, 2, 3]) await progress(extra, done, 3);
    return say("done");
  });
  tool("log", async (_, extra) => {
    await extra.sendNotification({ method: "notifications/message", params: { level: "info", data: "at work" } });
    return say("logged");
  });
  tool("ask", async () => {
    const requestedSchema = { type: "object", properties: { name: { type: "string" } } };
    const { action, content } = await server.server.elicitInput({ message: "Your name?", requestedSchema });
    return say(`${action} ${content?.name}`);
  });
  tool("sample", async () => {
    const messages = [{ role: "user", content: { type: "text", text: "the capital?" } }];
    return say((await server.server.createMessage({ messages, maxTokens: 9 })).content.text);
  });
  tool("roots", async () => say((await server.server.listRoots()).roots[0].uri));
  tool("slow", async (_, extra) => {
    const aborted = new Promise((resolve) => extra.signal.addEventListener("abort", resolve));
    await progress(extra, 1);
    await aborted;
    cancelled++;
    return say("cancelled");
  });
  tool("cancelled", async () => say(String(cancelled)));
  tool("grow", async () => {
    tool("grown", async () => say("here"));
    return say("grown");
  });
  tool("touch", async (_, extra) => {
    await extra.sendNotification({ method: "notifications/resources/updated", params: { uri: "test://text" } });
    return say("touched");
  });
  const read = async (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: `the text of ${uri.href}` }] });
  server.registerResource("text", "test://text", {}, read);
  server.registerResource("other", "test://other", {}, read);
  server.registerResource("blob", "test://blob", {}, async (uri) => (
    { contents: [{ uri: uri.href, blob: Buffer.from("hello").toString("base64") }] }));
  server.registerResource("item", new ResourceTemplate("test://item/{id}", { list: undefined }), {}, read);
  server.registerPrompt("greet", { argsSchema: { name: completable(z.string(), () => ["Ada", "Adam"]) } },
    ({ name }) => ({ messages: [{ role: "user", content: { type: "text", text: `Hello ${name}` } }] }));
  server.server.setRequestHandler(SubscribeRequestSchema, async () => ({}));
  server.server.setRequestHandler(UnsubscribeRequestSchema, async () => ({}));
  return server;
}

if (process.argv[2] !== "--http") {
  await build().connect(new StdioServerTransport());
} else {
  const sessions = new Map();
  const http = createServer(async (request, response) => {
    let transport = sessions.get(request.headers["mcp-session-id"]);
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID, onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await build().connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
}
