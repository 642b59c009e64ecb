// An outside service that a plugin sends to: it refuses what it is told to refuse, until it is told that it may take it.

import http from "node:http";
import { once } from "node:events";

export class Outside {
  /** Whether bodies that name the task `refused` are taken by now. */
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
    const isRefused = !this.takesAll && body.includes('"refused"');
    response.writeHead(isRefused ? 422 : 201, { "content-type": "text/plain" });
    response.end(isRefused ? "no such note can be taken" : "taken");
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
