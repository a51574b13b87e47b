<?php

declare(strict_types=1);

/** A merchant's client of QLink: one file, PHP 8.1 or newer, no extension and no Composer. Copy it. */

namespace QLink;

/** One of the three below. */
class QLinkException extends \RuntimeException
{
}

/** QLink has said no (success: false): nothing was done. `reason` is the sandbox's name for it; QLink itself gives words alone. */
final class Refused extends QLinkException
{
    public function __construct(string $message, public readonly ?string $reason = null)
    {
        parent::__construct($message);
    }
}

/** QLink did not take our appKey and sign, or a notification's signature does not fit: look at keys and bytes. */
final class BadSignature extends QLinkException
{
    public function __construct(string $message, public readonly ?string $reason = null)
    {
        parent::__construct($message);
    }
}

/**
 * No clear answer came (timeout, reset, 5xx, cut off): it may have been done or not.
 *
 * After apply(), `outcome` tells what asking has shown: NOT_THERE, or UNKNOWN where asking failed too. Even NOT_THERE may
 * change, since the application can still be on its way. So never apply again under another tradeUuid: the customer might pay
 * twice. To apply again with the SAME tradeUuid is safe, for QLink takes each once: if that is refused, the first one arrived
 * after all, and getPayStatus() tells its state.
 */
final class Ambiguous extends QLinkException
{
    public const NOT_THERE = 'NOT_THERE';
    public const UNKNOWN = 'UNKNOWN';

    public function __construct(string $message, public readonly string $outcome = self::UNKNOWN, ?\Throwable $cause = null)
    {
        parent::__construct($message, 0, $cause);
    }
}

/**
 * A bill that is there. Where its answer was lost and it was asked for, `status` is known and `actionValue` is not: no call
 * gives it again, so cancel such a bill, and only after SUCCESS apply under a new tradeUuid.
 */
final class Applied
{
    public function __construct(
        public readonly string $billCode,
        public readonly string $paymentRequestId,
        public readonly string $errorCode,
        public readonly ?string $actionValue = null,
        public readonly ?string $status = null,
    ) {
    }
}

/** The four operations. */
final class Client
{
    /** What wraps an answer where something does: the document does not say so, newer ones of its publisher use this name. */
    private const RESULT = 'result';

    /**
     * @param float $timeout seconds for each wait on the network: to connect, and for each part of an answer
     * @param list<float> $askAfter seconds to wait before each question about an application whose answer is lost
     */
    public function __construct(
        private readonly string $baseUrl,
        private readonly string $appKey,
        #[\SensitiveParameter] private readonly string $appSecret,
        private readonly float $timeout = 10.0,
        private readonly array $askAfter = [0.0, 1.0, 3.0],
    ) {
    }

    /** @return list<array<string, ?string>> the ways to pay of an account */
    public function queryPayAccount(string $payAccount): array
    {
        return $this->list('queryPayAccount', ['payAccount' => $payAccount]);
    }

    /**
     * Applies for a payment, once. After an ambiguous answer it asks for the bill and never applies a second time.
     *
     * @param array<string, mixed> $fields as in QLink's document, the amount as text: '15000.50'
     * @throws Ambiguous where the bill is not there either; it says how to go on
     */
    public function apply(array $fields): Applied
    {
        try {
            $answer = $this->call('apply', $fields);
            if (($answer['billCode'] ?? '') === '') {
                throw new Ambiguous('the answer to apply has no billCode');
            }
            return new Applied($answer['billCode'], $answer['paymentRequestId'] ?? '', $answer['errorCode'] ?? '', $answer['actionValue'] ?? null);
        } catch (Ambiguous $lost) {
            return $this->askFor($fields['tradeUuid'], $lost);
        }
    }

    /**
     * @param list<string> $tradeUuids
     * @param list<string> $billCodes
     * @return list<array<string, ?string>> the bills that are there; an amount is text, digit for digit, or null until paid
     */
    public function getPayStatus(array $tradeUuids = [], array $billCodes = []): array
    {
        return $this->list('getPayStatus', array_filter(['tradeUuidList' => $tradeUuids, 'billCodeList' => $billCodes]));
    }

    /** @return array<string, ?string> `status` (SUCCESS, WAIT or FAIL), `cancelTime`, `errorCode`; safe to ask again */
    public function cancel(string $tradeUuid): array
    {
        $answer = $this->call('cancel', ['tradeUuid' => $tradeUuid]);
        return ($answer['status'] ?? '') !== '' ? $answer : throw new Ambiguous('the answer to cancel has no status');
    }

    private function askFor(string $tradeUuid, Ambiguous $lost): Applied
    {
        $outcome = Ambiguous::UNKNOWN;
        foreach ($this->askAfter as $seconds) {
            usleep((int) ($seconds * 1e6));
            try {
                $bills = $this->getPayStatus([$tradeUuid]);
            } catch (QLinkException) {
                continue;
            }
            foreach ($bills as $bill) {
                if (($bill['tradeUuid'] ?? '') === $tradeUuid) {
                    return new Applied($bill['billCode'] ?? '', $bill['paymentRequestId'] ?? '', $bill['errorCode'] ?? '', null, $bill['status'] ?? null);
                }
            }
            $outcome = Ambiguous::NOT_THERE;
        }
        $asked = $outcome === Ambiguous::NOT_THERE ? 'there was no such bill when asked' : 'asking for the bill failed too';
        throw new Ambiguous("apply of $tradeUuid: {$lost->getMessage()}; $asked", $outcome, $lost);
    }

    /** @return list<array<string, ?string>> */
    private function list(string $operation, array $fields): array
    {
        $answer = $this->call($operation, $fields);
        return array_is_list($answer) ? $answer : throw new Ambiguous("the answer to $operation is not a list");
    }

    private function call(string $operation, array $fields): array
    {
        $body = toJson($fields); // these very bytes are signed, and sent
        $headers = ['Content-Type: application/json', "appKey: {$this->appKey}", 'sign: ' . sign($this->appKey, $this->appSecret, $body), 'Connection: close'];
        $options = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'timeout' => $this->timeout, 'ignore_errors' => true, 'follow_location' => 0, 'protocol_version' => 1.1];
        error_clear_last();
        $http_response_header = [];
        $raw = @file_get_contents("{$this->baseUrl}/$operation", false, stream_context_create(['http' => $options]));
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0);
        if ($raw === false || $status === 0) {
            throw new Ambiguous("$operation had no answer: " . (error_get_last()['message'] ?? 'the connection was closed'));
        }
        if ($status >= 500) {
            throw new Ambiguous("$operation was answered with HTTP $status");
        }
        $answer = fromJson($raw);
        if (!is_array($answer)) {
            throw new Ambiguous("$operation was answered (HTTP $status) with what is not whole JSON");
        }
        if (($answer['success'] ?? null) === false) {
            throw refusal((string) ($answer['message'] ?? ''), $http_response_header, $status);
        }
        if ($status !== 200) {
            throw new Ambiguous("$operation was answered with HTTP $status");
        }
        return is_array($answer[self::RESULT] ?? null) ? $answer[self::RESULT] : $answer;
    }
}

/** @param list<string> $headers of the answer */
function refusal(string $message, array $headers, int $status): QLinkException
{
    $found = array_values(preg_grep('/^x-qlink-sandbox-error:/i', $headers));
    $reason = isset($found[0]) ? trim(explode(':', $found[0], 2)[1]) : null;
    $byName = in_array($reason, ['SIGN_MISMATCH', 'APP_KEY_UNKNOWN', 'HEADER_MISSING'], true);
    // QLink gives words alone; these are looked for where there is no reason by name.
    $byWords = $reason === null && preg_match('/\bsign(ature)?\b|签名|验签/iu', $message) === 1;
    return $byName || $byWords || $status === 401 ? new BadSignature($message, $reason) : new Refused($message, $reason);
}

/**
 * SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret.
 *
 * @param string $body the bytes that travel
 */
function sign(string $appKey, #[\SensitiveParameter] string $appSecret, string $body): string
{
    $content = $body === '' ? '' : ',"content":' . quoted($body);
    return sha1('{"appKey":' . quoted($appKey) . $content . '}' . $appSecret);
}

/** A JSON string with / and letters that are not ASCII as they are: json_encode by itself would write \/ and \u4e2d. */
function quoted(string $text): string
{
    return json_encode($text, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS | JSON_THROW_ON_ERROR);
}

/**
 * The notification, if its signature fits one of the secrets (while keys rotate: the old and the new).
 *
 * On BadSignature answer 401, and do nothing. The scheme knows no time and no nonce, so the same notification may come again,
 * by QLink or by another: what it causes must happen once.
 *
 * @param string $rawBody file_get_contents('php://input'), before anything has parsed it
 * @param ?string $signature $_SERVER['HTTP_SIGN'] ?? null
 * @param string $appKey your own
 * @return array<string, ?string>
 */
function verifyNotification(string $rawBody, ?string $signature, string $appKey, #[\SensitiveParameter] string ...$secrets): array
{
    if ($secrets === [] || in_array('', $secrets, true)) {
        throw new \InvalidArgumentException('give at least one appSecret, and none that is empty: everyone could sign with that');
    }
    $fits = false;
    foreach ($secrets as $secret) {
        // All are tried, so that the time does not tell which one fits. What is not UTF-8 is not signed by QLink.
        $fits = (preg_match('//u', $rawBody) === 1 && hash_equals(sign($appKey, $secret, $rawBody), $signature ?? '')) || $fits;
    }
    if (!$fits) {
        throw new BadSignature('the notification\'s signature does not fit');
    }
    $told = fromJson($rawBody);
    return is_array($told) && !array_is_list($told) ? $told : throw new Ambiguous('the notification is not a JSON object');
}

/** JSON in which a float is refused, since it cannot hold an amount exactly: give amounts as text. */
function toJson(array $fields): string
{
    array_walk_recursive($fields, function (mixed $value, int|string $name): void {
        if (is_float($value)) {
            throw new \InvalidArgumentException("$name is a float, which cannot hold an amount exactly: give it as text");
        }
    });
    return json_encode($fields, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
}

/** JSON with each number as text, digit for digit: json_decode would make a float of an amount. */
function fromJson(string $json): mixed
{
    $exact = preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?/s', '"$0"', $json);
    return $exact === null ? null : json_decode($exact, true);
}
