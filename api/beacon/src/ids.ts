/** uuidv7 makes a time-ordered id: 48 bits of milliseconds, 74 random bits (RFC 9562, 5.7). */
export function uuidv7(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6] & 15);
  bytes[8] = 0x80 | (bytes[8] & 63);
  const hex = Array.from(bytes, (b) => (b + 256).toString(16).slice(1)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** madeAt gives back the milliseconds that a UUIDv7 starts with. */
export function madeAt(id: string): number {
  return parseInt(id.replace("-", "").slice(0, 12), 16);
}

/** millis reads a duration such as `500ms`, `30s`, `10m`, `24h`, `7d`; NaN for anything else. */
export function millis(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
  return parts ? +parts[1] * unit[parts[2]] : NaN;
}
