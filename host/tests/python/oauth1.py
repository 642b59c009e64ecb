"""A web service that takes OAuth 1.0a, as `oauthlib` understands it.

    oauth1.py CONSUMER_KEY CONSUMER_SECRET TOKEN TOKEN_SECRET

Answers 200 to a call with a good signature, and 401 to any other. Prints its port when it listens.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

CONSUMER_KEY, CONSUMER_SECRET, TOKEN, TOKEN_SECRET = sys.argv[1:]


class Keys(RequestValidator):
    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)
    dummy_client = "nobody"
    dummy_access_token = "nothing"

    def __init__(self):
        super().__init__()
        self.seen = set()

    def check_client_key(self, key):
        return bool(key)

    def check_access_token(self, token):
        return bool(token)

    def check_nonce(self, nonce):
        return len(nonce) >= 20

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        stamp = (timestamp, nonce)
        is_new = stamp not in self.seen
        self.seen.add(stamp)
        return is_new

    def validate_client_key(self, client_key, request):
        return client_key == CONSUMER_KEY

    def validate_access_token(self, client_key, token, request):
        return token == TOKEN

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def get_client_secret(self, client_key, request):
        return CONSUMER_SECRET

    def get_access_token_secret(self, client_key, token, request):
        return TOKEN_SECRET


ENDPOINT = ResourceEndpoint(Keys())


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        uri = f"http://{self.headers['host']}{self.path}"
        good, _ = ENDPOINT.validate_protected_resource_request(uri, self.command, body, dict(self.headers), [])
        words = b"good" if good else b"the signature is wrong"
        self.send_response(200 if good else 401)
        self.send_header("content-length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(server.server_port, flush=True)
server.serve_forever()
