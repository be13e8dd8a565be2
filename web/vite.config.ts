// SPDX-License-Identifier: Apache-2.0
// The page is served under `Content-Security-Policy: default-src 'self'`, so nothing may be
// inlined: no data: scripts, no blob: worklet, no style attributes.
import { defineConfig } from "vite";
import { precompress } from "./tools/precompress.ts";

const kServer = process.env["TUTTI_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  build: {
    outDir: "../build/web",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  plugins: [precompress()],
  server: {
    proxy: {
      "/v1": { target: kServer, ws: true },
      "/health": { target: kServer },
    },
  },
});
