/** A Store is the browser's storage that never throws: blocked or full storage loses only what outlives the page. */
export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(prefix: string): string[];
}

/** makeStore is of localStorage, or of sessionStorage: of this tab alone, as long as it is open. */
export function makeStore(kind: "localStorage" | "sessionStorage"): Store {
  const attempt = <T>(use: (area: Storage) => T, otherwise: T): T => {
    try {
      return use(window[kind]);
    } catch {
      return otherwise; // the getter itself throws where the browser blocks storage
    }
  };
  return {
    get: (key) => attempt((area) => area.getItem(key), null),
    set: (key, value) => attempt((area) => area.setItem(key, value), undefined),
    remove: (key) => attempt((area) => area.removeItem(key), undefined),
    keys: (prefix) => attempt((area) => Object.keys(area).filter((key) => key.startsWith(prefix)), []),
  };
}
