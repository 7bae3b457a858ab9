/** Keys for everything that is done often. */

import { canErase, clearSelection, redo, step, undo } from "../model/document";
import { download, eraseSelection } from "../model/actions";
import { fitted, zoomed } from "../model/geometry";
import { brush, comparing, grow, tool, view, type Tool } from "../model/tools";
import { busy } from "../model/work";

const TOOL_KEYS: Readonly<Record<string, Tool>> = { p: "people", b: "box", l: "lasso", d: "brush", e: "rubber", h: "hand" };

/** Listens until the returned function is called. */
export function shortcuts(showHelp: () => void): () => void {
  let before: Tool | null = null;
  const down = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.matches("input[type=password], input[type=text], dialog *")) return;
    const onButton = target.matches("button, input, [role=radio]");
    if (event.key === "?") return showHelp();
    if (!step.value) return;
    if (event.ctrlKey || event.metaKey) return withControl(event);
    if (event.key === " " && !onButton && before === null) {
      before = tool.value;
      tool.value = "hand";
      event.preventDefault();
      return;
    }
    plain(event, onButton);
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === " " && before !== null) {
      tool.value = before;
      before = null;
    }
    if (event.key.toLowerCase() === "c") comparing.value = false;
  };
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
  };
}

function withControl(event: KeyboardEvent): void {
  const key = event.key.toLowerCase();
  const idle = busy.value === null;
  if (key === "z" && idle) (event.shiftKey ? redo : undo)();
  else if (key === "y" && idle) redo();
  else if (key === "s") download();
  else return;
  event.preventDefault();
}

function plain(event: KeyboardEvent, onButton: boolean): void {
  const key = event.key.toLowerCase();
  const chosen = TOOL_KEYS[key];
  if (chosen) tool.value = chosen;
  else if (key === "c") comparing.value = true;
  else if (key === "[") brush.value = { ...brush.value, size: Math.max(2, brush.value.size / 1.25) };
  else if (key === "]") brush.value = { ...brush.value, size: Math.min(300, brush.value.size * 1.25) };
  else if (key === "escape") busy.value ? busy.value.stop() : clearSelection();
  else if (key === "enter" && !onButton && canErase.value) void eraseSelection(grow.value);
  else zoom(key);
}

function zoom(key: string): void {
  const stage = document.querySelector<HTMLElement>("canvas.stage");
  const now = step.value;
  if (!stage || !now || !view.value) return;
  const middle = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
  if (key === "+" || key === "=") view.value = zoomed(view.value, 1.25, middle);
  if (key === "-") view.value = zoomed(view.value, 0.8, middle);
  if (key === "0") view.value = fitted(now.version.size, { width: stage.clientWidth, height: stage.clientHeight });
  if (key === "1") view.value = zoomed(view.value, 1 / view.value.scale, middle);
}
