// What a guest of WASI is to do in one row of the matrix. Data only: it says nothing of how.

/** What a guest of WASI does in one row. Hosts are names or IPv4 addresses in text. */
export type WasiAct =
  | { readonly act: 'connect'; readonly host: string; readonly port: number }
  /** One GET; an answer that names another place is followed. */
  | { readonly act: 'fetch'; readonly host: string; readonly path: string }
  | { readonly act: 'listen'; readonly port: number }
  /** Opens or creates a file in the mutable storage. */
  | { readonly act: 'store'; readonly path: string; readonly size: number }
  /** Opens a file of the image to write it, or to read it. */
  | { readonly act: 'image'; readonly path: string; readonly how: 'read' | 'write' }
  | { readonly act: 'wall-clock' }
  | { readonly act: 'random' };
