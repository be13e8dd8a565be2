// SPDX-License-Identifier: Apache-2.0
// A Vite plugin that writes `x.br` and `x.gz` next to every text asset `x` of a finished build, so
// that the server sends ready-made bytes and never compresses on its event loop. A variant that
// would not be smaller is not written.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin, ResolvedConfig } from "vite";

const kTextExtensions = new Set([".html", ".js", ".css", ".svg", ".json", ".txt"]);

async function precompressFile(path: string): Promise<void> {
  const plain = await readFile(path);
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  const gzip = gzipSync(plain, { level: 9 });
  if (brotli.length < plain.length) await writeFile(`${path}.br`, brotli);
  if (gzip.length < plain.length) await writeFile(`${path}.gz`, gzip);
}

export function precompress(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "precompress",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle() {
      const folder = join(config.root, config.build.outDir);
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !kTextExtensions.has(extname(entry.name))) continue;
        await precompressFile(join(entry.parentPath, entry.name));
      }
    },
  };
}
