/** uuidv7 makes a time-ordered id: 48 bits of milliseconds, 72 random bits (RFC 9562, 5.7). */
export function uuidv7(): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => (b + 256).toString(16).slice(1));
  const hex = Date.now().toString(16).padStart(12, "0") + "7" + random.join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{3})/, "$1-$2-$3-8$4-");
}

/** madeAt gives back the milliseconds that a UUIDv7 starts with. */
export function madeAt(id: string): number {
  return parseInt(id.replace("-", "").slice(0, 12), 16);
}
