/** Points and boxes in pixels of the upright full-size picture, and the way from there to the screen. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Left, top, right, bottom; the end is not part of it. */
export type Box = readonly [number, number, number, number];

/** Where the picture lies on the screen: screen = picture * scale + offset, in CSS pixels. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const LEAST_ZOOM = 0.02;
const MOST_ZOOM = 16;

export const toPicture = (view: View, point: Point): Point => ({
  x: (point.x - view.x) / view.scale,
  y: (point.y - view.y) / view.scale,
});

export const toScreen = (view: View, point: Point): Point => ({
  x: point.x * view.scale + view.x,
  y: point.y * view.scale + view.y,
});

/** The whole picture in the middle of the stage, never enlarged. */
export function fitted(picture: Size, stage: Size, margin = 12): View {
  const room = { width: Math.max(1, stage.width - 2 * margin), height: Math.max(1, stage.height - 2 * margin) };
  const scale = Math.min(1, room.width / picture.width, room.height / picture.height);
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

/** The view enlarged by a factor, with the point under `anchor` (screen) staying where it is. */
export function zoomed(view: View, factor: number, anchor: Point): View {
  const scale = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: anchor.x - (anchor.x - view.x) * ratio, y: anchor.y - (anchor.y - view.y) * ratio };
}

export function boxOf(a: Point, b: Point, limits: Size): Box {
  const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
  return [
    clamp(Math.min(a.x, b.x), limits.width),
    clamp(Math.min(a.y, b.y), limits.height),
    clamp(Math.max(a.x, b.x), limits.width),
    clamp(Math.max(a.y, b.y), limits.height),
  ];
}

export const isEmpty = (box: Box): boolean => box[2] - box[0] < 1 || box[3] - box[1] < 1;

/** Drops points that lie within half a screen pixel of the line through their neighbours' corner; keeps ends. */
export function thinned(points: readonly Point[], least: number): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const last = kept[kept.length - 1];
    if (!last || Math.hypot(point.x - last.x, point.y - last.y) >= least) kept.push(point);
  }
  const end = points[points.length - 1];
  if (end && kept[kept.length - 1] !== end) kept.push(end);
  return kept;
}
