// SPDX-License-Identifier: Apache-2.0
// What was spoken and may have to be sent again: audio, and controls at their place in it. Pure.
// Positions are bytes since the beginning of the stream.
//
// Bounded by its user: `size` is what is kept. Bytes pushed are copied, so the caller may use its
// buffer again.

export type Control = "Finalize";
export type Piece = { at: number; bytes: Uint8Array<ArrayBuffer> } | { at: number; control: Control };

export class KeptAudio {
  private pieces: Piece[] = [];
  private first = 0;
  private next = 0;

  // Where what is kept begins, and where the next audio goes.
  get start(): number {
    return this.first;
  }
  get end(): number {
    return this.next;
  }
  get size(): number {
    return this.next - this.first;
  }

  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.pieces.push({ at: this.next, bytes: new Uint8Array(bytes) });
    this.next += bytes.byteLength;
  }

  pushControl(control: Control): void {
    this.pieces.push({ at: this.next, control });
  }

  // What lies before `position` is not needed any more; a control there has been answered.
  dropUpTo(position: number): void {
    const end = Math.min(position, this.next);
    if (end < this.first) return;
    this.first = end;
    let gone = 0;
    while (gone < this.pieces.length && endOf(this.pieces[gone]!) <= end) ++gone;
    this.pieces.splice(0, gone);
    const head = this.pieces[0];
    if (head && "bytes" in head && head.at < end)
      this.pieces[0] = { at: end, bytes: head.bytes.subarray(end - head.at) };
  }

  // All that is kept, in order.
  all(): readonly Piece[] {
    return this.pieces;
  }
}

function endOf(piece: Piece): number {
  return "bytes" in piece ? piece.at + piece.bytes.byteLength : piece.at;
}
