/* Runs in the audio thread: hands out what comes in as pieces of 20 ms. A file of its own, as the policy wants. */
const PIECE = 960;

class Pieces extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  process([input]) {
    const samples = input[0];
    // Nothing is connected for a moment: the time passes all the same.
    const count = samples ? samples.length : 128;
    for (let i = 0; i < count; i++) {
      this.piece[this.filled++] = samples ? samples[i] : 0;
      if (this.filled < PIECE) continue;
      this.port.postMessage(this.piece, [this.piece.buffer]);
      this.piece = new Float32Array(PIECE);
      this.filled = 0;
    }
    return true;
  }
}
registerProcessor('pieces', Pieces);
