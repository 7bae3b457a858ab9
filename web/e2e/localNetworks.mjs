/** Small networks for the tests of the page without a server, written by Python. */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";

export function madeNetworks(folder) {
  const python = process.env.CLEANPLATE ? join(dirname(process.env.CLEANPLATE), "python") : "python3";
  const matte = join(folder, "bright.onnx");
  const script = new URL("../../tests/web/bright_network.py", import.meta.url).pathname;
  const made = spawnSync(python, [script, matte], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return { matte };
}
