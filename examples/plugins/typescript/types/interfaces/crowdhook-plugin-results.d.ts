/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/results@0.1.0' {
  /**
   * Asks for `info` to be saved as the result of a task of this project, in the place of what is there.
   * (PYBOSSA: the `info` of the task's newest result. On other platforms the host's own record is the place.)
   * 
   * Leaves after commit, repeated until the platform has it. Saving is replacing, so a repeat does no harm, and there is no
   * once-key; of several saves for one task, that of the latest commit stays, and one that has not left
   * yet is dropped for it. The host keeps every one. `info` is at most 256 KiB.
   */
  export function save(taskId: string, info: Json): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
}
