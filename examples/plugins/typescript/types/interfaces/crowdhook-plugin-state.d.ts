/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/state@0.1.0' {
  /**
   * The value; none when there is none.
   */
  export function get(key: string): string | undefined;
  /**
   * Sets a value, in the place of any other.
   */
  export function set(key: string, value: string): void;
  /**
   * Removes a key. Nothing happens when there is none.
   */
  export function remove(key: string): void;
  /**
   * Adds to a counter, which starts at 0. The value is the number as decimal text, which is what `get` reads. `invalid` when the
   * value is no whole number; beyond 64 bits it stops at the limit.
   * 
   * Returns nothing on purpose: a count that is added to and not read never conflicts with other calls, however many
   * run side by side. To know the new count, `get` it, and be run again if it changes.
   */
  export function increment(key: string, by: number): void;
  /**
   * Entries whose key starts with `prefix`, in the order of the keys' bytes: up to `limit` (at most 100, and 1 MiB in all) after the key
   * `after`, or from the first one. An empty list is the end. A change to any key in the range read is a conflict.
   */
  export function scan(prefix: string, after: string | undefined, limit: number): Array<Entry>;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  /**
   * A key and its value.
   */
  export interface Entry {
    /**
     * The key, whole, with its prefix.
     */
    key: string,
    /**
     * Its value.
     */
    value: string,
  }
}
