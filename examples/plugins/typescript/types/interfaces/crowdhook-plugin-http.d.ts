/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/http@0.1.0' {
  /**
   * Reads with GET, now, while the plugin waits.
   * 
   * Any status is an answer and no failure; look at it. `retry` when there was none: not reachable, too slow, or
   * the connection's rate is used up. At most 10 calls in one `handle`, and 2 MiB of body, else `over-limit`.
   */
  export function fetch(connection: string, path: string, headers: Array<Header>): Response;
  /**
   * Asks for a request that changes something. It leaves after commit.
   * 
   * Sent at least once: repeated with growing waits until the service answers 2xx, or refuses with another 4xx than
   * 401, 408, 425 and 429, or the attempts are used up; after a 401 it waits until someone has mended the key. Each repeat bears the same `idempotency-key` header. Requests about
   * one task through one connection leave in the order of their commits. The plugin does not see the answer.
   */
  export function send(connection: string, request: Request, once: OnceKey | undefined): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type OnceKey = import('crowdhook:plugin/types@0.1.0').OnceKey;
  /**
   * One header line. Names are compared without regard to case.
   */
  export interface Header {
    /**
     * As in `accept`.
     */
    name: string,
    /**
     * Visible characters and spaces, else `invalid`.
     */
    value: string,
  }
  /**
   * What a service answered, whatever the status.
   */
  export interface Response {
    /**
     * 100 to 599.
     */
    status: number,
    /**
     * As they came, in lower case, without `set-cookie`.
     */
    headers: Array<Header>,
    /**
     * The bytes, unpacked if they came compressed.
     */
    body: Uint8Array,
  }
  /**
   * Something to be sent.
   */
  export interface Request {
    /**
     * `POST`, `PUT`, `PATCH` or `DELETE`.
     */
    method: string,
    /**
     * Below the connection's address.
     */
    path: string,
    /**
     * Give a `content-type` when there is a body.
     */
    headers: Array<Header>,
    /**
     * Text in UTF-8, as a rule JSON; at most 1 MiB.
     */
    body: string,
  }
}
