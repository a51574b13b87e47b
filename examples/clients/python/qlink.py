"""A merchant's client of QLink: one file, Python 3.9 or newer, the standard library alone. Copy it."""
import hashlib
import hmac
import http.client
import json
import re
import time
import urllib.parse
from dataclasses import dataclass
from decimal import Decimal
from typing import Optional

# QLink's document does not say what wraps an answer where something does; its publisher's newer documents use this name.
RESULT = "result"
# The sandbox gives a reason by name, QLink itself words alone: where there are only words, we look for these.
ABOUT_SIGNATURE = re.compile(r"\bsign(ature)?\b|签名|验签", re.IGNORECASE)
SIGNATURE_REASONS = {"SIGN_MISMATCH", "APP_KEY_UNKNOWN", "HEADER_MISSING"}
ESCAPES = {0x22: b'\\"', 0x5C: b"\\\\", 0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}


class QLinkError(Exception):
    """One of the three below."""


class Refused(QLinkError):
    """QLink has said no (success: false): nothing was done. `reason` is the sandbox's name for it, or None."""

    def __init__(self, message, reason=None):
        super().__init__(message)
        self.reason = reason


class BadSignature(QLinkError):
    """QLink did not take our appKey and sign, or a notification's signature does not fit: look at keys and bytes."""

    def __init__(self, message, reason=None):
        super().__init__(message)
        self.reason = reason


class Ambiguous(QLinkError):
    """No clear answer came (timeout, reset, 5xx, cut off): it may have been done or not.

    After apply(), `outcome` tells what asking has shown: NOT_THERE, or UNKNOWN where asking failed too. Even NOT_THERE
    may change, since the application can still be on its way. So never apply again under another tradeUuid: the customer
    might pay twice. To apply again with the SAME tradeUuid is safe, for QLink takes each once: if that is refused, the
    first one arrived after all, and get_pay_status tells its state.
    """

    NOT_THERE = "NOT_THERE"
    UNKNOWN = "UNKNOWN"

    def __init__(self, message, outcome=UNKNOWN):
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True)
class Applied:
    """A bill that is there. Where its answer was lost and it was asked for, `status` is known and `action_value` is not:
    no call gives it again, so cancel such a bill, and only after SUCCESS apply under a new tradeUuid."""

    bill_code: str
    payment_request_id: str
    error_code: str
    action_value: Optional[str] = None
    status: Optional[str] = None


class QLink:
    """The four operations.

    timeout: seconds for each wait on the network (to connect, and for each part of an answer).
    ask_after: seconds to wait before each question about an application whose answer is lost.
    """

    def __init__(self, base_url, app_key, app_secret, timeout=10.0, ask_after=(0.0, 1.0, 3.0)):
        self.base, self.app_key, self._secret = urllib.parse.urlsplit(base_url.rstrip("/")), app_key, app_secret
        self.timeout, self.ask_after = timeout, ask_after

    def query_pay_account(self, pay_account):
        """The ways to pay of an account: a list of dicts."""
        return self._list("queryPayAccount", {"payAccount": pay_account})

    def apply(self, fields):
        """Applies for a payment, once. `fields` as in QLink's document, the amount a Decimal or text.

        After an ambiguous answer it asks for the bill and never applies a second time: Applied where the bill is there,
        else Ambiguous, which says how to go on.
        """
        trade_uuid = fields["tradeUuid"]
        try:
            answer = self._call("apply", fields)
            if not isinstance(answer, dict) or not answer.get("billCode"):
                raise Ambiguous("the answer to apply has no billCode")
            return Applied(answer["billCode"], answer.get("paymentRequestId", ""), answer.get("errorCode", ""), answer.get("actionValue"))
        except Ambiguous as lost:
            return self._asked_for(trade_uuid, lost)

    def get_pay_status(self, trade_uuids=(), bill_codes=()):
        """The bills that are there: a list of dicts, `amount` a Decimal or text, or None until paid."""
        asked = {"tradeUuidList": list(trade_uuids), "billCodeList": list(bill_codes)}
        return self._list("getPayStatus", {name: ids for name, ids in asked.items() if ids})

    def cancel(self, trade_uuid=None, bill_code=None):
        """Asks to cancel: a dict with `status` (SUCCESS, WAIT or FAIL), `cancelTime`, `errorCode`. Safe to ask again."""
        asked = {"tradeUuid": trade_uuid, "billCode": bill_code}
        answer = self._call("cancel", {name: one for name, one in asked.items() if one})
        if not isinstance(answer, dict) or not answer.get("status"):
            raise Ambiguous("the answer to cancel has no status")
        return answer

    def _asked_for(self, trade_uuid, lost):
        outcome = Ambiguous.UNKNOWN
        for seconds in self.ask_after:
            time.sleep(seconds)
            try:
                bills = self.get_pay_status([trade_uuid])
            except QLinkError:
                continue
            for bill in bills:
                if bill.get("tradeUuid") == trade_uuid:
                    return Applied(bill.get("billCode", ""), bill.get("paymentRequestId", ""), bill.get("errorCode", ""), None, bill.get("status"))
            outcome = Ambiguous.NOT_THERE
        asked = "there was no such bill when asked" if outcome == Ambiguous.NOT_THERE else "asking for the bill failed too"
        raise Ambiguous(f"apply of {trade_uuid}: {lost}; {asked}", outcome) from lost

    def _list(self, operation, fields):
        answer = self._call(operation, fields)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise Ambiguous(f"the answer to {operation} is not a list of objects")
        return answer

    def _call(self, operation, fields):
        body = to_json(fields).encode()  # these very bytes are signed, and sent
        headers = {"Content-Type": "application/json", "appKey": self.app_key, "sign": sign(self.app_key, self._secret, body)}
        secure = self.base.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.base.hostname, self.base.port, timeout=self.timeout)
        try:
            connection.request("POST", f"{self.base.path}/{operation}", body, headers)
            response = connection.getresponse()
            status, reason, raw = response.status, response.getheader("x-qlink-sandbox-error"), response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Ambiguous(f"{operation} had no answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if status >= 500:
            raise Ambiguous(f"{operation} was answered with HTTP {status}")
        try:
            answer = json.loads(raw.decode(), parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise Ambiguous(f"the answer to {operation} (HTTP {status}) is not whole JSON") from error
        if isinstance(answer, dict) and answer.get("success") is False:
            raise _refusal(str(answer.get("message", "")), reason, status)
        if status != 200:
            raise Ambiguous(f"{operation} was answered with HTTP {status}")
        return answer[RESULT] if isinstance(answer, dict) and RESULT in answer else answer


def _refusal(message, reason, status):
    by_words = reason is None and ABOUT_SIGNATURE.search(message)
    kind = BadSignature if reason in SIGNATURE_REASONS or status == 401 or by_words else Refused
    return kind(message, reason)


def sign(app_key, app_secret, body):
    """SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret; `body` is the bytes that travel."""
    content = b',"content":' + _quoted(body) if body else b""
    return hashlib.sha1(b'{"appKey":' + _quoted(app_key.encode()) + content + b"}" + app_secret.encode()).hexdigest()


def verify_notification(raw_body, signature, app_key, *secrets):
    """The notification as a dict, if its signature fits one of the secrets (while keys rotate: the old and the new).

    raw_body: the bytes as they came, before any framework has parsed them; signature: the header `sign`, or None;
    app_key: your own. Raises BadSignature: answer 401 then, and do nothing. The scheme knows no time and no nonce, so the
    same notification may come again, by QLink or by another: what it causes must happen once.
    """
    if not secrets or not all(secrets):
        raise ValueError("give at least one appSecret, and none that is empty: everyone could sign with that")
    received = (signature or "").encode("utf-8", "replace")
    # All are tried, so that the time does not tell which one fits.
    if not any([hmac.compare_digest(sign(app_key, secret, raw_body).encode(), received) for secret in secrets]):
        raise BadSignature("the notification's signature does not fit" if signature else "the notification has no header sign")
    try:
        told = json.loads(raw_body.decode(), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Ambiguous("the notification is not JSON") from error
    if not isinstance(told, dict):
        raise Ambiguous("the notification is not an object")
    return told


def to_json(value):
    """JSON with exact amounts: a Decimal is written digit for digit, a float is refused."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float, which cannot hold an amount exactly: give a Decimal or text")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number that JSON knows")
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name), ensure_ascii=False)}:{to_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _quoted(raw):
    """UTF-8 bytes as a JSON string: quotes, backslashes and control characters escaped, all else (/, 商) as it is."""
    return b'"' + re.sub(rb'["\\\x00-\x1f]', lambda found: ESCAPES.get(found[0][0]) or b"\\u%04x" % found[0][0], raw) + b'"'
