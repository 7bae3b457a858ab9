/** The whole way of a person through each tab, against a real server whose networks find by colour. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fixtures } from "./fixtures.mjs";
import { browse, data, drag, finished, freshPage, openPhoto, serve } from "./served.mjs";

let made;
let server;
let browser;

before(async () => {
  made = fixtures();
  server = await serve("--engine", "telea", ...made.options);
  browser = await browse();
});

after(async () => {
  await browser?.close();
  server?.stop();
  made?.remove();
});

/** Colour of the stage at a place, in shares of it. */
const colourAt = (page, x, y) =>
  page.evaluate(
    ([left, top]) => {
      const stage = document.querySelector("canvas.stage");
      return [...stage.getContext("2d").getImageData(Math.round(left * stage.width), Math.round(top * stage.height), 1, 1).data];
    },
    [x, y],
  );

/** Where a point of the 640 x 480 street is on the page. */
async function onPage(page, x, y, size = [640, 480]) {
  const stage = await page.locator("canvas.stage").boundingBox();
  const scale = Math.min(1, (stage.width - 24) / size[0], (stage.height - 24) / size[1]);
  const left = (stage.width - size[0] * scale) / 2;
  const top = (stage.height - size[1] * scale) / 2;
  const place = [left + x * scale, top + y * scale];
  return { page: [stage.x + place[0], stage.y + place[1]], share: [place[0] / stage.width, place[1] / stage.height] };
}

/** The body of the red person, and of the green one. */
const RED = [130, 250];
const GREEN = [440, 250];

async function openStreet(page) {
  await openPhoto(page, made.file("street.jpg"));
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.people === "2");
}

const isRed = ([red, green, blue]) => red > 150 && green < 90 && blue < 90;

async function downloaded(page, action) {
  const downloading = page.waitForEvent("download");
  await page.locator(action).click();
  const download = await downloading;
  return { name: download.suggestedFilename(), data: await readFile(await download.path()) };
}

test("people are outlined, hovered, clicked away, brought back; the download is the API's answer", async () => {
  const { page, context, strangers, errors } = await freshPage(browser, server.address);
  await openStreet(page);
  const red = await onPage(page, ...RED);
  assert.ok(isRed(await colourAt(page, ...red.share)));
  await page.mouse.move(...red.page);
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.hovered === "1");
  await page.mouse.click(...red.page);
  await finished(page, 1);
  await page.mouse.move(5, 5);
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.people === "1");
  assert.ok(!isRed(await colourAt(page, ...red.share)), "the clicked person is gone");
  await page.click("[data-action=undo]");
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.versions === "0");
  assert.ok(isRed(await colourAt(page, ...red.share)), "undo brings the person back");
  await page.click("[data-action=redo]");
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.versions === "1");
  const { name, data: file } = await downloaded(page, "[data-action=download]");
  assert.equal(name, "street-clean.jpg");
  const form = new FormData();
  form.set("image", new Blob([await readFile(made.file("street.jpg"))]), "street.jpg");
  form.set("click", RED.map(String).join(","));
  const answer = await fetch(`${server.address}api/v1/erase`, { method: "POST", body: form });
  assert.deepEqual(file, Buffer.from(await answer.arrayBuffer()));
  assert.ok(file.includes("cleanplate test"), "metadata are kept");
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("another result differs, and comparing shows the original", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openStreet(page);
  const red = await onPage(page, ...RED);
  await page.mouse.click(...red.page);
  await finished(page, 1);
  await page.click("[data-action=again]");
  await finished(page, 2);
  await page.mouse.move(5, 5);
  assert.ok(!isRed(await colourAt(page, ...red.share)));
  await page.keyboard.down("c");
  await page.waitForTimeout(200);
  assert.ok(isRed(await colourAt(page, ...red.share)), "the original is shown while C is held");
  await page.keyboard.up("c");
  await page.waitForTimeout(200);
  assert.ok(!isRed(await colourAt(page, ...red.share)));
  await context.close();
});

test("a mask is saved, loaded again, unpainted, and means what is seen", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openStreet(page);
  await page.keyboard.press("b");
  await drag(page, [0.4, 0.4], [0.6, 0.6]);
  const { name, data: mask } = await downloaded(page, "[data-action=save-mask]");
  assert.equal(name, "street-mask.png");
  await page.keyboard.press("Escape");
  assert.equal(await data(page, "marks"), "0");
  await page.setInputFiles("[data-action=load-mask]", { name, mimeType: "image/png", buffer: mask });
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.marks === "1");
  // The mask's file is read before it can be drawn.
  let inside;
  for (let tries = 0; tries < 60 && !(inside?.[0] - inside?.[1] > 40); tries++) {
    await page.waitForTimeout(250);
    inside = await colourAt(page, 0.55, 0.55);
  }
  const outside = await colourAt(page, 0.7, 0.55);
  assert.ok(inside[0] - inside[1] > 40 && outside[0] - outside[1] < 10, "the loaded mask is drawn in red");
  await page.keyboard.press("e");
  await drag(page, [0.42, 0.5], [0.44, 0.5]);
  await page.evaluate(() => {
    const set = FormData.prototype.set;
    FormData.prototype.set = function (field, value, ...rest) {
      if (field === "mask") window.sentMask = value;
      return set.call(this, field, value, ...rest);
    };
  });
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => window.sentMask);
  const share = await page.evaluate(async () => {
    const picture = await createImageBitmap(window.sentMask);
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let white = 0;
    for (let place = 0; place < data.length; place += 4) white += data[place] > 127;
    return white / (picture.width * picture.height);
  });
  const before = await page.evaluate(async (bytes) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let white = 0;
    for (let place = 0; place < data.length; place += 4) white += data[place] > 127;
    return white / (picture.width * picture.height);
  }, [...mask]);
  assert.ok(share < before - 0.002 && share > before / 2, `${share} of ${before}`);
  await context.close();
});

test("cutting out and a new background give files to save", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await openStreet(page);
  await page.click("[data-tab=cutout]");
  // A click on a person in another tab must not erase anybody.
  const red = await onPage(page, ...RED);
  await page.mouse.click(...red.page);
  await page.click("[data-action=cutout]");
  await page.waitForSelector(".results img");
  assert.equal((await downloaded(page, ".results [data-action=save]")).name, "street-cutout.png");
  assert.equal(await data(page, "versions"), "0");
  await page.click("[data-tab=background]");
  await page.click("[data-kind=colour]");
  await page.click("[data-action=background]");
  await page.waitForSelector(".results img");
  const made = await downloaded(page, ".results [data-action=save]");
  assert.equal(made.name, "street-background.jpg");
  assert.ok(made.data.length > 5000);
  await context.close();
});

test("an old photo: damage is found, corrected, filled; a result is gone on with", async () => {
  const { page, context, errors } = await freshPage(browser, server.address);
  await openPhoto(page, made.file("old.png"));
  await page.click("[data-tab=restore]");
  await page.click("[data-action=find-damage]");
  await page.waitForFunction(() => document.querySelector("canvas.stage").dataset.marks === "1");
  await page.waitForTimeout(300);
  await page.click("[data-tool=brush]");
  await drag(page, [0.5, 0.2], [0.55, 0.2]);
  assert.equal(await data(page, "marks"), "2");
  await page.check("[data-option=colour]");
  await page.click("[data-action=restore]");
  await page.waitForFunction(() => document.querySelectorAll(".results img").length === 4);
  const names = await page.locator(".results figcaption span").allInnerTexts();
  assert.deepEqual(names.sort(), ["old-colour.png", "old-defects.png", "old-restored.png", "old-restored_colour.png"]);
  await page.locator(".results figure", { hasText: "old-restored.png" }).locator("[data-action=take]").click();
  await page.waitForFunction(() => document.querySelector("canvas.stage").getAttribute("aria-label") === "old-restored.png");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a video: opened, its frames counted, played and downloaded", async () => {
  const { page, context, strangers, errors } = await freshPage(browser, server.address);
  await page.click("[data-tab=video]");
  await page.setInputFiles("[data-action=open-clip]", made.file("walk.mp4"));
  await page.waitForSelector("[data-screen=before]");
  await page.click("[data-behind=colour]");
  await page.click("[data-action=video]");
  await page.waitForSelector("[data-screen=after]", { timeout: 60_000 });
  const { name, data: file } = await downloaded(page, "[data-action=download-clip]");
  assert.equal(name, "walk-background.mp4");
  assert.equal(file.subarray(4, 8).toString(), "ftyp");
  await page.setInputFiles("[data-action=open-clip]", { name: "no.mp4", mimeType: "video/mp4", buffer: Buffer.from("#EXTM3U") });
  await page.click("[data-action=video]");
  assert.match(await page.locator(".panel [role=alert]").innerText(), /no\.mp4/);
  assert.deepEqual(strangers, []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("several photos: one that fails does not stop the others; all are saved together", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await page.click("[data-tab=batch]");
  const street = { name: "street.jpg", mimeType: "image/jpeg", buffer: await readFile(made.file("street.jpg")) };
  const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("nothing") };
  await page.setInputFiles("[data-action=add-photos]", [street, broken, street]);
  await page.click("[data-task=everybody]");
  await page.click("[data-action=run-batch]");
  await page.waitForFunction(() => document.querySelectorAll("[data-state=done]").length === 2, undefined, { timeout: 60_000 });
  assert.match(await page.locator("[data-state=failed]").innerText(), /is not a picture/);
  const { name, data: archive } = await downloaded(page, "[data-action=save-all]");
  assert.equal(name, "cleanplate.zip");
  for (const entry of ["street-clean.jpg", "street-clean-2.jpg"]) assert.ok(archive.includes(entry), entry);
  await context.close();
});

test("a server that is gone is said, and the photo is not lost", async () => {
  const other = await serve("--engine", "telea", ...made.options);
  const { page, context } = await freshPage(browser, other.address);
  await openStreet(page);
  other.stop();
  await page.waitForTimeout(500);
  await page.mouse.click(...(await onPage(page, ...RED)).page);
  assert.match(await page.locator("[role=alert]").innerText(), /does not answer/);
  assert.equal(await data(page, "versions"), "0");
  await context.close();
});

test("the help sheet opens by ? and closes by Escape; focus is seen", async () => {
  const { page, context } = await freshPage(browser, server.address);
  await page.keyboard.press("?");
  const sheet = page.locator("dialog[open]");
  await sheet.waitFor();
  assert.match(await sheet.innerText(), /brush/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
  await context.close();
});

test("a token is asked for and remembered in this tab", async () => {
  const guarded = await serve("--engine", "telea", "--token", "a-very-long-secret-token", ...made.options);
  try {
    const { page, context } = await freshPage(browser, guarded.address);
    await page.setInputFiles("[data-action=open]", made.file("street.jpg"));
    await page.locator("input[type=password]").fill("a-very-long-secret-token");
    await page.keyboard.press("Enter");
    // What was refused is done now.
    await page.waitForFunction(() => document.querySelector("canvas.stage")?.dataset.people === "2");
    await page.reload();
    await page.waitForSelector("canvas.stage");
    await context.close();
  } finally {
    guarded.stop();
  }
});
