/** Python and the page without a server make the same of twenty pictures, with the networks that ship.
 *
 * tests/web/agreement.py writes the pictures with Python's answers, and compares; the tolerances stand there. It takes
 * minutes. AGREEMENT names a folder that is kept; what lies in it of an earlier run is not made again. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { browse, finished, freshPage, openPhoto } from "./served.mjs";
import { serveSite } from "./site.mjs";

const ROOT = new URL("../..", import.meta.url).pathname;
const FILL = new URL("../src/local/stages/fill.ts", import.meta.url).pathname;

let folder;
let site;
let browser;

function python(...words) {
  const program = process.env.PYTHON ?? (process.env.CLEANPLATE ? join(dirname(process.env.CLEANPLATE), "python") : "python3");
  return spawnSync(program, ["-m", "tests.web.agreement", ...words], { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });
}

before(async () => {
  folder = process.env.AGREEMENT ?? mkdtempSync(join(tmpdir(), "cleanplate-agreement-"));
  if (!existsSync(join(folder, "cases.json"))) {
    const written = python("write", folder);
    assert.equal(written.status, 0, written.stderr);
  }
  mkdirSync(join(folder, "browser"), { recursive: true });
  site = await serveSite();
  browser = await browse();
});

after(async () => {
  await browser?.close();
  site?.stop();
  if (!process.env.AGREEMENT) rmSync(folder, { recursive: true, force: true });
});

/** The filling of holes alone, to be run with completions that Python made. */
async function fillCode() {
  const options = { lib: { entry: FILL, formats: ["iife"], name: "stages" }, write: false, minify: false };
  const [{ output }] = await build({ configFile: false, logLevel: "error", publicDir: false, build: options });
  return `${output[0].code}; window.stages = stages;`;
}

async function save(page, action, file) {
  const downloading = page.waitForEvent("download");
  await page.locator(action).click();
  await (await downloading).saveAs(join(folder, "browser", file));
}

/** Makes a result in the tab that is open, and saves it. */
async function make(page, action, file) {
  await page.click(`aside [data-action=${action}]`);
  await page.waitForFunction(() => document.querySelector(".working"));
  await page.waitForFunction(() => !document.querySelector(".working"), undefined, { timeout: 900_000 });
  await page.waitForSelector(".results img");
  await save(page, ".results [data-action=save]", file);
}

/** Runs in the page: a fill whose small pictures are given. */
async function filledWith([image, hole, completions]) {
  const pixels = async (data) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const rgba = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    return { width: bitmap.width, height: bitmap.height, data: Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[4 * Math.floor(i / 3) + (i % 3)]) };
  };
  const picture = await pixels(image);
  const drawn = await pixels(hole);
  const mask = { ...drawn, data: Uint8Array.from({ length: drawn.width * drawn.height }, (_, i) => Number(drawn.data[3 * i] > 127)) };
  const given = await Promise.all(completions.map(pixels));
  const made = window.stages.fill(picture, mask, { engine: () => given.shift() });
  const canvas = new OffscreenCanvas(made.width, made.height);
  const shown = new ImageData(made.width, made.height);
  for (let i = 0; i < made.width * made.height; i++) shown.data.set([made.data[3 * i], made.data[3 * i + 1], made.data[3 * i + 2], 255], 4 * i);
  canvas.getContext("2d").putImageData(shown, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

test("twenty pictures: cut out, three backgrounds, erased", { timeout: 7_200_000 }, async () => {
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
  assert.equal(cases.length, 20);
  const code = await fillCode();
  const { page, strangers, errors } = await freshPage(browser, site.address);
  await page.evaluate(code);
  // Nobody is clicked on, so nobody needs to be looked for.
  await page.route("**/weights/people*", (route) => route.abort());
  for (const { name, windows } of cases) {
    const path = (suffix) => join(folder, `${name}${suffix}.png`);
    const base64 = (suffix) => readFileSync(path(suffix)).toString("base64");
    if (existsSync(join(folder, "browser", `${name}.filled.png`))) continue;
    await openPhoto(page, path(""));
    await page.click("[data-tab=cutout]");
    await make(page, "cutout", `${name}.cutout.png`);
    await page.click("[data-tab=background]");
    await page.click("[data-kind=colour]");
    await make(page, "background", `${name}.colour.png`);
    await page.click("[data-kind=blur]");
    await make(page, "background", `${name}.blur.png`);
    await page.click("[data-kind=picture]");
    await page.setInputFiles("aside input[type=file]", join(folder, "behind.png"));
    await make(page, "background", `${name}.picture.png`);
    await page.click("[data-tab=erase]");
    await page.setInputFiles("[data-action=load-mask]", path(".hole"));
    await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.marks === "1");
    await page.click("[data-action=erase]");
    await finished(page, 2);
    await save(page, "[data-action=download]", `${name}.erased.png`);
    const given = Array.from({ length: windows }, (_, number) => base64(`.completion${number}`));
    const filled = await page.evaluate(filledWith, [base64(""), base64(".grown"), given]);
    writeFileSync(join(folder, "browser", `${name}.filled.png`), Buffer.from(filled, "base64"));
    await page.click("[data-action=close]");
  }
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await page.context().close();
  const compared = python("compare", folder);
  writeFileSync(join(folder, "compared.json"), compared.stdout);
  assert.equal(compared.status, 0, compared.stdout.slice(-3000) + compared.stderr);
});
