/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/events@0.1.0' {
  /**
   * Emits an event that other plugins of the project may handle; the plugin that emits it does not itself receive it.
   * 
   * The event is there once `handle` has returned `ok`. It is about the task `task-id`, or, when that is none, about the
   * task of the event being handled; it takes over that event's `origin`, and `emitted-by` is this plugin.
   * 
   * `kind` is two words with a dot in lower case (`task.analysed`), at most 64 bytes. Kinds that the host makes from what
   * platforms send (`task.completed` and so on), and kinds that begin with `effect.`, `project.` or `host.`, are
   * `invalid`. `payload` is a JSON object of at most 256 KiB; that of `task.analysed` is described in
   * `analysis.schema.json` beside this file.
   * 
   * An event that was emitted because of an emitted event, and so on, may go 8 deep, and one event from outside may lead
   * to 1000 in all; beyond that, `over-limit`.
   */
  export function emit(kind: string, taskId: string | undefined, payload: Json, once: OnceKey | undefined): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  export type OnceKey = import('crowdhook:plugin/types@0.1.0').OnceKey;
}
