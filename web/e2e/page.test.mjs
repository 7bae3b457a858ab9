/** The page as a user meets it, in Chromium, against a real server. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { browse, data, drag, finished, freshPage, openPhoto, serve } from "./served.mjs";

const PHOTO = new URL("../../examples/beach.jpg", import.meta.url).pathname;

let server;
let browser;

before(async () => {
  server = await serve("--engine", "telea");
  browser = await browse();
});

after(async () => {
  await browser?.close();
  server?.stop();
});

test("a box is erased, undone and done again; nothing leaves the machine", async () => {
  const { page, strangers, errors } = await freshPage(browser, server.address);
  await openPhoto(page, PHOTO);
  await page.click("[data-tool=box]");
  await drag(page, [0.3, 0.4], [0.36, 0.5]);
  assert.equal(await data(page, "marks"), "1");
  await page.click("[data-action=erase]");
  await finished(page, 2);
  assert.equal(await data(page, "marks"), "0");
  await page.click("[data-action=undo]");
  assert.equal(await data(page, "marks"), "1");
  await page.keyboard.press("Control+y");
  assert.equal(await data(page, "marks"), "0");
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("what is downloaded is what the API answers", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openPhoto(page, PHOTO);
  await page.click("[data-tool=box]");
  await page.evaluate(() => {
    // Chromium does not hand out the body of a form with files.
    const append = FormData.prototype.append;
    FormData.prototype.append = function (name, ...rest) {
      if (name === "box") window.sentBox = rest[0];
      return append.call(this, name, ...rest);
    };
  });
  await drag(page, [0.5, 0.4], [0.55, 0.5]);
  await page.keyboard.press("Enter");
  await finished(page, 2);
  const box = await page.evaluate(() => window.sentBox);
  const downloading = page.waitForEvent("download");
  await page.click("[data-action=download]");
  const download = await downloading;
  assert.equal(download.suggestedFilename(), "beach-clean.jpg");
  const form = new FormData();
  form.set("image", new Blob([await readFile(PHOTO)]), "beach.jpg");
  form.set("box", box);
  const answer = await fetch(`${server.address}api/v1/erase`, { method: "POST", body: form });
  assert.equal(answer.status, 200);
  assert.deepEqual(await readFile(await download.path()), Buffer.from(await answer.arrayBuffer()));
  await context.close();
});

test("a brush paints, its size follows the keys, and a reload loses nothing", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openPhoto(page, PHOTO);
  await page.keyboard.press("d");
  await page.keyboard.press("]");
  await drag(page, [0.3, 0.6], [0.4, 0.65]);
  await page.keyboard.press("e");
  await drag(page, [0.35, 0.6], [0.36, 0.7]);
  assert.equal(await data(page, "marks"), "2");
  await page.waitForTimeout(300);
  await page.reload();
  await page.waitForSelector("canvas.stage");
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.marks === "2");
  await context.close();
});

test("a file that is no picture is an error in words", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await page.setInputFiles("[data-action=open]", { name: "note.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
  const note = page.locator("[role=alert]");
  await note.waitFor();
  assert.match(await note.innerText(), /note\.jpg: is not a picture/);
  await context.close();
});

test("it works on a phone, in Chinese, by keyboard", async () => {
  const { page, context } = await freshPage(browser, server.address, { width: 390, height: 800 });
  await page.getByRole("button", { name: "中文" }).click();
  await openPhoto(page, PHOTO);
  const stage = await page.locator("canvas.stage").boundingBox();
  assert.ok(stage.width <= 390 && stage.height > 150);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `the page is ${wide} pixels wide`);
  await page.getByRole("radio", { name: "方框" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("radio", { name: "方框" }).getAttribute("aria-checked"), "true");
  await context.close();
});

test("work can be stopped", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openPhoto(page, PHOTO);
  await page.click("[data-tool=box]");
  await drag(page, [0.3, 0.3], [0.6, 0.7]);
  await page.route("**/events", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue().catch(() => undefined);
  });
  await page.click("[data-action=erase]");
  await page.click("[data-action=stop]");
  await page.waitForFunction(() => !document.querySelector(".working"));
  assert.equal(await data(page, "marks"), "1");
  await context.close();
});
