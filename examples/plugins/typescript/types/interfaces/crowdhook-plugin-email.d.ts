/// <reference path="./crowdhook-plugin-types.d.ts" />
declare module 'crowdhook:plugin/email@0.1.0' {
  /**
   * Asks for an e-mail, after commit. Tried again until the mail server takes or refuses it, or the attempts are used up;
   * a repeat bears the same message id.
   */
  export function send(message: Message, once: OnceKey | undefined): void;
  export type Failure = import('crowdhook:plugin/types@0.1.0').Failure;
  export type Json = import('crowdhook:plugin/types@0.1.0').Json;
  export type OnceKey = import('crowdhook:plugin/types@0.1.0').OnceKey;
  /**
   * A file that goes with a message.
   */
  export interface Attachment {
    /**
     * As the recipient sees it, with no path.
     */
    name: string,
    /**
     * For instance `text/csv`.
     */
    mediaType: string,
    /**
     * The file's bytes. (In JavaScript a `Uint8Array`: a plain string would arrive as no bytes at all.)
     */
    content: Uint8Array,
  }
  /**
   * Who gets a message.
   */
  export type Recipient = RecipientAddress | RecipientWorker;
  /**
   * A plain address, `ann@example.org`.
   */
  export interface RecipientAddress {
    tag: 'address',
    val: string,
  }
  /**
   * A worker (`answer.worker`). The host finds the address when it sends and the plugin never sees it; where the
   * platform tells none, the message goes to the dead letters, which say so.
   */
  export interface RecipientWorker {
    tag: 'worker',
    val: string,
  }
  /**
   * An e-mail.
   */
  export interface Message {
    /**
     * 1 to 50. The project may narrow down which.
     */
    to: Array<Recipient>,
    /**
     * Copies, up to 50.
     */
    cc: Array<Recipient>,
    /**
     * Copies that the others do not see, up to 50.
     */
    bcc: Array<Recipient>,
    /**
     * Where replies go; none for the project's own address.
     */
    replyTo?: string,
    /**
     * One line.
     */
    subject: string,
    /**
     * The plain text. Always there, for readers that show no HTML.
     */
    text: string,
    /**
     * The same as HTML.
     */
    html?: string,
    /**
     * With everything else at most 10 MiB.
     */
    attachments: Array<Attachment>,
    /**
     * Room for what later hosts take, a JSON object: `{}` today.
     */
    extra: Json,
  }
}
