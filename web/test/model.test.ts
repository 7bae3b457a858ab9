import { describe, expect, it } from "vitest";
import { lengths, shrunkMask } from "../src/api/rle";
import { boxOf, fitted, thinned, toPicture, toScreen, zoomed } from "../src/model/geometry";
import { begun, redone, stepped, undone } from "../src/model/history";
import { addTo, needsDrawing, selects } from "../src/model/selection";

describe("view", () => {
  const view = { scale: 0.5, x: 10, y: 20 };
  it("maps to the screen and back", () => {
    const point = { x: 321, y: 45 };
    expect(toPicture(view, toScreen(view, point))).toEqual(point);
  });
  it("keeps the point under the pointer while zooming", () => {
    const anchor = { x: 200, y: 100 };
    const before = toPicture(view, anchor);
    const after = toPicture(zoomed(view, 1.7, anchor), anchor);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });
  it("shows the whole picture and never enlarges it", () => {
    expect(fitted({ width: 4000, height: 1000 }, { width: 824, height: 624 }).scale).toBeCloseTo(0.2);
    expect(fitted({ width: 40, height: 10 }, { width: 824, height: 624 }).scale).toBe(1);
  });
  it("holds boxes inside the picture", () => {
    expect(boxOf({ x: 90.4, y: -5 }, { x: 10.6, y: 300 }, { width: 80, height: 200 })).toEqual([11, 0, 80, 200]);
  });
  it("thins points but keeps the ends", () => {
    const points = [0, 0.1, 0.2, 5, 5.1].map((x) => ({ x, y: 0 }));
    expect(thinned(points, 1).map((point) => point.x)).toEqual([0, 5, 5.1]);
  });
});

describe("history", () => {
  it("goes back and forth, and forgets what a new step replaces", () => {
    const three = stepped(stepped(begun(1), 2), 3);
    expect(undone(undone(three)).present).toBe(1);
    expect(redone(undone(three)).present).toBe(3);
    expect(redone(stepped(undone(three), 4)).present).toBe(4);
    expect(undone(begun(1)).present).toBe(1);
  });
});

describe("selection", () => {
  it("becomes the fields that the server reads", async () => {
    const form = new FormData();
    addTo(form, [
      { kind: "box", box: [1, 2, 3, 4] },
      { kind: "lasso", points: [{ x: 1.23, y: 2 }, { x: 3, y: 4 }, { x: 5, y: 6 }] },
      { kind: "stroke", points: [{ x: 7, y: 8 }], size: 9.87, hardness: 0.5, erase: true },
    ]);
    expect(form.get("box")).toBe("1,2,3,4");
    expect(form.get("polygon")).toBe("1.2,2 3,4 5,6");
    const strokes = JSON.parse(await (form.get("strokes") as Blob).text()) as unknown;
    expect(strokes).toEqual([{ points: [[7, 8]], size: 9.9, hardness: 0.5, erase: true }]);
  });
  it("is drawn where the server would not know the order", () => {
    const box = { kind: "box", box: [1, 2, 3, 4] } as const;
    const stroke = (erase: boolean) => ({ kind: "stroke", points: [], size: 1, hardness: 1, erase }) as const;
    const mask = { kind: "mask", file: new Blob() } as const;
    expect(needsDrawing([box, stroke(false)])).toBe(false);
    expect(needsDrawing([stroke(false), stroke(true)])).toBe(false);
    expect(needsDrawing([box, stroke(true)])).toBe(true);
    expect(needsDrawing([mask])).toBe(false);
    expect(needsDrawing([mask, mask])).toBe(true);
  });
  it("of strokes that only take away selects nothing", () => {
    expect(selects([{ kind: "stroke", points: [], size: 1, hardness: 1, erase: true }])).toBe(false);
    expect(selects([{ kind: "box", box: [0, 0, 1, 1] }])).toBe(true);
  });
});

describe("run lengths", () => {
  // Written by pycocotools: a mask of 4 rows and 5 columns with rows 1-2 of columns 1-3 selected.
  const rle = { size: [4, 5] as const, counts: "5220003" };
  it("are read as pycocotools writes them", () => {
    const sum = lengths(rle.counts).reduce((total, run) => total + run, 0);
    expect(sum).toBe(20);
    const mask = shrunkMask(rle, { width: 5, height: 4 });
    expect([...mask]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });
  it("can be shown smaller", () => {
    expect(shrunkMask(rle, { width: 2, height: 2 })).toHaveLength(4);
  });
});
