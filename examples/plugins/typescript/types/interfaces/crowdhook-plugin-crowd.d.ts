/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/crowd@0.1.0' {
  /**
   * The event's project.
   */
  export function getProject(): ProjectInfo;
  /**
   * What may be shown of a worker; none when the platform knows or tells nothing.
   */
  export function findWorker(id: string): WorkerInfo | undefined;
  /**
   * The task of the event that is being handled. `reject` when the event is about no single task, or
   * the platform no longer has it.
   */
  export function eventTask(): Task;
  /**
   * All answers to that task so far, oldest first: at least those that completed it, perhaps later ones too. None is
   * left out: a task with more than 1000 answers, or more than 8 MiB of them, is `over-limit`, and `list-answers` reads
   * it in pages.
   */
  export function eventAnswers(): Array<Answer>;
  /**
   * Any task of the project; none when there is no such task.
   */
  export function findTask(id: string): Task | undefined;
  /**
   * Some answers to any task of the project, oldest first: up to 100 after the answer with the id `after`, or from the
   * first one. An empty list is the end, and what a task without answers, or an unknown one, has.
   */
  export function listAnswers(taskId: string, after: string | undefined): Array<Answer>;
  /**
   * The result of a task of this project, any JSON: the one that a plugin saved last, else what the platform has; none when there is
   * none. What this call of `handle` asks for with `results.save` does not show here yet.
   */
  export function findTaskResult(taskId: string): Json | undefined;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  export type Timestamp = import('crowdhook:plugin/types@0.1.0').Timestamp;
  /**
   * One thing put to people. (PYBOSSA: task. Appen: unit or row.) `info` is what they were shown, as JSON text.
   */
  export interface Task {
    /**
     * The platform's id.
     */
    id: string,
    /**
     * How many answers the platform collects before it calls the task completed.
     */
    redundancy: number,
    /**
     * Whether the platform calls it completed.
     */
    completed: boolean,
    /**
     * Whether it is a test question, whose right answer was known beforehand. (Appen: golden units. PYBOSSA: `calibration`.)
     */
    gold: boolean,
    /**
     * The right answer of a test question, where the platform tells it.
     */
    goldAnswer?: Json,
    /**
     * What people were shown, any JSON. (PYBOSSA: `info`. Appen: `data`.)
     */
    info: Json,
    /**
     * What the platform says beyond this, a JSON object with its own names; may be `{}`.
     */
    extra: Json,
  }
  /**
   * One person's answer to one task. (PYBOSSA: task run. Appen: judgment.)
   * 
   * `value` is what they answered, as JSON text: `"cat"` comes with its quotes. `worker` is none for an anonymous answer,
   * `trust` none where the platform has no such notion, `set-aside` true where the platform itself does not count it.
   */
  export interface Answer {
    /**
     * The platform's id.
     */
    id: string,
    /**
     * The task it answers.
     */
    taskId: string,
    /**
     * The platform's id of the person, the same in all of the person's answers; none when they answered anonymously.
     */
    worker?: string,
    /**
     * What they answered, any JSON. (PYBOSSA: `info`. Appen: `data`, from question to value.)
     */
    value: Json,
    /**
     * When it was given; none when the platform does not say.
     */
    submittedAt?: Timestamp,
    /**
     * How far the platform trusts this person, 0 to 1; none when it has no such notion.
     */
    trust?: number,
    /**
     * Whether the platform itself sets this answer aside (a rejected or tainted judgment). Most plugins skip these.
     */
    setAside: boolean,
    /**
     * What the platform says beyond this, a JSON object with its own names; may be `{}`.
     */
    extra: Json,
  }
  /**
   * The project as people know it.
   */
  export interface ProjectInfo {
    /**
     * Its title.
     */
    title: string,
    /**
     * Where volunteers find it; none where there is no such page.
     */
    url?: string,
    /**
     * The platform's id or short name of it.
     */
    platformId: string,
    /**
     * What the platform says beyond this, a JSON object with its own names; may be `{}`.
     */
    extra: Json,
  }
  /**
   * A person who answers, as far as others may know.
   */
  export interface WorkerInfo {
    /**
     * The platform's id of the person, as in `answer.worker`.
     */
    id: string,
    /**
     * The name they chose to show; none where there is none. Never an address.
     */
    name?: string,
  }
}
