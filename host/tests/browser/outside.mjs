// An outside service that a plugin sends to: it refuses what it is told to refuse, until it is told that it may take it.

import http from "node:http";
import { once } from "node:events";

export class Outside {
  /** Whether bodies that name the tasks `refused` and `later` are taken by now. */
  takesAll = false;

  static async start() {
    const outside = new Outside();
    outside.server = http.createServer((request, response) => outside.#answer(request, response));
    outside.server.listen(0, "127.0.0.1");
    await once(outside.server, "listening");
    outside.url = `http://127.0.0.1:${outside.server.address().port}`;
    return outside;
  }

  async #answer(request, response) {
    let body = "";
    for await (const chunk of request) body += chunk;
    const [status, said] = this.#says(body);
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(said);
  }

  #says(body) {
    if (!this.takesAll && body.includes('"refused"')) return [422, "no such note can be taken"];
    if (!this.takesAll && body.includes('"later"')) return [503, "not now"];
    return [201, "taken"];
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
