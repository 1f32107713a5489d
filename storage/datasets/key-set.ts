/**
 * A set of texts by 96 bits of hash each: 12 bytes a slot, at most 60 % full, so that the keys of 10 million rows take about
 * 400 MB at the worst and 200 MB at the best. Two different texts that fall together are not to be expected (1 in 10^14 for
 * 10 million rows). Workers.
 */
const LEAST_SLOTS = 1024;
const FULL = 0.6;

export class KeySet {
  private slots = LEAST_SLOTS;
  private table = new Uint32Array(LEAST_SLOTS * 3);
  private size = 0;

  /** False when it is in the set already. */
  add(key: string): boolean {
    if (this.size >= this.slots * FULL) this.grow();
    const [a, b, c] = hash96(key);
    if (!this.put(a, b, c)) return false;
    this.size++;
    return true;
  }

  private put(a: number, b: number, c: number): boolean {
    const { table, slots } = this;
    for (let at = (a % slots) * 3; ; at = at + 3 === table.length ? 0 : at + 3) {
      if (table[at + 2] === 0) {
        table[at] = a;
        table[at + 1] = b;
        table[at + 2] = c;
        return true;
      }
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c) return false;
    }
  }

  private grow(): void {
    const old = this.table;
    this.slots *= 2;
    this.table = new Uint32Array(this.slots * 3);
    for (let at = 0; at < old.length; at += 3) if (old[at + 2] !== 0) this.put(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0);
  }
}

/** Three mixes of the UTF-16 units (constants of MurmurHash3). The last is never 0, which marks an empty slot. */
function hash96(text: string): [number, number, number] {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b + unit, 0x1b873593) ^ a;
    b = (b << 13) | (b >>> 19);
    c = Math.imul(c ^ (unit + a), 0x5bd1e995) + b;
    c ^= c >>> 15;
  }
  return [mix(a ^ text.length), mix(b + c), mix(c ^ b) || 1];
}
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
