// The MCP Inspector's web page, in a real browser, as a person uses it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { everything, folder, freePort, keep, mock, openBrowser, program, start } from "./browser.mjs";

const launcher = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

// connect opens the Inspector on a server, and the list of its tools.
async function connect(t, url, era = "legacy") {
  const inspector = await start(t, process.execPath,
    [launcher, "--web", "--transport", "http", "--server-url", url, "--protocol-era", era], {
      ready: /^\s*(http:\S+MCP_INSPECTOR_API_TOKEN=\S+)/,
      env: {
        ...process.env, HOME: folder(t), MCP_AUTO_OPEN_ENABLED: "false", MCP_INSPECTOR_SECRET_STORE: "memory",
        CLIENT_PORT: String(await freePort()), MCP_SANDBOX_PORT: String(await freePort()),
      },
    });
  const page = await browser.page(t);
  await page.goto(inspector.match[1]);
  await page.getByRole("switch", { name: /^Connect or disconnect/ }).press("Space");
  await page.getByRole("paragraph").filter({ hasText: /^Connected$/ }).waitFor();
  await page.getByText("Tools", { exact: true }).click();
  return page;
}

// choose selects a tool, execute runs it, result is what came of it.
const choose = (page, name) => page.getByRole("button", { name, exact: true }).click();
const execute = (page) => page.getByRole("button", { name: "Execute Tool" }).click();
async function result(page, text) {
  await page.getByRole("heading", { name: "Results" }).waitFor();
  await page.getByText(text, { exact: true }).waitFor();
}

async function startEverything(t) {
  const server = await start(t, everything, ["-http", "127.0.0.1:0"], { ready: /^listening at (\S+)/ });
  return server.match[1];
}

test("everything: list and call tools, answer an elicitation", async (t) => {
  const page = await connect(t, await startEverything(t));
  await page.getByRole("heading", { name: /^Tools \([1-9]\d*\)$/ }).waitFor();
  await choose(page, "test_simple_text");
  await execute(page);
  await result(page, "A text, and nothing but a text.");
  await keep(page, "everything-call");

  await choose(page, "test_elicitation");
  await page.getByRole("textbox", { name: "message", exact: true }).fill("What is your name?");
  await execute(page);
  const dialog = page.getByRole("dialog", { name: "Elicitation Request" });
  await dialog.getByText("What is your name?").waitFor();
  await dialog.getByRole("textbox", { name: "Response", exact: true }).fill("Ada of the browser");
  await keep(page, "everything-elicitation");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await result(page, /Ada of the browser/);
  await keep(page, "everything-answer");
});

test("everything: an input-required round without a session", async (t) => {
  const page = await connect(t, await startEverything(t), "modern");
  await choose(page, "test_input_required_result_elicitation");
  await execute(page);
  const dialog = page.getByRole("dialog", { name: "Elicitation Request" });
  await dialog.getByRole("textbox").first().fill("Grace");
  await keep(page, "everything-input-required");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await result(page, "Hello, Grace!");
});

test("codexmcp serve --http: a turn, and approvals given and refused", async (t) => {
  const work = folder(t);
  const server = await start(t, program, ["serve", "--http", "127.0.0.1:0", ...mock], {
    ready: /(http:\/\/\S+\/mcp)/, cwd: work, env: { ...process.env, CODEX_HOME: folder(t) },
  });
  const page = await connect(t, server.match[1], "auto");
  await page.getByRole("heading", { name: "Tools (2)" }).waitFor();
  const prompt = page.getByRole("textbox", { name: "prompt", exact: true });

  await choose(page, "Codex codex");
  await prompt.fill("Say hello.");
  await execute(page);
  await result(page, "Hello from the scripted model.");
  await page.getByText('"completed"', { exact: true }).waitFor();
  await keep(page, "codexmcp-turn");

  const dialog = page.getByRole("dialog", { name: "Elicitation Request" });
  for (const [name, button, made] of [["first", "Submit", true], ["second", "Decline", false]]) {
    await choose(page, "Codex Reply codex-reply");
    await choose(page, "Codex codex");
    await prompt.fill(`Make the folder ${name}.`);
    await page.getByRole("textbox", { name: "approval-policy" }).click();
    await page.getByRole("option", { name: "untrusted" }).click();
    await page.getByRole("textbox", { name: "sandbox" }).click();
    await page.getByRole("option", { name: "workspace-write" }).click();
    await execute(page);
    await dialog.getByText(`mkdir ${name}`).waitFor();
    assert.equal(existsSync(join(work, name)), false, "not before the answer");
    await keep(page, `codexmcp-approval-${name}`);
    await dialog.getByRole("button", { name: button }).click();
    await result(page, "Hello from the scripted model.");
    await keep(page, `codexmcp-answer-${name}`);
    assert.equal(existsSync(join(work, name)), made);
  }
});
