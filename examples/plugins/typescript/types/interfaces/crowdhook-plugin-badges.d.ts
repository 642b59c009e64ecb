/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/badges@0.1.0' {
  /**
   * Asks for a badge to be awarded to a worker (`answer.worker`), after commit.
   * 
   * A worker has each badge of a project once; a second award of the same id changes nothing.
   */
  export function award(worker: string, badge: Badge): void;
  /**
   * Asks for a badge to be taken back, after commit, because what it was given for no longer holds. Nothing happens when
   * the worker has none.
   */
  export function revoke(worker: string, badgeId: string, reason: string): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  /**
   * A badge, as people see it.
   */
  export interface Badge {
    /**
     * Stable within the project: lower-case letters, digits and hyphens, at most 64.
     */
    id: string,
    /**
     * A few words.
     */
    title: string,
    /**
     * What it is given for, in one sentence.
     */
    description: string,
    /**
     * An `https` address of a picture; none for a plain one.
     */
    imageUrl?: string,
    /**
     * What it was given for, as people may see it (numbers, a link): a JSON object, `{}` as a rule.
     */
    evidence: Json,
  }
}
