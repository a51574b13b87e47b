"""The client against the signing vectors, and against a sandbox: qlink-sandbox exec -- python3 -m unittest -v"""
import json
import os
import pathlib
import queue
import socket
import threading
import unittest
import urllib.parse
import urllib.request
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import qlink
from qlink import Ambiguous, BadSignature, QLink, Refused

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "signing-vectors.json"
BASE, CONTROL, TOKEN = (os.environ.get(name) for name in ("QLINK_BASE_URL", "QLINK_CONTROL_URL", "QLINK_CONTROL_TOKEN"))
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def application(trade, **fields):
    return {
        "payAccount": "account1", "payTypeCode": "ONLINE", "payChannelCode": "QRIS", "tradeUuid": trade,
        "tradeTime": "2025-08-04 13:45:21", "orderCode": "O-1", "country": "ID", "currency": "IDR", "amount": Decimal("15000.50"), **fields,
    }


class AloneTest(unittest.TestCase):
    def test_every_vector_is_signed_alike(self):
        cases = json.loads(VECTORS.read_text("utf-8"))["cases"]
        self.assertGreater(len(cases), 10)
        for case in cases:
            with self.subTest(case["name"]):
                self.assertEqual(qlink.sign(case["appKey"], case["appSecret"], case["content"].encode()), case["sign"])

    def test_control_characters_are_escaped_as_json_has_them(self):
        self.assertEqual(qlink._quoted("\b\t\n\f\r\x00\x1f\x7f/\u2028".encode()), '"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f/\u2028"'.encode())

    def test_amounts_are_written_digit_for_digit(self):
        self.assertEqual(qlink.to_json({"a": Decimal("12345678901234567890.1234567890"), "b": [Decimal("1E+3"), "1.10", 1, True, None]}),
                         '{"a":12345678901234567890.1234567890,"b":[1000,"1.10",1,true,null]}')
        for amount in (1.1, float("nan")):
            with self.assertRaisesRegex(TypeError, "float"):
                qlink.to_json({"amount": amount})
        with self.assertRaises(ValueError):
            qlink.to_json(Decimal("NaN"))

    def test_a_notification_fits_the_old_and_the_new_secret_alone(self):
        body = '{"tradeUuid":"t","status":"PAY_SUCCESS","note":"商/"}'.encode()
        for secret in ("old", "new"):
            self.assertEqual(qlink.verify_notification(body, qlink.sign("key", secret, body), "key", "new", "old")["status"], "PAY_SUCCESS")
        right = qlink.sign("key", "new", body)
        forged = ((body, qlink.sign("key", "else", body)), (body + b" ", right), (body, None), (body, ""), (body, right.upper()), (body, "签\udc80"))
        for raw, signature in forged:
            with self.assertRaises(BadSignature):
                qlink.verify_notification(raw, signature, "key", "new", "old")
        for secrets in ((), ("new", ""), (None,)):
            with self.assertRaises(ValueError):
                qlink.verify_notification(body, qlink.sign("key", "", body), "key", *secrets)

    def test_an_answer_that_stops_in_its_middle_does_not_hang(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            held = []

            def stop():
                for _ in range(2):
                    connection, _ = server.accept()
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"success":true')
                    held.append(connection)

            threading.Thread(target=stop, daemon=True).start()
            client = QLink("http://127.0.0.1:%d" % server.getsockname()[1], "key", "secret", timeout=0.2, ask_after=(0,))
            with self.assertRaises(Ambiguous) as caught:
                client.apply(application("t"))
            self.assertEqual(caught.exception.outcome, Ambiguous.UNKNOWN)
            for connection in held:
                connection.close()


def control(method, path, content=None, **query):
    """Calls the sandbox's control API."""
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + TOKEN} if TOKEN else {})}
    body = None if content is None else json.dumps(content).encode()
    url = CONTROL + path + ("?" + urllib.parse.urlencode(query) if query else "")
    with DIRECT.open(urllib.request.Request(url, body, headers, method=method), timeout=15) as answer:
        return json.loads(answer.read())


@unittest.skipUnless(BASE and CONTROL, "no sandbox: run qlink-sandbox exec -- python3 -m unittest -v")
class LiveTest(unittest.TestCase):
    def merchant(self, **fields):
        """A merchant of the test's own."""
        return control("POST", "/merchants", fields)

    def client(self, merchant, **options):
        return QLink(BASE, merchant["appKey"], merchant["appSecret"], **{"timeout": 5, "ask_after": (0, 0.05), **options})

    def lossy(self, fault, effect):
        """A merchant whose first application has no clear answer."""
        scenario = {"name": "lossy", "on": {"apply": [{"fault": fault, "effect": effect}, {}]}}
        merchant = self.merchant(scenario=scenario)
        return merchant, self.client(merchant, timeout=1 if fault == "hang" else 5)

    def applications(self, merchant):
        return len(control("GET", "/requests", appKey=merchant["appKey"], operation="apply")["items"])

    def test_the_four_operations(self):
        merchant = self.merchant()
        client = self.client(merchant)
        self.assertIn("QRIS", [row["code"] for row in client.query_pay_account("account1")])
        bill = client.apply(application("t-1", description='描述 🙂 a/b <b> "quoted" \\ \n'))
        self.assertTrue(bill.bill_code and bill.action_value)
        self.assertEqual(client.get_pay_status(["t-1"])[0]["status"], "PAY_WAIT")
        control("POST", "/bills/tradeUuid:t-1/pay", {}, appKey=merchant["appKey"])
        self.assertEqual(Decimal(client.get_pay_status(bill_codes=[bill.bill_code])[0]["amount"]), Decimal("15000.50"))
        self.assertEqual(client.cancel("t-1")["errorCode"], "BILL_ALREADY_PAID")

    def test_a_wrong_secret_and_a_wrong_key_are_refused(self):
        merchant = self.merchant()
        with self.assertRaises(BadSignature) as caught:
            QLink(BASE, merchant["appKey"], "wrong").apply(application("t-2"))
        self.assertEqual(caught.exception.reason, "SIGN_MISMATCH")
        with self.assertRaises(BadSignature):
            QLink(BASE, "nobody", "wrong").query_pay_account("account1")

    def test_a_refusal_says_why(self):
        client = self.client(self.merchant())
        client.apply(application("t-3"))
        with self.assertRaises(Refused) as caught:
            client.apply(application("t-3"))
        self.assertEqual(caught.exception.reason, "TRADE_UUID_TAKEN")

    def test_an_application_whose_answer_is_lost_is_asked_for(self):
        for fault in ("connection-reset", "empty-response", "truncated-json", "garbage", "hang", "http-500", "http-504"):
            with self.subTest(fault):
                merchant, client = self.lossy(fault, "kept")
                bill = client.apply(application("t-4"))
                self.assertEqual((bill.status, bill.action_value), ("PAY_WAIT", None))
                self.assertTrue(bill.bill_code)
                self.assertEqual(self.applications(merchant), 1)

    def test_an_application_that_never_arrived_is_told(self):
        for fault in ("connection-reset", "hang", "http-503"):
            with self.subTest(fault):
                merchant, client = self.lossy(fault, "none")
                with self.assertRaises(Ambiguous) as caught:
                    client.apply(application("t-5"))
                self.assertEqual(caught.exception.outcome, Ambiguous.NOT_THERE)
                self.assertEqual(self.applications(merchant), 1)
                # What the caller may do, and the client never does: the same tradeUuid again.
                self.assertTrue(client.apply(application("t-5")).action_value)

    def test_a_real_notification_is_verified_and_a_forged_one_refused(self):
        taken, own = queue.Queue(), {}

        class Shop(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    taken.put(qlink.verify_notification(body, self.headers["sign"], own["appKey"], "the-next-secret", own["appSecret"]))
                    status = 200
                except BadSignature as error:
                    taken.put(error)
                    status = 401
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        merchant = self.merchant(notifyUrl="http://127.0.0.1:%d" % server.server_port, clock="manual")
        own.update(merchant)
        self.client(merchant).apply(application("t-6"))
        for wrong in ("wrong", "missing"):
            control("POST", "/bills/tradeUuid:t-6/notify", {"status": "PAY_SUCCESS", "sign": wrong}, appKey=merchant["appKey"])
            self.assertIsInstance(taken.get(timeout=10), BadSignature)
        control("POST", "/bills/tradeUuid:t-6/pay", {}, appKey=merchant["appKey"])
        told = taken.get(timeout=10)
        self.assertEqual((told["tradeUuid"], told["status"]), ("t-6", "PAY_SUCCESS"))


if __name__ == "__main__":
    unittest.main()
