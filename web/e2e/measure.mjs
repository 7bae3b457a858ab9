/** Times what a user waits for, in Chromium: `node e2e/measure.mjs ADDRESS PHOTO X Y RUNS` prints JSON.
 *
 * X, Y: a person, in pixels of the photo. `paint`: first contentful paint in ms. `click`: from the click on a person to
 * the new photo being on screen, in ms. */

import { browse } from "./served.mjs";

const [address, photo, x, y, runs] = process.argv.slice(2);
const browser = await browse();
const figures = { paint: [], click: [] };

for (let run = 0; run < Number(runs); run++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForSelector("h1");
  const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;
  await page.waitForFunction(paint);
  figures.paint.push(await page.evaluate(paint));
  await page.setInputFiles("[data-action=open]", photo);
  await page.waitForFunction(() => Number(document.querySelector("canvas.stage")?.dataset.people) > 0, undefined, { timeout: 120_000 });
  await page.waitForTimeout(1000);
  const stage = await page.locator("canvas.stage").boundingBox();
  const label = await page.evaluate(
    async (address) => (await (await fetch(address)).json()).version,
    `${address}api/v1/health`,
  );
  if (!label) throw new Error("the server does not answer");
  const size = JSON.parse(process.env.PHOTO_SIZE);
  const scale = Math.min(1, (stage.width - 24) / size[0], (stage.height - 24) / size[1]);
  const left = stage.x + (stage.width - size[0] * scale) / 2 + Number(x) * scale;
  const top = stage.y + (stage.height - size[1] * scale) / 2 + Number(y) * scale;
  await page.mouse.move(left, top);
  const waited = page.evaluate(
    () =>
      new Promise((resolve) => {
        let began = 0;
        const element = document.querySelector("canvas.stage");
        element.addEventListener("pointerup", () => (began = performance.now()), { once: true, capture: true });
        const watch = new MutationObserver(() => {
          if (element.dataset.versions !== "1") return;
          watch.disconnect();
          requestAnimationFrame(() => resolve(performance.now() - began));
        });
        watch.observe(element, { attributes: true });
      }),
  );
  await page.mouse.down();
  await page.mouse.up();
  figures.click.push(await waited);
  await context.close();
}
await browser.close();
console.log(JSON.stringify(figures));
