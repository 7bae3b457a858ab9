/** The page with the networks that ship: people on a real photograph, by the server and in the page alone. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { browse, data, drag, finished, freshPage, openPhoto, serve } from "./served.mjs";
import { serveSite } from "./site.mjs";

const PHOTO = new URL("../../examples/beach.jpg", import.meta.url).pathname;
const SIZE = [800, 533];
/** The coat of the woman in blue, and the sky. */
const WOMAN = [215, 380];
const SKY = [400, 60];
const LONG = { timeout: 180_000 };

let server;
let site;
let browser;

before(async () => {
  server = await serve();
  site = await serveSite();
  browser = await browse();
});

after(async () => {
  await browser?.close();
  server?.stop();
  site?.stop();
});

async function openBeach(page) {
  await openPhoto(page, PHOTO);
  await page.waitForFunction(() => Number(document.querySelector("canvas.stage").dataset.people) >= 3, undefined, LONG);
  // Outlines are drawn a moment after the people are known.
  await page.waitForTimeout(1500);
}

/** Where a point of the photo is on the page. */
async function onPage(page, [x, y]) {
  const stage = await page.locator("canvas.stage").boundingBox();
  const scale = Math.min(1, (stage.width - 24) / SIZE[0], (stage.height - 24) / SIZE[1]);
  return [stage.x + (stage.width - SIZE[0] * scale) / 2 + x * scale, stage.y + (stage.height - SIZE[1] * scale) / 2 + y * scale];
}

/** Mean colour around a point of the photo, as it is on the stage. */
async function colourAt(page, point) {
  const [x, y] = await onPage(page, point);
  return page.evaluate(
    ([left, top]) => {
      const stage = document.querySelector("canvas.stage");
      const bounds = stage.getBoundingClientRect();
      const ratio = stage.width / bounds.width;
      const { data } = stage.getContext("2d").getImageData(Math.round((left - bounds.x) * ratio) - 3, Math.round((top - bounds.y) * ratio) - 3, 7, 7);
      return [0, 1, 2].map((c) => data.filter((_, i) => i % 4 === c).reduce((sum, value) => sum + value, 0) / 49);
    },
    [x, y],
  );
}

const distance = (a, b) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
const versions = (page, count) =>
  page.waitForFunction((wanted) => document.querySelector("canvas.stage").dataset.versions === wanted, String(count), LONG);

/** Remembers what the page sends to be erased. */
const listen = (page) =>
  page.evaluate(() => {
    for (const way of ["set", "append"]) {
      const real = FormData.prototype[way];
      FormData.prototype[way] = function (name, value, ...rest) {
        (window.sent ??= {})[name] = value;
        return real.call(this, name, value, ...rest);
      };
    }
  });

async function downloaded(page) {
  const downloading = page.waitForEvent("download");
  await page.click("[data-action=download]");
  return readFile(await (await downloading).path());
}

async function answered(photo, fields) {
  const form = new FormData();
  form.set("image", new Blob([photo]), "beach.jpg");
  for (const [name, value] of Object.entries(fields)) form.set(name, value, ...(typeof value === "string" ? [] : [`${name}.json`]));
  const answer = await fetch(`${server.address}api/v1/erase`, { method: "POST", body: form });
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

async function clickAway(page) {
  const before = { woman: await colourAt(page, WOMAN), sky: await colourAt(page, SKY) };
  await page.mouse.move(...(await onPage(page, WOMAN)));
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.hovered !== "");
  await page.mouse.click(...(await onPage(page, WOMAN)));
  await versions(page, 1);
  await page.waitForFunction(() => !document.querySelector(".working"));
  await page.mouse.move(5, 5);
  await page.waitForTimeout(500);
  assert.ok(distance(await colourAt(page, WOMAN), before.woman) > 40, "the woman is gone");
  assert.ok(distance(await colourAt(page, SKY), before.sky) < 3, "the sky is as it was");
  return before;
}

test("a person is clicked away by the server, brought back, brushed; downloads are the API's answers", async () => {
  const { page, context, strangers, errors } = await freshPage(browser, server.address);
  const photo = await readFile(PHOTO);
  await openBeach(page);
  await listen(page);
  const before = await clickAway(page);
  const { click } = await page.evaluate(() => window.sent);
  const clean = await downloaded(page);
  assert.deepEqual(clean, await answered(photo, { click }));
  await page.click("[data-action=undo]");
  await versions(page, 0);
  await page.waitForTimeout(300);
  assert.ok(distance(await colourAt(page, WOMAN), before.woman) < 60, "undo brings her back (under her outline)");
  await page.click("[data-action=redo]");
  await versions(page, 1);
  await page.click("[data-tool=brush]");
  await drag(page, [0.8, 0.3], [0.85, 0.33]);
  assert.equal(await data(page, "marks"), "1");
  await page.click("[data-action=erase]");
  await finished(page, 3);
  const strokes = await page.evaluate(() => window.sent.strokes.text());
  const brushed = await downloaded(page);
  assert.notDeepEqual(brushed, clean);
  assert.deepEqual(brushed, await answered(clean, { strokes: new Blob([strokes], { type: "application/json" }) }));
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a person is tapped away on a phone", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await page.goto(server.address);
  await openBeach(page);
  const before = await colourAt(page, WOMAN);
  await page.touchscreen.tap(...(await onPage(page, WOMAN)));
  await versions(page, 1);
  await page.waitForTimeout(500);
  assert.ok(distance(await colourAt(page, WOMAN), before) > 40, "the woman is gone");
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  await context.close();
});

test("a person is clicked away in the page alone, and the photo's metadata stay", async () => {
  const { page, context, strangers, errors } = await freshPage(browser, site.address);
  await openBeach(page);
  await clickAway(page);
  const file = await downloaded(page);
  assert.deepEqual([...file.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  const marker = Buffer.from("Exif\0\0");
  assert.equal(file.includes(marker), (await readFile(PHOTO)).includes(marker));
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await context.close();
});
