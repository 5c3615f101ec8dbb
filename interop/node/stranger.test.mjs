// What a stranger's web page, open in the person's browser, can do to a server on
// this machine: nothing. A page of this machine may call it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { everything, folder, mock, openBrowser, program, start } from "./browser.mjs";

let browser;
before(async () => { browser = await openBrowser("stranger.example"); });
after(() => browser?.close());

// site serves an empty page on this machine, by any name.
async function site(t) {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<title>A page</title>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return server.address().port;
}

// initialize is run by a page: it says what the page learns of the server.
async function initialize({ url, token }) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify({
        jsonrpc: "2.0", id: 1, method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "page", version: "1" } },
      }),
    });
    return { status: response.status, session: response.headers.get("Mcp-Session-Id"), text: await response.text() };
  } catch (error) {
    return { error: error.name };
  }
}

// visit is what a page at an address learns of a server.
async function visit(t, address, server) {
  const page = await browser.page(t);
  await page.goto(address);
  return page.evaluate(initialize, server);
}

test("pages and a server on this machine", async (t) => {
  const server = await start(t, everything, ["-http", "127.0.0.1:0"], { ready: /^listening at (\S+)/ });
  const url = server.match[1];
  const port = await site(t);

  const own = await visit(t, `http://127.0.0.1:${port}/`, { url });
  assert.equal(own.status, 200);
  assert.ok(own.session, "a page of this machine sees its session");
  assert.match(own.text, /"everything"/);

  assert.deepEqual(await visit(t, `http://stranger.example:${port}/`, { url }), { error: "TypeError" }, "another origin");

  // A name that leads here makes the server's own address the stranger's origin.
  const rebound = url.replace("127.0.0.1", "stranger.example");
  const learned = await visit(t, rebound, { url: rebound });
  assert.equal(learned.status, 403, "DNS rebinding");
  assert.equal(learned.session, null);
});

test("pages and a server with a token", async (t) => {
  const token = "a-secret-of-the-test";
  const server = await start(t, program, ["serve", "--http", "127.0.0.1:0", ...mock], {
    ready: /(http:\/\/\S+\/mcp)/, cwd: folder(t), env: { ...process.env, CODEX_HOME: folder(t), CODEXMCP_TOKEN: token },
  });
  const url = server.match[1];
  const here = `http://127.0.0.1:${await site(t)}/`;
  assert.equal((await visit(t, here, { url, token })).status, 200);
  assert.deepEqual(await visit(t, here, { url, token: "another" }), { error: "TypeError" });
  assert.deepEqual(await visit(t, here, { url }), { error: "TypeError" });
  assert.deepEqual(await visit(t, here.replace("127.0.0.1", "stranger.example"), { url, token }), { error: "TypeError" });
});
