declare module 'crowdhook:plugin/log@0.1.0' {
  /**
   * Writes one line. Never fails: a message beyond 8 KiB is cut, and after 200 lines or 64 KiB in one call of `handle` the
   * rest is dropped, with a line that says how many. Do not log people's data.
   */
  export function write(level: Level, message: string, fields: Array<Field>): void;
  /**
   * How much it matters.
   * # Variants
   * 
   * ## `"debug"`
   * 
   * Of use while writing the plugin. Off by default.
   * ## `"info"`
   * 
   * Worth knowing.
   * ## `"warn"`
   * 
   * Odd, but the plugin went on.
   * ## `"error"`
   * 
   * Something that a person should look at.
   */
  export type Level = 'debug' | 'info' | 'warn' | 'error';
  /**
   * A named value beside the message.
   */
  export interface Field {
    /**
     * A word in lower case: `task`.
     */
    name: string,
    /**
     * At most 1 KiB, cut beyond.
     */
    value: string,
  }
}
