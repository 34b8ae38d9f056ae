// Values of the canonical ABI as one line of JSON and back, for what the oracles are asked and answer. It must never lose a bit:
// 64-bit numbers, bytes, infinities and the sign of zero have forms of their own.

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return { $big: String(part) };
    if (part instanceof Uint8Array) return { $bytes: Buffer.from(part).toString('base64') };
    if (typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0)))
      return { $num: Object.is(part, -0) ? '-0' : String(part) };
    return part;
  });
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) => {
    const tagged = part as { $big?: string; $bytes?: string; $num?: string } | null;
    if (typeof tagged !== 'object' || tagged === null) return part;
    if (tagged.$big !== undefined) return BigInt(tagged.$big);
    if (tagged.$bytes !== undefined) return new Uint8Array(Buffer.from(tagged.$bytes, 'base64'));
    return tagged.$num === undefined ? part : Number(tagged.$num);
  });
}
