/** Networks, pictures and a clip that the Python tests write, and the options that make a server use them. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

export function fixtures() {
  const folder = mkdtempSync(join(tmpdir(), "cleanplate-e2e-"));
  const python = process.env.PYTHON ?? (process.env.CLEANPLATE ? join(dirname(process.env.CLEANPLATE), "python") : "python3");
  execFileSync(python, ["-m", "tests.server.browser_fixtures", folder], { cwd: ROOT, env: { ...process.env, PYTHONPATH: ROOT } });
  const file = (name) => join(folder, name);
  return {
    file,
    options: [
      ...["--people-weights", file("people.onnx"), "--matte-weights", file("matte.onnx")],
      ...["--video-weights", file("matte-video.onnx"), "--defects-weights", file("defects.onnx")],
      ...["--colour-weights", file("colour.onnx")],
    ],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
