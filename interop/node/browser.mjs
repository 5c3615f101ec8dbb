// What the tests with a real browser share: the browser, the programs that it
// meets, and where its screenshots go.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

// soon bounds every wait.
export const soon = 30_000;

// program is the codexmcp under test, modelURL the scripted model's address.
export const { CODEXMCP: program, MODEL_URL: modelURL, EVERYTHING: everything, SCREENSHOTS: screenshots } = process.env;

// mock makes a server ask the scripted model.
export const mock = ["-c", "model=mock", "-c", "model_provider=mock",
  "-c", `model_providers.mock={name="Mock", base_url="${modelURL}", wire_api="chat"}`];

// openBrowser starts a browser. hosts are names that lead to this machine.
export async function openBrowser(...hosts) {
  const browser = await chromium.launch({
    executablePath: process.env.BROWSER_PROGRAM,
    args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1,`).join("")}MAP * ~NOTFOUND , EXCLUDE localhost, EXCLUDE 127.0.0.1`],
  });
  mkdirSync(screenshots, { recursive: true });
  return {
    // page opens a page without cookies until the test ends. Nothing outside of
    // this machine can be reached from it. What it shows at the end is kept.
    async page(t) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce" });
      context.setDefaultTimeout(soon);
      const page = await context.newPage();
      t.after(async () => {
        await keep(page, `${t.name.replaceAll(/\W+/g, "-")}-end`);
        await context.close();
      });
      return page;
    },
    close: () => browser.close(),
  };
}

// keep stores what a page looks like.
export const keep = (page, name) => page.screenshot({ path: join(screenshots, `${name}.png`), animations: "disabled" });

// folder is an empty folder until the test ends.
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "codexmcp-browser-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

// start runs a program until the test ends. It waits for a line that matches ready
// and returns the match with the process and what it says later.
export async function start(t, command, args, { ready, ...options }) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill();
    await ended;
  });
  const said = [];
  const found = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${command} is not ready: ${said.join("\n")}`)), soon);
    t.after(() => clearTimeout(timer));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const match = ready.exec(line);
        if (match) resolve(match);
      });
    }
    ended.then(([code]) => reject(new Error(`${command} ended with ${code}: ${said.join("\n")}`)));
  });
  return { match: await found, ended: async () => (await ended)[0], text: () => said.join("\n") };
}

// freePort is a port that nobody has at the moment.
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// within is a promise's value, if it comes in time.
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `not in time: ${what}` })), soon);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
