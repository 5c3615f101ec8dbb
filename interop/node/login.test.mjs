// The login with a ChatGPT account, from the first request to the last page, in a
// real browser and with an authorization server of the test's own.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { folder, keep, openBrowser, program, start, within } from "./browser.mjs";

const callback = "http://localhost:1455"; // where the authorization server sends the browser back to

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

// listen runs an HTTP server until the test ends and returns its port.
async function listen(t, handle, port = 0) {
  const server = createServer(handle).listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => new Promise((closed) => {
    server.close(closed);
    server.closeAllConnections();
  }));
  return server.address().port;
}

// startIssuer is an authorization server: it asks the person, and exchanges a code
// once, with the verifier that belongs to it. It refuses as many exchanges as told.
async function startIssuer(t, refusals = 0) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { email: "ada@example.com", "https://api.openai.com/auth": { chatgpt_plan_type: "plus", chatgpt_account_id: "account-1" } };
  const codes = new Map();
  const answer = (response, status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  const port = await listen(t, async (request, response) => {
    const url = new URL(request.url, "http://issuer");
    const query = Object.fromEntries(url.searchParams);
    if (url.pathname === "/oauth/authorize") {
      const choices = ["Allow", "Deny", "Forge"].map((choice) => `<button name="choice" value="${choice}">${choice}</button>`);
      const fields = Object.entries(query).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
      return response.writeHead(200, { "Content-Type": "text/html" })
        .end(`<title>Issuer</title><h1>Let ${query.originator} in?</h1><form action="/decide">${fields.join("")}${choices.join(" ")}</form>`);
    }
    if (url.pathname === "/decide") {
      const back = new URL(query.redirect_uri);
      if (query.choice === "Deny") {
        back.search = new URLSearchParams({ error: "access_denied", state: query.state });
      } else {
        const code = `code-${codes.size}`;
        codes.set(code, query);
        back.search = new URLSearchParams({ code, state: query.choice === "Forge" ? "forged" : query.state });
      }
      return response.writeHead(303, { Location: back.href }).end();
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    if (url.pathname !== "/oauth/token" || form.grant_type !== "authorization_code") {
      return answer(response, 403, { error: "access_denied" }); // this account has no API key
    }
    const asked = codes.get(form.code);
    codes.set(form.code, undefined);
    const challenge = createHash("sha256").update(form.code_verifier ?? "").digest("base64url");
    if (refusals-- > 0 || asked?.code_challenge !== challenge || asked.redirect_uri !== form.redirect_uri || asked.client_id !== form.client_id) {
      return answer(response, 400, { error: "invalid_grant" });
    }
    answer(response, 200, {
      id_token: `${part({ alg: "none" })}.${part(claims)}.none`, access_token: "access-1", refresh_token: "refresh-1", token_type: "Bearer",
    });
  });
  return `http://127.0.0.1:${port}`;
}

const setting = (issuer) => ["-c", `login_issuer="${issuer}"`];

// serve starts a server and a client of it.
async function serve(t, issuer, ...args) {
  const home = folder(t);
  const client = new Client({ name: "login-test", version: "1" });
  const logins = new Map(), changes = [];
  const completed = (id) => logins.get(id) ?? logins.set(id, Promise.withResolvers()).get(id);
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method === "loginChatGptComplete") completed(params.loginId).resolve(params);
    if (method === "authStatusChange") changes.push(params.authMethod);
  };
  await client.connect(new StdioClientTransport({
    command: program, args: ["serve", ...setting(issuer), ...args], env: { ...process.env, CODEX_HOME: home }, stderr: "inherit",
  }));
  t.after(() => client.close());
  const request = (method, params) => client.request({ method, params }, ResultSchema);
  return {
    home, changes, request, authFile: join(home, "auth.json"),
    login: () => request("loginChatGpt"),
    status: () => request("getAuthStatus", { includeToken: true }),
    completion: ({ loginId }) => within(completed(loginId).promise, "loginChatGptComplete"),
  };
}

// open brings a person to the question of the authorization server.
async function open(t, url) {
  const page = await browser.page(t);
  await page.goto(url);
  return page;
}

const choose = (page, choice) => page.getByRole("button", { name: choice }).click();
const shows = (page, text) => page.getByText(text).waitFor();

// lost chooses, and waits until the browser has found nobody to go back to.
async function lost(page, choice) {
  const failed = page.waitForEvent("requestfailed", (request) => request.url().startsWith(callback));
  await choose(page, choice);
  assert.equal((await failed).failure().errorText, "net::ERR_CONNECTION_REFUSED");
}

async function isSignedOut(server) {
  assert.deepEqual(await server.status(), { requiresOpenaiAuth: true });
  assert.equal(existsSync(server.authFile), false);
}

test("login succeeds", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await choose(page, "Allow");
  await page.getByRole("heading", { name: "Signed in" }).waitFor();
  await keep(page, "login-succeeded");
  assert.equal(page.url(), `${callback}/success`, "no code and no token in the address");
  assert.deepEqual(await server.completion(login), { loginId: login.loginId, success: true });
  assert.deepEqual(await server.status(), { authMethod: "chatgpt", authToken: "access-1", requiresOpenaiAuth: true });
  assert.deepEqual(await server.request("userInfo"), { allegedUserEmail: "ada@example.com" });
  assert.deepEqual(server.changes, ["chatgpt"]);
  assert.equal(statSync(server.authFile).mode & 0o777, 0o600);
  const { tokens, ...rest } = JSON.parse(readFileSync(server.authFile, "utf8"));
  assert.equal(rest.OPENAI_API_KEY, null);
  assert.equal(tokens.refresh_token, "refresh-1");
  assert.equal(tokens.account_id, "account-1");
});

test("login succeeds without the last page", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await page.route("**/success", (route) => route.abort());
  await choose(page, "Allow");
  assert.equal((await server.completion(login)).success, true);
  assert.equal((await server.status()).authMethod, "chatgpt");
});

test("login is denied", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await choose(page, "Deny");
  await shows(page, "The login was denied.");
  await keep(page, "login-denied");
  const { success, error } = await server.completion(login);
  assert.equal(success, false);
  assert.match(error, /denied/);
  await isSignedOut(server);
});

test("an answer with a wrong state is not taken, and spoils nothing", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await choose(page, "Forge");
  await shows(page, "This is not the answer to the login that is under way.");
  await keep(page, "login-wrong-state");
  await isSignedOut(server);
  await page.goBack();
  await choose(page, "Allow");
  await shows(page, "Signed in");
  assert.equal((await server.completion(login)).success, true);
});

test("a code that is refused can be tried again", async (t) => {
  const server = await serve(t, await startIssuer(t, 1));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await choose(page, "Allow");
  await shows(page, "You can go back and try again.");
  await keep(page, "login-refused");
  await isSignedOut(server);
  await page.goto(login.authUrl);
  await choose(page, "Allow");
  await shows(page, "Signed in");
  assert.equal((await server.completion(login)).success, true);
});

test("a second login takes the place of the first", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const first = await server.login();
  const firstPage = await open(t, first.authUrl);
  const second = await server.login();
  const { success, error } = await server.completion(first);
  assert.equal(success, false);
  assert.match(error, /another login/);
  await choose(firstPage, "Allow");
  await shows(firstPage, "This is not the answer to the login that is under way.");
  await isSignedOut(server);
  const secondPage = await open(t, second.authUrl);
  await choose(secondPage, "Allow");
  await shows(secondPage, "Signed in");
  assert.equal((await server.completion(second)).success, true);
});

test("the port is busy", async (t) => {
  const asked = [];
  await listen(t, (request, response) => {
    asked.push(request.url);
    response.end("no");
  }, 1455);
  const server = await serve(t, await startIssuer(t));
  await assert.rejects(server.login(), (error) => error.code === -32603 && /address already in use/.test(error.message));
  assert.deepEqual(asked, ["/cancel"], "asked once to give way");
  await isSignedOut(server);
});

test("login takes too long", async (t) => {
  const server = await serve(t, await startIssuer(t), "-c", "login_timeout_sec=1");
  const login = await server.login();
  const page = await open(t, login.authUrl);
  const { success, error } = await server.completion(login);
  assert.equal(success, false);
  assert.match(error, /too long/);
  await lost(page, "Allow");
  await isSignedOut(server);
});

test("login is cancelled", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  assert.deepEqual(await server.request("cancelLoginChatGpt", { loginId: login.loginId }), {});
  const { success, error } = await server.completion(login);
  assert.equal(success, false);
  assert.match(error, /cancelled/);
  await assert.rejects(server.request("cancelLoginChatGpt", { loginId: login.loginId }), { code: -32600 });
  await lost(page, "Allow");
  await isSignedOut(server);
});

test("a person can cancel, another site cannot", async (t) => {
  const server = await serve(t, await startIssuer(t));
  const login = await server.login();
  const page = await open(t, login.authUrl);
  await page.evaluate((url) => fetch(url, { mode: "no-cors" }), `${callback}/cancel`);
  await page.evaluate((url) => { location.href = url; }, `${callback}/cancel`);
  await shows(page, "Another site cannot cancel the login.");
  await page.goto(`${callback}/cancel`);
  await shows(page, "The login was cancelled.");
  await keep(page, "login-cancelled");
  assert.equal((await server.completion(login)).success, false);
  await isSignedOut(server);
});

test("codexmcp login takes over from a server, and codexmcp logout signs out", async (t) => {
  const issuer = await startIssuer(t);
  const server = await serve(t, issuer);
  const abandoned = await server.login();
  const env = { ...process.env, CODEX_HOME: server.home };
  const login = await start(t, program, ["login", ...setting(issuer)], { ready: /^\s*(http:\S+)/, env });
  assert.equal((await server.completion(abandoned)).success, false);
  const page = await open(t, login.match[1]);
  await choose(page, "Allow");
  await shows(page, "Signed in");
  assert.equal(await within(login.ended(), "the end of codexmcp login"), 0);
  assert.match(login.text(), /Signed in with ChatGPT as ada@example\.com \(plan plus\)\./);
  const who = await start(t, program, ["login", "status"], { ready: /^Signed in with ChatGPT as ada@example\.com/, env });
  assert.equal(await within(who.ended(), "the end of codexmcp login status"), 0);
  const logout = await start(t, program, ["logout"], { ready: /^Signed out\./, env });
  assert.equal(await within(logout.ended(), "the end of codexmcp logout"), 0);
  assert.equal(existsSync(server.authFile), false);
});

test("codexmcp login says what went wrong", async (t) => {
  const issuer = await startIssuer(t);
  const env = { ...process.env, CODEX_HOME: folder(t) };
  const login = await start(t, program, ["login", ...setting(issuer)], { ready: /^\s*(http:\S+)/, env });
  const page = await open(t, login.match[1]);
  await choose(page, "Deny");
  await shows(page, "The login was denied.");
  assert.equal(await within(login.ended(), "the end of codexmcp login"), 1);
  assert.match(login.text(), /^codexmcp: the login was denied$/m);
});
