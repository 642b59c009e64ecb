/// <reference path="./interfaces/crowdhook-plugin-badges.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-crowd.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-email.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-events.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-files.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-http.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-log.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-results.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-state.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-tasks.d.ts" />
/// <reference path="./interfaces/crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/plugin@0.1.0' {
  export type Description = import('crowdhook:plugin/types@0.1.0').Description;
  export type Event = import('crowdhook:plugin/types@0.1.0').Event;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  export type Problem = import('crowdhook:plugin/types@0.1.0').Problem;
  export type * as CrowdhookPluginBadges010 from 'crowdhook:plugin/badges@0.1.0'; // import crowdhook:plugin/badges@0.1.0
  export type * as CrowdhookPluginCrowd010 from 'crowdhook:plugin/crowd@0.1.0'; // import crowdhook:plugin/crowd@0.1.0
  export type * as CrowdhookPluginEmail010 from 'crowdhook:plugin/email@0.1.0'; // import crowdhook:plugin/email@0.1.0
  export type * as CrowdhookPluginEvents010 from 'crowdhook:plugin/events@0.1.0'; // import crowdhook:plugin/events@0.1.0
  export type * as CrowdhookPluginFiles010 from 'crowdhook:plugin/files@0.1.0'; // import crowdhook:plugin/files@0.1.0
  export type * as CrowdhookPluginHttp010 from 'crowdhook:plugin/http@0.1.0'; // import crowdhook:plugin/http@0.1.0
  export type * as CrowdhookPluginLog010 from 'crowdhook:plugin/log@0.1.0'; // import crowdhook:plugin/log@0.1.0
  export type * as CrowdhookPluginResults010 from 'crowdhook:plugin/results@0.1.0'; // import crowdhook:plugin/results@0.1.0
  export type * as CrowdhookPluginState010 from 'crowdhook:plugin/state@0.1.0'; // import crowdhook:plugin/state@0.1.0
  export type * as CrowdhookPluginTasks010 from 'crowdhook:plugin/tasks@0.1.0'; // import crowdhook:plugin/tasks@0.1.0
  export type * as CrowdhookPluginTypes010 from 'crowdhook:plugin/types@0.1.0'; // import crowdhook:plugin/types@0.1.0
  /**
  * Says what this plugin is and what it needs.
  * 
  * Called once whenever the component is loaded, before any event, in a sandbox of its own. Answer from constants:
  * every import but `log` fails with `failure.not-granted` here, and a trap or more than 1 s means that the plugin is
  * not loaded, while the version before it, if there is one, stays in use.
  */
  export function describe(): Description;
  /**
  * Says what is wrong with a project's settings that the schema cannot say: a template that does not parse, a
  * condition that names nothing. An empty list: nothing is wrong.
  * 
  * Called when a project's file is loaded or the plugin is replaced, after the settings have passed the schema, in a
  * sandbox of its own, with no import but `log`. A project with a problem does not load; the version before it stays in use.
  */
  export function checkSettings(settings: Json): Array<Problem>;
  /**
  * Handles one event, of a kind that `describe` asked for.
  * 
  * Each call has a fresh sandbox: globals do not outlive it, use `state` for what should. `settings` is the
  * project's settings for this plugin as a JSON object, already checked against `description.settings-schema`;
  * `{}` when the project sets none. Fill in defaults yourself.
  * 
  * Calls for different tasks run side by side, in no promised order. Calls of one plugin about one task run one at a
  * time, in the order in which the events were accepted. One event is handled to its end once; it may take several
  * attempts, and an operator may replay it later.
  * 
  * Waiting for the platform or a connection (its rate is used up, it is not reachable) costs no attempt: the host drops the run and
  * starts it again when there is room.
  * 
  * - `ok`: all that was asked for is stored, and the event is done.
  * - `failure.retry`: nothing of this call is kept; tried again later, with growing waits, 10 attempts in all.
  * - any other `failure`: nothing is kept; the event goes to the dead letters with your words, for a person to look at.
  * - a trap (a panic, an uncaught exception), too much time or too much memory: nothing is kept; 3 attempts in all, then as above.
  *   Log lines are kept, and stderr with them.
  * 
  * An event that is none of the plugin's business is `ok`.
  */
  export function handle(event: Event, settings: Json): void;
}
