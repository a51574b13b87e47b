"""What befalls every merchant, tested with a sandbox: qlink-sandbox exec -- python3 -m unittest -v"""
import http.client
import json
import unittest

from qlink import Callbacks, Merchant, control, sign


class QLinkTest(unittest.TestCase):
    def callbacks(self, *statuses):
        server = Callbacks(*statuses)
        self.addCleanup(server.close)
        return server

    def test_a_payment_is_told_with_a_right_signature(self):
        shop = self.callbacks()
        merchant = shop.merchant
        _, bill = merchant.apply("t-1")
        self.assertTrue(bill["success"])
        merchant.control("POST", "/bills/tradeUuid:t-1/pay")
        path, headers, body = shop.next()
        self.assertEqual(path, "/payNotification")
        self.assertEqual(headers["sign"], sign(merchant.key, merchant.secret, body))
        self.assertEqual(json.loads(body)["status"], "PAY_SUCCESS")

    def test_a_wrong_signature_is_refused_and_explained(self):
        merchant = Merchant()
        _, answer = merchant.call("queryPayAccount", {"payAccount": "account1"}, signature="0" * 40)
        self.assertFalse(answer["success"])
        _, request = merchant.control("GET", "/requests/wait", outcome="SIGN_MISMATCH", timeout="5s")
        self.assertTrue(request["diagnosis"]["stringToSign"].endswith("<appSecret>"))

    def test_letters_and_slashes_are_signed_as_they_are(self):
        _, answer = Merchant().apply("t-2", description='描述 🙂 a/b "quoted" \\ \n')
        self.assertTrue(answer["success"], answer)

    def test_a_trade_uuid_is_used_once(self):
        merchant = Merchant()
        merchant.apply("t-3")
        self.assertFalse(merchant.apply("t-3")[1]["success"])
        _, request = merchant.control("GET", "/requests/wait", outcome="refused", timeout="5s")
        self.assertEqual(request["reason"], "TRADE_UUID_TAKEN")

    def test_an_answer_that_was_lost_is_asked_for(self):
        merchant = Merchant(scenario="apply-answer-lost")
        with self.assertRaises((ConnectionError, http.client.HTTPException, OSError)):
            merchant.apply("t-4")
        _, [bill] = merchant.call("getPayStatus", {"tradeUuidList": ["t-4"]})
        self.assertEqual(bill["status"], "PAY_WAIT")

    def test_a_callback_is_sent_again_until_it_is_acknowledged(self):
        shop = self.callbacks(500, 200)
        merchant = shop.merchant
        merchant.apply("t-5")
        merchant.control("POST", "/bills/tradeUuid:t-5/pay")
        first = shop.next()
        self.assertEqual(merchant.advance("15s")["ran"]["attempts"], 1)
        self.assertEqual(shop.next()[2], first[2])
        _, told = merchant.control("GET", "/notifications/wait", tradeUuid="t-5", timeout="5s")
        self.assertEqual([attempt["status"] for attempt in told["attempts"]], [500, 200])

    def test_a_callback_that_comes_twice_is_counted_once(self):
        shop = self.callbacks()
        shop.merchant.apply("t-10")
        shop.merchant.control("POST", "/bills/tradeUuid:t-10/notify", {"status": "PAY_SUCCESS", "copies": 2})
        self.assertEqual(shop.next()[2], shop.next()[2])
        self.assertEqual(shop.delivered, ["t-10"])

    def test_a_forgery_is_refused_and_changes_nothing(self):
        shop = self.callbacks()
        merchant = shop.merchant
        merchant.apply("t-6")
        _, told = merchant.control("POST", "/bills/tradeUuid:t-6/notify", {"status": "PAY_SUCCESS", "sign": "wrong"})
        self.assertEqual([attempt["status"] for attempt in told["attempts"]], [401])
        self.assertEqual(shop.delivered, [])
        self.assertEqual(merchant.control("GET", "/bills/tradeUuid:t-6")[1]["status"], "PAY_WAIT")

    def test_a_cancel_may_come_too_late(self):
        merchant = Merchant(scenario="paid-after-cancel")
        merchant.apply("t-7")
        self.assertEqual(merchant.call("cancel", {"tradeUuid": "t-7"})[1]["status"], "WAIT")
        merchant.advance("3s")
        _, answer = merchant.call("cancel", {"tradeUuid": "t-7"})
        self.assertEqual((answer["status"], answer["errorCode"]), ("FAIL", "BILL_ALREADY_PAID"))

    def test_a_bill_expires_after_two_days(self):
        merchant = Merchant()
        merchant.apply("t-8")
        merchant.advance("48h")
        _, bill = merchant.control("GET", "/bills/wait", tradeUuid="t-8", status="PAY_FAIL", timeout="5s")
        self.assertEqual(bill["errorCode"], "PAYMENT_REQUEST_EXPIRED")

    def test_amounts_are_exact(self):
        merchant = Merchant()
        merchant.apply("t-9", amount="1.10")
        self.assertEqual(merchant.control("POST", "/bills/tradeUuid:t-9/pay")[1]["amount"], "1.10")

    def test_a_wait_in_vain_says_what_was_there(self):
        status, problem = control("GET", "/bills/wait", tradeUuid="no-such-trade", timeout="1ms")
        self.assertEqual(status, 408)
        self.assertIn("no bill with tradeUuid no-such-trade", problem["detail"])


if __name__ == "__main__":
    unittest.main()
