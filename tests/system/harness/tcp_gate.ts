// SPDX-License-Identifier: Apache-2.0
// A TCP gate before a server: it passes bytes both ways until it is told to cut.
//
//   const gate = await TcpGate.open(server.port);   // clients use gate.wsUrl
//   gate.cut();                                     // every connection ends with a reset
//   gate.target = other.port;                       // of those that come from now on
//   gate.isShut = true;                             // whoever comes is cut off at once
import net from "node:net";

export class TcpGate {
  target: number;
  isShut = false;
  private readonly listener: net.Server;
  private readonly sockets = new Set<net.Socket>();

  static async open(target: number): Promise<TcpGate> {
    const gate = new TcpGate(target);
    await new Promise<void>((resolve) => gate.listener.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  private constructor(target: number) {
    this.target = target;
    this.listener = net.createServer((client) => this.pass(client));
  }

  get port(): number {
    return (this.listener.address() as net.AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.listener.close();
    this.cut();
  }

  private pass(client: net.Socket): void {
    if (this.isShut) return void client.resetAndDestroy();
    const server = net.connect(this.target, "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => undefined); // "close" follows
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
