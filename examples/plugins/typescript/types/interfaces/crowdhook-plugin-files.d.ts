/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/files@0.1.0' {
  /**
   * Asks for a file to be written whole, after commit. Readers see the old file or the new one, never a part.
   * At most 4 MiB. A repeat writes the same again. (In JavaScript `content` is a `Uint8Array`: a plain string would arrive as no bytes at all.)
   */
  export function write(folder: string, path: string, content: Uint8Array): void;
  /**
   * Asks for text to be added to the end of a file, after commit, in one piece; end it with a line break yourself.
   * `header` is written first when the file is new or empty (a CSV's first line).
   * At most 256 KiB. A crash at the wrong moment can add it twice: let lines carry an id.
   */
  export function append(folder: string, path: string, text: string, header: string | undefined, once: OnceKey | undefined): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type OnceKey = import('crowdhook:plugin/types@0.1.0').OnceKey;
}
