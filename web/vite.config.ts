import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses, so that the page also works in a subfolder of a static host.
  base: "./",
  plugins: [preact()],
  build: { outDir: "../src/cleanplate/server/page", emptyOutDir: true, assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: { proxy: { "/api": "http://127.0.0.1:8117" } },
});
