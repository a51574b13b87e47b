"""What a test needs of QLink and of the sandbox, with the standard library alone."""
import hashlib
import json
import os
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if not (os.environ.get("QLINK_BASE_URL") and os.environ.get("QLINK_CONTROL_URL")):
    raise SystemExit("QLINK_BASE_URL and QLINK_CONTROL_URL are not set: run qlink-sandbox exec -- python3 -m unittest -v")
BASE = os.environ["QLINK_BASE_URL"]
CONTROL = os.environ["QLINK_CONTROL_URL"]
TOKEN = os.environ.get("QLINK_CONTROL_TOKEN")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the sandbox is not behind the company's proxy


def quoted(text):
    """A text as JSON writes it: letters that are not ASCII stay as they are, as QLink wants it."""
    return json.dumps(text, ensure_ascii=False)


def sign(app_key, app_secret, body):
    """SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret; no blanks anywhere."""
    content = "" if body == "" else ',"content":' + quoted(body)
    return hashlib.sha1(('{"appKey":' + quoted(app_key) + content + "}" + app_secret).encode()).hexdigest()


def send(method, url, body=None, headers=None):
    """Sends, and hands on the status and the answer, parsed."""
    request = urllib.request.Request(url, None if body is None else body.encode(), headers or {}, method=method)
    try:
        with DIRECT.open(request, timeout=15) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def control(method, path, content=None, **query):
    """Calls the sandbox's control API."""
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + TOKEN} if TOKEN else {})}
    search = "?" + urllib.parse.urlencode(query) if query else ""
    return send(method, CONTROL + path + search, None if content is None else json.dumps(content), headers)


class Merchant:
    """A merchant of a test's own, with a clock that stands until the test turns it."""

    def __init__(self, notify_url=None, **fields):
        _, made = control("POST", "/merchants", {"clock": "manual", "notifyUrl": notify_url, **fields})
        self.key, self.secret = made["appKey"], made["appSecret"]

    def call(self, operation, content, signature=None):
        """Calls one of the four endpoints; content may be the body's text."""
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        headers = {"Content-Type": "application/json", "appKey": self.key, "sign": signature or sign(self.key, self.secret, body)}
        return send("POST", BASE + "/" + operation, body, headers)

    def apply(self, trade, amount="15000.50", **fields):
        return self.call("apply", {
            "payAccount": "account1", "payTypeCode": "ONLINE", "payChannelCode": "QRIS", "tradeUuid": trade,
            "tradeTime": "2025-08-04 13:45:21", "orderCode": "O-" + trade, "country": "ID", "currency": "IDR", "amount": amount, **fields,
        })

    def control(self, method, path, content=None, **query):
        """Asks the sandbox about this merchant alone."""
        return control(method, path, content, appKey=self.key, **query)

    def advance(self, by):
        return self.control("POST", "/clock/advance", {"by": by})[1]


class Callbacks:
    """A merchant with a server for callbacks: 401 to a forgery, else one status after another, the last stays."""

    def __init__(self, *statuses):
        self.received, answers = queue.Queue(), list(statuses or (200,))
        self.delivered, lock = [], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
                with lock:
                    handler.send_response(self.take(handler.headers["sign"], body, answers))
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                self.received.put((handler.path, handler.headers, body))

            def log_message(handler, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.merchant = Merchant(self.url)

    def take(self, signature, body, answers):
        """What a shop does with a callback: verify, deliver what is paid once, answer."""
        if signature != sign(self.merchant.key, self.merchant.secret, body):
            return 401
        status, told = answers.pop(0) if len(answers) > 1 else answers[0], json.loads(body)
        if status == 200 and told["status"] == "PAY_SUCCESS" and told["tradeUuid"] not in self.delivered:
            self.delivered.append(told["tradeUuid"])
        return status

    def next(self):
        """The next callback: path, headers and the body's text."""
        return self.received.get(timeout=10)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
