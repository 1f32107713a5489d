/** Decimals as rows carry them (texts such as '-12.3400') and as Arrow does (128 bits in four words, lowest first). Pure. */

/** The text with all digits after the point that its column has. */
export function decimalText(words: ArrayLike<number>, row: number, scale: number): string {
  let bits = 0n;
  for (let i = 3; i >= 0; i--) bits = (bits << 32n) | BigInt((words[row * 4 + i] as number) >>> 0);
  const value = BigInt.asIntN(128, bits);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

/** The value without its point; null for what is no decimal of at most these digits. */
export function decimalValue(text: unknown, precision: number, scale: number): bigint | null {
  const [, sign, whole, part = ''] = (typeof text === 'string' && /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)) || [];
  if (whole === undefined) return null;
  const kept = part.replace(/0+$/, '');
  if (kept.length > scale) return null;
  const value = BigInt(whole + kept.padEnd(scale, '0'));
  return value < 10n ** BigInt(precision) ? (sign === '-' ? -value : value) : null;
}

export function putDecimal(words: Uint32Array, row: number, value: bigint): void {
  for (let i = 0; i < 4; i++) words[row * 4 + i] = Number(BigInt.asUintN(32, value >> BigInt(32 * i)));
}
