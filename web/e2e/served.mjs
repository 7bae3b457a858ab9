/** Starts `cleanplate serve` on a free port and Chromium beside it. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function serve(...options) {
  const program = process.env.CLEANPLATE ?? "cleanplate";
  const child = spawn(program, ["serve", "--port", "0", ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
      const found = /(http:\/\/[^ ]+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on("exit", () => reject(new Error(`the server ended: ${said}`)));
    child.on("error", reject);
  });
  return { address, stop: () => child.kill() };
}

export async function browse(options = []) {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found; install Debian's package chromium, or set CHROMIUM");
  return chromium.launch({ executablePath, args: [...QUIET, ...options] });
}

/** A new page that remembers every request which leaves the server's address, and every error. */
export async function freshPage(browser, address, viewport = { width: 1280, height: 800 }) {
  const context = await browser.newContext({ viewport, acceptDownloads: true });
  const page = await context.newPage();
  const strangers = [];
  const errors = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("blob:") && !url.startsWith("data:")) strangers.push(url);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(address);
  await page.waitForSelector("h1");
  return { page, strangers, errors, context };
}

export async function openPhoto(page, path) {
  await page.setInputFiles("[data-action=open]", path);
  await page.waitForSelector("canvas.stage");
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.versions === "0");
  await page.waitForFunction(() => !document.querySelector(".working"));
}

/** Draws from one point to another, in shares of the stage. */
export async function drag(page, from, to) {
  const stage = await page.locator("canvas.stage").boundingBox();
  const at = ([x, y]) => [stage.x + x * stage.width, stage.y + y * stage.height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 6 });
  await page.mouse.up();
}

export const data = (page, name) => page.locator("canvas.stage").getAttribute(`data-${name}`);

export async function finished(page, versions) {
  await page.waitForFunction(
    (count) => document.querySelector("canvas.stage").dataset.versions === String(count) && !document.querySelector(".working"),
    versions,
    { timeout: 300_000 },
  );
}
