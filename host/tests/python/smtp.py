"""A mail server (aiosmtpd) that a test tells how to answer.

Prints its port, then a line of JSON for each message that it was given, answered well or not: envelope, user, headers, and the parts
as Python's `email` reads them.
"""

import argparse
import asyncio
import base64
import email
import email.policy
import json
import logging
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

# It advises against what tests do on purpose.
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

parser = argparse.ArgumentParser()
parser.add_argument("--security", choices=["starttls", "tls", "none"], default="none")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--unknown", help="a recipient that is refused")
parser.add_argument("--answer", action="append", default=[], help="to the first message, the second, …; `lose` for none; then 250")
arguments = parser.parse_args()
answers = iter(arguments.answer)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == arguments.unknown:
            return f"550 5.1.1 <{address}>: Recipient address rejected"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = next(answers, "250 2.0.0 Ok: queued as 4F1")
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        leaves = [part for part in message.walk() if not part.is_multipart()]
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or arguments.security == "tls",
            "user": getattr(session.auth_data, "login", b"").decode() if session.auth_data else None,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "type": message.get_content_type(),
            "parts": [
                {
                    "type": part.get_content_type(),
                    "name": part.get_filename(),
                    "content": base64.b64encode(part.get_payload(decode=True)).decode(),
                }
                for part in leaves
            ],
            "answer": answer,
        }
        print(json.dumps(told), flush=True)
        if answer == "lose":
            server.transport.abort()
        return answer


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == (arguments.user, arguments.password)
    return AuthResult(success=good, handled=False, auth_data=data)


async def serve():
    context = None
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
    wants_login = arguments.user is not None
    starttls = arguments.security == "starttls"

    def protocol():
        return SMTP(
            Handler(),
            hostname="mail.test",
            data_size_limit=32 << 20,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=wants_login,
            auth_require_tls=starttls,
            authenticator=authenticate if wants_login else None,
            auth_exclude_mechanism=[] if wants_login else ["PLAIN", "LOGIN"],
        )

    around = context if arguments.security == "tls" else None
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=around)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
