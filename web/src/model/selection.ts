/** What the user has marked on the picture, as the server takes it. */

import type { Box, Point } from "./geometry";

export interface BoxMark {
  readonly kind: "box";
  readonly box: Box;
}

export interface LassoMark {
  readonly kind: "lasso";
  readonly points: readonly Point[];
}

export interface StrokeMark {
  readonly kind: "stroke";
  readonly points: readonly Point[];
  readonly size: number;
  readonly hardness: number;
  /** Takes pixels out of the selection again. */
  readonly erase: boolean;
}

export interface MaskMark {
  readonly kind: "mask";
  readonly file: Blob;
}

export type Mark = BoxMark | LassoMark | StrokeMark | MaskMark;
export type Selection = readonly Mark[];

const round = (value: number): number => Math.round(value * 10) / 10;

/** Adds the marks to a form of the erase route. */
export function addTo(form: FormData, selection: Selection): void {
  const strokes: object[] = [];
  for (const mark of selection) {
    if (mark.kind === "box") form.append("box", mark.box.join(","));
    if (mark.kind === "lasso") form.append("polygon", mark.points.map((p) => `${round(p.x)},${round(p.y)}`).join(" "));
    if (mark.kind === "mask") form.set("mask", mark.file, "mask.png");
    if (mark.kind === "stroke") {
      strokes.push({
        points: mark.points.map((p) => [round(p.x), round(p.y)]),
        size: round(mark.size),
        hardness: mark.hardness,
        erase: mark.erase,
      });
    }
  }
  if (strokes.length) form.set("strokes", new Blob([JSON.stringify(strokes)], { type: "application/json" }), "strokes.json");
}

/** Whether only a drawn mask says what is meant: the server joins marks of different kinds, whatever their order, so
 * what a stroke takes away from a box or a mask, and a second mask, must be drawn here. */
export function needsDrawing(selection: Selection): boolean {
  const masks = selection.filter((mark) => mark.kind === "mask").length;
  const others = selection.some((mark) => mark.kind !== "stroke");
  return masks > 1 || (others && selection.some((mark) => mark.kind === "stroke" && mark.erase));
}

/** Whether anything would be erased: strokes that only take away select nothing. */
export const selects = (selection: Selection): boolean =>
  selection.some((mark) => mark.kind !== "stroke" || !mark.erase);
