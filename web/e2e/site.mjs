/** A built site behind a plain file server. */

import { spawnSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".json": "application/json" };

/** SITE names a site that is already built. */
export async function serveSite() {
  const scratch = mkdtempSync(join(tmpdir(), "cleanplate-site-"));
  const folder = process.env.SITE ?? join(scratch, "site");
  if (!process.env.SITE) {
    const made = spawnSync(process.env.CLEANPLATE ?? "cleanplate", ["web", "build", folder], { encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
  }
  const server = createServer((request, answer) => {
    const path = normalize(new URL(request.url, "http://x").pathname).replace(/\/$/, "/index.html");
    const file = join(folder, path);
    if (!existsSync(file) || !statSync(file).isFile()) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(answer);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      server.close();
      rmSync(scratch, { recursive: true });
    },
  };
}
