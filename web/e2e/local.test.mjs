/** The page without a server: a static site in Chromium. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { madeNetworks } from "./localNetworks.mjs";
import { serveSite } from "./site.mjs";
import { browse, drag, finished, freshPage, openPhoto } from "./served.mjs";

const PHOTO = new URL("../../examples/beach.jpg", import.meta.url).pathname;
const SHOTS = process.env.SHOTS;

let site;
let browser;
let scratch;
let networks;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "cleanplate-local-"));
  networks = madeNetworks(scratch);
  const clip = join(scratch, "camera.y4m");
  writeFileSync(clip, clipBytes());
  site = await serveSite();
  browser = await browse(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${clip}`]);
});

after(async () => {
  await browser?.close();
  site?.stop();
  rmSync(scratch, { recursive: true });
});

/** Ten frames, left half bright and right half dark: what the network of the test takes for a person. */
function clipBytes(width = 320, height = 240) {
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  const luma = Buffer.alloc(width * height, 20);
  for (let y = 0; y < height; y++) luma.fill(235, y * width, y * width + width / 2);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((width * height) / 2, 128)]);
  return Buffer.concat([head, ...Array.from({ length: 10 }, () => frame)]);
}

async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

async function giveNetwork(page, feature) {
  await page.click("[data-action=networks]");
  await page.setInputFiles(`[data-weights=${feature}]`, networks.matte);
  await page.waitForFunction((name) => document.querySelector("dialog[open]").innerText.includes(name), "bright.onnx", { timeout: 60_000 });
  await page.keyboard.press("Escape");
}

test("a box is erased in the page; what was not selected stays; nothing leaves the page", async () => {
  const { page, strangers, errors } = await freshPage(browser, site.address);
  const asked = [];
  page.on("request", (request) => request.method() !== "GET" && asked.push(request.url()));
  await openPhoto(page, PHOTO);
  await page.click("[data-tool=box]");
  await drag(page, [0.3, 0.4], [0.36, 0.5]);
  await page.click("[data-action=erase]");
  await finished(page, 2);
  await shot(page, "erased");
  assert.deepEqual(strangers, []);
  assert.deepEqual(asked, []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the policy of the site stops every request to somewhere else", async () => {
  const { page } = await freshPage(browser, site.address);
  const refused = await page.evaluate(() => fetch("https://example.org/").then(() => false, () => true));
  assert.ok(refused);
  await page.context().close();
});

test("without a network the page says so; with the user's own it cuts out and replaces the background", async () => {
  const { page, strangers, errors } = await freshPage(browser, site.address);
  await openPhoto(page, PHOTO);
  await page.click("[data-tab=cutout]");
  // A site with a network of its own cuts out at once; one without says what is missing.
  const { weights } = await (await fetch(`${site.address}manifest.json`)).json();
  if (!weights.some((each) => each.feature === "matting")) {
    await page.click("button[data-action=cutout]");
    assert.match(await page.locator("[role=alert]").innerText(), /no network for this/);
  }
  await giveNetwork(page, "matting");
  await page.click("button[data-action=cutout]");
  await page.waitForSelector(".results img", { timeout: 60_000 });
  const share = await page.evaluate(async () => {
    const picture = await createImageBitmap(document.querySelector(".results img"));
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let sum = 0;
    for (let i = 3; i < data.length; i += 4) sum += data[i];
    return sum / 255 / (data.length / 4);
  });
  assert.ok(share > 0.02 && share < 0.98, `alpha covers ${share}`);
  await page.click("[data-tab=background]");
  await page.click("[data-kind=colour]");
  await page.click("[data-action=background]");
  await page.waitForSelector(".results img", { timeout: 60_000 });
  await shot(page, "background");
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the webcam shows the person before another background", async () => {
  const { page, strangers, errors } = await freshPage(browser, site.address);
  await page.click("[data-tab=webcam]");
  await giveNetwork(page, "video");
  await page.click("[data-kind=colour]");
  await page.click("[data-action=camera]");
  await page.waitForFunction(() => Number(document.querySelector("canvas.webcam").dataset.frames) > 3, undefined, { timeout: 60_000 });
  const [person, behind] = await page.evaluate(() => {
    const canvas = document.querySelector("canvas.webcam");
    const at = (x) => [...canvas.getContext("2d").getImageData(canvas.width * x, canvas.height / 2, 1, 1).data];
    return [at(0.2), at(0.8)];
  });
  await shot(page, "webcam");
  assert.ok(person[0] > 200, `the person is ${person}`);
  assert.ok(behind[1] > 150 && behind[0] < 60, `behind is ${behind}`);
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await page.context().close();
});
