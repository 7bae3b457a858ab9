/** The photo on screen: zoom, pan, marks, people, comparison. Pointer, touch and keyboard. */

import { useEffect, useRef, useState } from "preact/hooks";
import { addMark, history, original, people, step } from "../model/document";
import { erasePerson, remember } from "../model/actions";
import { boxOf, fitted, isEmpty, thinned, toPicture, toScreen, zoomed, type Point, type View } from "../model/geometry";
import type { Mark } from "../model/selection";
import { busy } from "../model/work";
import { activeTool, brush, chosen, comparing, divider, looked, view, type Tool } from "../model/tools";
import { readMasks } from "./maskPicture";
import { drawOutlines, drawPhoto, drawResult, drawSelection, outlined, SELECTION_OPACITY, under, type Outline } from "./draw";

/** Longest side of the masks that are drawn over the photo. */
const OUTLINE_SIDE = 900;

interface Drag {
  readonly tool: Tool;
  readonly points: Point[];
  readonly start: View;
  readonly at: Point;
}

export function Stage() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<HTMLCanvasElement | null>(null);
  const drag = useRef<Drag | null>(null);
  const whole = useRef<View | null>(null);
  const touches = useRef(new Map<number, Point>());
  const [outlines, setOutlines] = useState<readonly Outline[]>([]);
  const [hovered, setHovered] = useState<Outline | null>(null);
  const [cursor, setCursor] = useState<Point | null>(null);
  const [, redraw] = useState(0);

  const now = step.value;
  const found = people.value;
  // Only what is read while rendering makes the photo be drawn anew; drawing itself comes after that.
  void [view.value, comparing.value, divider.value, brush.value, original.value, looked.value];

  useEffect(() => {
    let current = true;
    setHovered(null);
    if (!now || !found) {
      setOutlines([]);
      return;
    }
    const shrink = Math.min(1, OUTLINE_SIDE / Math.max(now.version.size.width, now.version.size.height));
    const shown = {
      width: Math.max(1, Math.round(now.version.size.width * shrink)),
      height: Math.max(1, Math.round(now.version.size.height * shrink)),
    };
    void Promise.all(found.map((instance) => outlined(instance, shown))).then((made) => current && setOutlines(made));
    return () => {
      current = false;
    };
  }, [now?.version, found]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watch = new ResizeObserver(() => {
      fitCanvas(element);
      if (!layer.current) layer.current = document.createElement("canvas");
      layer.current.width = element.width;
      layer.current.height = element.height;
      // A turned phone or another window size shows the whole photo again, unless the user looks at a part of it.
      const seen = step.value?.version.size;
      if (seen && (!view.value || whole.current === view.value)) whole.current = view.value = fitted(seen, sizeOf(element));
      redraw((count) => count + 1);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [canvas.current]);

  useEffect(() => {
    if (canvas.current && now) whole.current = view.value = fitted(now.version.size, sizeOf(canvas.current));
  }, [now?.version.size.width, now?.version.size.height]);

  useEffect(() => {
    if (now) void readMasks(now.selection).then((read) => read && redraw((count) => count + 1), () => undefined);
  }, [now?.selection]);

  useEffect(() => {
    const element = canvas.current;
    if (!element || !layer.current || !now || !view.value) return;
    const context = element.getContext("2d");
    const marks = layer.current.getContext("2d");
    if (!context || !marks) return;
    const ratio = element.width / element.clientWidth;
    for (const each of [context, marks]) each.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, element.clientWidth, element.clientHeight);
    if (looked.value && !comparing.value) return drawResult(context, looked.value, now.version.size, view.value);
    const shows = comparing.value && original.value && !looked.value ? original.value : now.version;
    drawPhoto(context, shows.shown, now.version.size, view.value);
    if (divider.value !== null && original.value) drawDivided(context, element, divider.value);
    if (comparing.value) return;
    const live = drag.current ? markOf(drag.current, now.version.size) : null;
    drawSelection(marks, live ? [...now.selection, live] : now.selection, view.value, now.version.size);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = SELECTION_OPACITY;
    context.drawImage(layer.current, 0, 0);
    context.restore();
    if (activeTool.value === "people") drawOutlines(context, outlines, hovered, now.version.size, view.value);
    if (cursor && (activeTool.value === "brush" || activeTool.value === "rubber")) drawCursor(context, cursor, view.value);
  });

  function drawDivided(context: CanvasRenderingContext2D, element: HTMLCanvasElement, share: number): void {
    if (!original.value || !now || !view.value) return;
    const x = element.clientWidth * share;
    context.save();
    context.beginPath();
    context.rect(0, 0, x, element.clientHeight);
    context.clip();
    drawPhoto(context, original.value.shown, now.version.size, view.value);
    context.restore();
    context.fillStyle = "white";
    context.fillRect(x - 1, 0, 2, element.clientHeight);
  }

  const place = (event: PointerEvent): Point => {
    const bounds = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };

  function down(event: PointerEvent): void {
    if (!now || !view.value) return;
    const at = place(event);
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    touches.current.set(event.pointerId, at);
    if (touches.current.size > 1) {
      drag.current = null;
      return;
    }
    const used: Tool = event.button === 1 || event.altKey ? "hand" : activeTool.value;
    // Marks belong to the photo, not to what was made of it.
    if (used !== "hand") chosen.value = null;
    drag.current = { tool: used, points: [toPicture(view.value, at)], start: view.value, at };
    redraw((count) => count + 1);
  }

  function move(event: PointerEvent): void {
    if (!now || !view.value) return;
    const at = place(event);
    const before = touches.current.get(event.pointerId);
    if (touches.current.size === 2 && before) {
      pinch(event.pointerId, before, at);
      touches.current.set(event.pointerId, at);
      return;
    }
    if (before) touches.current.set(event.pointerId, at);
    setCursor(at);
    const dragged = drag.current;
    if (!dragged) {
      if (activeTool.value === "people") setHovered(under(outlines, toPicture(view.value, at), now.version.size));
      return;
    }
    if (dragged.tool === "hand") {
      view.value = { ...dragged.start, x: dragged.start.x + at.x - dragged.at.x, y: dragged.start.y + at.y - dragged.at.y };
    } else {
      dragged.points.push(toPicture(view.value, at));
      redraw((count) => count + 1);
    }
  }

  function pinch(id: number, before: Point, at: Point): void {
    const other = [...touches.current].find(([key]) => key !== id)?.[1];
    if (!other || !view.value) return;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(at.x - other.x, at.y - other.y);
    const moved = { ...view.value, x: view.value.x + (at.x - before.x) / 2, y: view.value.y + (at.y - before.y) / 2 };
    view.value = zoomed(moved, was > 0 ? is / was : 1, { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
  }

  function up(event: PointerEvent): void {
    touches.current.delete(event.pointerId);
    const dragged = drag.current;
    drag.current = null;
    if (!dragged || !now || !view.value) return;
    if (dragged.tool === "people") {
      const end = toPicture(view.value, place(event));
      const chosen = under(outlines, end, now.version.size);
      if (chosen && !busy.value) void erasePerson(end);
      return;
    }
    const mark = markOf(dragged, now.version.size);
    if (mark) {
      addMark(mark);
      void remember();
    }
    redraw((count) => count + 1);
  }

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    if (!view.value) return;
    const bounds = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const anchor = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
    view.value = zoomed(view.value, Math.exp(-event.deltaY / 400), anchor);
  }

  return (
    <canvas
      ref={canvas}
      class={`stage tool-${activeTool.value}`}
      data-hovered={hovered?.instance.id ?? ""}
      data-people={found?.length ?? ""}
      data-marks={now?.selection.length ?? 0}
      data-looked={looked.value !== null}
      data-versions={history.value?.past.length ?? 0}
      tabIndex={0}
      role="img"
      aria-label={now?.version.name ?? ""}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onPointerLeave={() => setCursor(null)}
      onWheel={wheel}
    />
  );
}

function markOf(drag: Drag, limits: { width: number; height: number }): Mark | null {
  const first = drag.points[0];
  const last = drag.points[drag.points.length - 1];
  if (!first || !last) return null;
  if (drag.tool === "box") {
    const box = boxOf(first, last, limits);
    return isEmpty(box) ? null : { kind: "box", box };
  }
  const points = thinned(drag.points, 0.7 / (view.value?.scale ?? 1));
  if (drag.tool === "lasso") return points.length < 3 ? null : { kind: "lasso", points };
  if (drag.tool === "brush" || drag.tool === "rubber") {
    const { size, hardness } = brush.value;
    return { kind: "stroke", points, size: size / (view.value?.scale ?? 1), hardness, erase: drag.tool === "rubber" };
  }
  return null;
}

function drawCursor(context: CanvasRenderingContext2D, at: Point, seen: View): void {
  const centre = toScreen(seen, toPicture(seen, at));
  context.save();
  context.lineWidth = 1.5;
  for (const [colour, dash] of [["black", []], ["white", [4, 4]]] as const) {
    context.strokeStyle = colour;
    context.setLineDash([...dash]);
    context.beginPath();
    context.arc(centre.x, centre.y, brush.value.size / 2, 0, 2 * Math.PI);
    context.stroke();
  }
  context.restore();
}

function fitCanvas(element: HTMLCanvasElement): void {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  element.width = Math.max(1, Math.round(element.clientWidth * ratio));
  element.height = Math.max(1, Math.round(element.clientHeight * ratio));
}

const sizeOf = (element: HTMLElement) => ({ width: element.clientWidth, height: element.clientHeight });
