/** A Store is the browser's storage that never throws: blocked or full storage loses only what outlives the page. */
export interface Store {
  get(key: string): string | null | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(prefix: string): string[];
}

/** makeStore is of localStorage, or of sessionStorage: of this tab alone, as long as it is open. */
export function makeStore(kind: "localStorage" | "sessionStorage"): Store {
  const attempt = <T>(use: (area: Storage) => T): T | undefined => {
    try {
      return use(window[kind]);
    } catch {
      // The getter itself throws where the browser blocks storage.
    }
  };
  return {
    get: (key) => attempt((area) => area.getItem(key)),
    set: (key, value) => attempt((area) => area.setItem(key, value)),
    remove: (key) => attempt((area) => area.removeItem(key)),
    keys: (prefix) => attempt((area) => Object.keys(area).filter((key) => key.startsWith(prefix))) || [],
  };
}
