declare module 'crowdhook:plugin/types@0.1.0' {
  /**
   * JSON as text, in UTF-8. Data that may grow new fields travels like this; ignore what you do not know.
   * 
   * A function that takes `json` answers `failure.invalid` to text that does not parse.
   */
  export type Json = string;
  /**
   * A moment in UTC, as RFC 3339 text with milliseconds: `2026-11-21T19:29:25.000Z`. Later moments sort later.
   */
  export type Timestamp = string;
  /**
   * A key under which an effect happens once.
   * 
   * Of all effects that one plugin asks for in one project with the same key, one is done; the others are dropped
   * without an error, even when they ask for something else. A key is spent once its effect was done, or may have been; a
   * definite refusal by the other side, or an operator's word, frees it. That holds across retries, replays, re-sends by
   * the platform and restarts, so `tweet/<task id>` means once a task, whatever happens. Without a key each event that is
   * handled to its end has its effect, and so has each replay.
   * 
   * 1 to 200 bytes. Put what must happen once into the key, and the effect's name in front of it.
   */
  export type OnceKey = string;
  /**
   * Why something was not done.
   * 
   * - `retry`: not now; the same may succeed later.
   * - `reject`: not ever.
   * - `not-granted`: the project's file does not allow it. Go on without it, if you can.
   * - `invalid`: an argument cannot be right.
   * - `over-limit`: too large or too many.
   * 
   * The same type for what the host's functions answer and for what `handle` returns, so passing a failure on
   * unchanged is always right: `?` in Rust, no `catch` in JavaScript, no `except` in Python. To make one yourself, use `retry` or
   * `reject`: in JavaScript `throw { payload: { tag: 'reject', val: 'why' } }`, in Python `raise Err(Failure_Reject("why"))`.
   * Any other exception is a trap.
   * 
   * The text is for people: it says what was wrong and, where possible, what to change. Do not compare it; it may
   * change with any release. At most 4 KiB of it is kept.
   */
  export type Failure = FailureRetry | FailureReject | FailureNotGranted | FailureInvalid | FailureOverLimit;
  /**
   * Not now: the platform or service is unreachable, busy, or has had all the calls it allows for the moment. The
   * same call may succeed later. As the answer of `handle`: try this event again.
   */
  export interface FailureRetry {
    tag: 'retry',
    val: string,
  }
  /**
   * Not ever: the platform or service refused, or the plugin cannot make sense of the event. As the answer of
   * `handle`: do not try again, show it to a person.
   */
  export interface FailureReject {
    tag: 'reject',
    val: string,
  }
  /**
   * The project's file does not grant this to the plugin; the text holds the line to add. A plugin whose
   * effect is a mere extra can go on without it.
   */
  export interface FailureNotGranted {
    tag: 'not-granted',
    val: string,
  }
  /**
   * An argument cannot be right: an address that is none, a path that leaves its folder, text that is not JSON.
   * Nothing was noted down; the other effects of this call stand.
   */
  export interface FailureInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * Too large or too many; the text holds the limit. Nothing was noted down; the other effects of this call
   * stand.
   */
  export interface FailureOverLimit {
    tag: 'over-limit',
    val: string,
  }
  /**
   * What happened.
   * 
   * `kind` says what, `task-id` about which task (none when about no single one), `origin` why it is here now, `rerun`
   * whether it was handled before, `payload` is the sender's JSON. Ids are texts, also where a platform counts. Take
   * facts from `crowd`, not from `payload`: anybody may claim anything there.
   */
  export interface Event {
    /**
     * The host's id of this event: the same on every attempt and replay, never used again.
     */
    id: string,
    /**
     * `task.completed`, `task.answered`, `project.loaded`, `project.completed`, or whatever another plugin emits (`task.analysed`).
     * Ids of kinds are two words with a dot; new ones may appear, and only those that were asked for arrive.
     */
    kind: string,
    /**
     * The project's name in Crowdhook (not the platform's id of it).
     */
    project: string,
    /**
     * Where the project lives: `pybossa`, `appen`. For what is not the same everywhere.
     */
    platform: string,
    /**
     * The platform's id of the task that this is about; none when it is about no single task.
     */
    taskId?: string,
    /**
     * When it happened, by the platform's clock where it says so, else when the host received it.
     */
    occurredAt: Timestamp,
    /**
     * 1 for the first attempt to handle it, 2 for the second, and so on. Starts at 1 again in a replay.
     */
    attempt: number,
    /**
     * Why it is here now: `live` (it just happened, or was missed and found within a day), `backfill` (it happened
     * long ago and is handled for the first time), `rerun` (the platform's owner asked again: PYBOSSA's `rerun`
     * argument), `replay` (an operator asked again). More may come. An emitted event has the origin of the event that it came from.
     * A plugin that tells people something should do so for `live` alone, unless its settings say otherwise.
     */
    origin: string,
    /**
     * Whether this plugin has handled this event to its end before.
     */
    rerun: boolean,
    /**
     * The name, in the project's file, of the plugin that emitted it; none for an event that came from outside.
     */
    emittedBy?: string,
    /**
     * What the sender said, as a JSON object: the platform's own fields for an event from outside, and what the
     * plugin gave to `events.emit` for a derived one. At most 1 MiB. A sender may claim anything here:
     * what counts is what `crowd` says.
     */
    payload: Json,
    /**
     * Room for what later hosts say: a JSON object, `{}` today. Unknown members are to be ignored.
     */
    extra: Json,
  }
  /**
   * What is wrong at one place of the settings.
   */
  export interface Problem {
    /**
     * Where, as a JSON Pointer into the settings: `/rules/0/when`. The host shows file and line.
     */
    at: string,
    /**
     * What is wrong and, where possible, what to write instead.
     */
    message: string,
  }
  /**
   * What a plugin is and needs.
   * 
   * `handles` lists the kinds of event that it wants (`task.completed`), `needs` the interfaces whose effects it cannot work without
   * (`results`), `settings-schema` is a JSON Schema or `{}`, `extra` is `{}`.
   */
  export interface Description {
    /**
     * The component's name, short and stable: lower-case letters, digits and hyphens, at most 64. A project's file may run one
     * component several times under names of its own.
     */
    name: string,
    /**
     * The plugin's own version, best as `1.2.3`. Shown, not compared.
     */
    version: string,
    /**
     * What it does, in one sentence.
     */
    summary: string,
    /**
     * The kinds of event that it wants. `*` stands for all, `task.*` for all that begin so.
     */
    handles: Array<string>,
    /**
     * What it cannot work without, by interface: `results`, `tasks`, `email`, `files`, `badges`, `events`, `http.fetch`,
     * `http.send`. A project that does not grant all of it does not load, and is told which line to add. `crowd`, `state`
     * and `log` need no grant. Leave out what the plugin can do without: see `failure.not-granted`.
     */
    needs: Array<string>,
    /**
     * A JSON Schema (2020-12) of the settings; `{}` takes any. A project whose settings do not fit does not load.
     */
    settingsSchema: Json,
    /**
     * Room for what later hosts ask: a JSON object, `{}` today. Unknown members are ignored.
     */
    extra: Json,
  }
}
