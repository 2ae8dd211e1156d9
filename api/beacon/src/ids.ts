/** uuidv7 makes a time-ordered id: 48 bits of milliseconds, 72 random bits (RFC 9562, 5.7). */
export function uuidv7(): string {
  return (Date.now().toString(16).padStart(12, "0") + "-7xxx-8xxx-xxxxxxxxxxxx")
    .replace(/x/g, () => (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16))
    .replace(/.{8}/, "$&-");
}

/** now is what goes over the wire as a time. */
export const now = (): string => new Date().toISOString();
