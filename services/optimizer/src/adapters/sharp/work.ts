/** Messages between the pool and its processes: plain data. */
export type Work =
  | { readonly type: 'inspect'; readonly path: string; readonly format: string }
  | {
      readonly type: 'optimize';
      readonly format: string;
      readonly quality: number;
      readonly webp: boolean;
      readonly from: string;
      readonly to: string;
      readonly toWebp: string;
    };
export type WorkResult =
  | { readonly done: true; readonly size: number; readonly webpSize: number | null }
  /** The image is at fault, and the message may be shown. */
  | { readonly done: false; readonly fault: string };
