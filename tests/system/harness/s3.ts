// SPDX-License-Identifier: Apache-2.0
// A real server of the S3 protocol (package s3rver) on a port of the kernel's choice. It checks the
// signatures of headers and links, and how old links are.
//
//   const s3 = await S3.start("audio", "tutti/");
//   ... s3.url, kKeyId, kSecret ...
//   await s3.stop();
import S3rver from "@20minutes/s3rver";
import account from "@20minutes/s3rver/lib/models/account.js";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const kKeyId = "tutti-tests";
export const kSecret = "never/to+be=seen-in-any-log";
account.DUMMY_ACCOUNT.createKeyPair(kKeyId, kSecret);

export class S3 {
  url = "";
  isDown = false; // connections are cut without an answer
  readonly seen: string[] = []; // "PUT 200", in the order of the answers
  private readonly folder = mkdtempSync(join(tmpdir(), "tutti-s3-"));
  private readonly server = http.createServer((request, response) => {
    if (this.isDown) return request.socket.destroy();
    response.once("finish", () => this.seen.push(`${request.method} ${response.statusCode}`));
    this.handle(request, response);
  });
  private handle!: RequestListener;

  // A bucket, and what the names of its objects begin with ("tutti/").
  static async start(bucket: string, prefix: string): Promise<S3> {
    const s3 = new S3();
    const program = new S3rver({
      directory: s3.folder,
      silent: true,
      vhostBuckets: false,
      configureBuckets: [{ name: bucket }],
    });
    await program.configureBuckets();
    // The program removes a folder with its last object, even under another that is just coming.
    mkdirSync(join(s3.folder, bucket, prefix), { recursive: true });
    writeFileSync(join(s3.folder, bucket, prefix, "keeps-the-folder"), "");
    s3.handle = program.callback();
    await new Promise<void>((resolve) => s3.server.listen(0, "127.0.0.1", resolve));
    s3.url = `http://127.0.0.1:${(s3.server.address() as AddressInfo).port}`;
    return s3;
  }

  // Names of the objects of all buckets, as "bucket/name".
  objects(): string[] {
    const kSuffix = "._S3rver_object";
    return readdirSync(this.folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(kSuffix))
      .map((path) => path.slice(0, -kSuffix.length));
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.once("close", resolve));
    this.server.close();
    this.server.closeAllConnections();
    await closed;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
