// A person's Hydrogen in a browser: node camera.mjs CHROMIUM. Reads one wish a line, answers each with a line.
//   {"login": {"homeserver", "user", "password"}}
//   {"picture": file, "room": id, "words": of the message, "end": whether its end matters most, "width", "height"}
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm",
    ".svg": "image/svg+xml", ".woff2": "font/woff2", ".woff": "font/woff", ".json": "application/json" };
const PAGE = join(import.meta.dirname, "page");
const HYDROGEN = join(import.meta.dirname, "node_modules", "hydrogen-view-sdk");
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run"];

async function page() {
    mkdirSync(PAGE, { recursive: true });
    await build({ entryPoints: ["client.js"], bundle: true, format: "esm", outfile: join(PAGE, "client.js"),
        external: ["fs", "path", "crypto"], logLevel: "error", absWorkingDir: import.meta.dirname });
    cpSync(join(HYDROGEN, "asset-build", "assets"), join(PAGE, "assets"), { recursive: true });
    cpSync(join(import.meta.dirname, "node_modules", "@matrix-org", "olm"), join(PAGE, "olm"), { recursive: true });
    cpSync(join(HYDROGEN, "lib-build", "sw.js"), join(PAGE, "sw.js"));
    cpSync(join(import.meta.dirname, "index.html"), join(PAGE, "index.html"));
    const server = createServer((request, response) => {
        const path = normalize(new URL(request.url, "http://x").pathname);
        try {
            const file = readFileSync(join(PAGE, path === "/" ? "index.html" : path));
            response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "text/html" }).end(file);
        } catch {
            response.writeHead(404).end();
        }
    });
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    return server;
}

async function login(tab, { homeserver, user, password }) {
    await tab.fill("#homeserver", homeserver);
    await tab.fill("#username", user, { timeout: 20_000 });
    await tab.fill("#password", password);
    await tab.click("button[type=submit]");
    await tab.waitForURL(/#\/session\/\w+/, { timeout: 60_000 });
    await tab.waitForSelector(".RoomList", { state: "attached", timeout: 60_000 });
}

async function picture(tab, { picture, room, words, end, width, height }) {
    await tab.setViewportSize({ width, height });
    const session = new URL(tab.url()).hash.match(/#\/session\/\w+/)[0];
    await tab.evaluate((hash) => { location.hash = hash; }, `${session}/room/${room}`);
    const message = tab.locator(".Timeline_message", { hasText: words }).last();
    await message.waitFor({ timeout: 30_000 });
    await tab.waitForTimeout(700); // the list grows above while it is shown
    await message.evaluate((element, end) => {
        const list = element.closest(".Timeline_scroller");
        const [shown, view] = [element.getBoundingClientRect(), list.getBoundingClientRect()];
        list.scrollTop += end ? shown.bottom - view.bottom + 8 : shown.top - view.top - 60;
    }, end);
    await tab.waitForTimeout(300);
    await tab.screenshot({ path: picture });
}

const server = await page();
const browser = await chromium.launch({ executablePath: process.argv[2], args: QUIET });
const context = await browser.newContext({ deviceScaleFactor: 1.5, locale: "en-GB", timezoneId: "Europe/Berlin" });
const tab = await context.newPage();
await tab.goto(`http://127.0.0.1:${server.address().port}/`);
for await (const line of createInterface({ input: process.stdin })) {
    const wish = JSON.parse(line);
    try {
        await (wish.login ? login(tab, wish.login) : picture(tab, wish));
        process.stdout.write('{"done": true}\n');
    } catch (error) {
        process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
    }
}
await browser.close();
server.close();
