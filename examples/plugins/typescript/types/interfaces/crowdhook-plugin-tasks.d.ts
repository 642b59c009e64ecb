/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/tasks@0.1.0' {
  /**
   * Asks for a task to be created, after commit.
   * 
   * Give a `once` key, for instance `follow-up/<task id>`: platforms have no other means of telling a repeat. With or
   * without it, a task may rarely be created twice, when the platform took the request but its answer was lost.
   */
  export function create(task: NewTask, once: OnceKey | undefined): void;
  /**
   * Asks for more answers to a task of this project, after commit: `redundancy` in all, at most 1000.
   * 
   * Only ever raises. The host looks before each attempt and does nothing when there are as many already, so a repeat does no
   * harm. A completed task is opened again and will be completed again: a second `task.completed`.
   */
  export function raiseRedundancy(taskId: string, redundancy: number): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  export type OnceKey = import('crowdhook:plugin/types@0.1.0').OnceKey;
  /**
   * A task to be created.
   */
  export interface NewTask {
    /**
     * The name in Crowdhook of the project to create it in; none for the event's own. Another project must be named
     * in this one's file, else `not-granted`.
     */
    project?: string,
    /**
     * What people are shown, any JSON, at most 256 KiB.
     */
    info: Json,
    /**
     * Answers wanted; none for the platform's default.
     */
    redundancy?: number,
    /**
     * 0 to 1, higher is served sooner; none for the platform's default.
     */
    priority?: number,
    /**
     * What the platform takes beyond this, a JSON object with its own names; `{}` as a rule.
     */
    extra: Json,
  }
}
