<?php

declare(strict_types=1);

// The client against the signing vectors, and against a sandbox: qlink-sandbox exec -- php test.php

use QLink\{Ambiguous, Applied, BadSignature, Client, Refused};

use function QLink\{fromJson, quoted, sign, toJson, verifyNotification};

require __DIR__ . '/QLink.php';

$failed = 0;

/** Runs a test, and says how it went. */
function test(string $name, callable $body): void
{
    global $failed;
    try {
        $body();
        echo "ok - $name\n";
    } catch (Throwable $error) {
        $failed++;
        echo "not ok - $name: {$error->getMessage()} ({$error->getFile()}:{$error->getLine()})\n";
    }
}

function same(mixed $expected, mixed $actual): void
{
    if ($expected !== $actual) {
        throw new Exception('expected ' . var_export($expected, true) . ', got ' . var_export($actual, true));
    }
}

/** The exception of this class that something throws. */
function thrown(string $class, callable $body): Throwable
{
    try {
        $body();
    } catch (Throwable $error) {
        return $error instanceof $class ? $error : throw $error;
    }
    throw new Exception("no $class was thrown");
}

test('every vector is signed alike', function () {
    $cases = json_decode(file_get_contents(__DIR__ . '/../../../fixtures/signing-vectors.json'), true)['cases'];
    same(true, count($cases) >= 20);
    foreach ($cases as $case) {
        same([$case['name'], $case['sign']], [$case['name'], sign($case['appKey'], $case['appSecret'], $case['content'])]);
    }
});

test('control characters are escaped as JSON has them', function () {
    same('"\b\t\n\f\r\u0000\u001f' . "\x7f/<>\u{2028}" . '\"\\\\"', quoted("\x08\t\n\f\r\0\x1f\x7f/<>\u{2028}\"\\"));
});

test('amounts stay digit for digit', function () {
    same(['amount' => '12345678901234567890.1234567890', 'text' => 'a "1.0" 2.50', 'list' => ['1', '-1.10e+2']], fromJson('{"amount":12345678901234567890.1234567890,"text":"a \"1.0\" 2.50","list":[1,-1.10e+2]}'));
    thrown(InvalidArgumentException::class, fn () => toJson(['items' => [['quantity' => 1.5]]]));
});

test('a notification fits the old and the new secret alone', function () {
    $body = '{"tradeUuid":"t","status":"PAY_SUCCESS","note":"商/"}';
    foreach (['old', 'new'] as $secret) {
        same('PAY_SUCCESS', verifyNotification($body, sign('key', $secret, $body), 'key', 'new', 'old')['status']);
    }
    $right = sign('key', 'new', $body);
    foreach ([[$body, sign('key', 'else', $body)], ["$body ", $right], [$body, null], [$body, ''], [$body, strtoupper($right)], ["\xff$body", $right]] as [$raw, $signature]) {
        thrown(BadSignature::class, fn () => verifyNotification($raw, $signature, 'key', 'new', 'old'));
    }
    thrown(InvalidArgumentException::class, fn () => verifyNotification($body, sign('key', '', $body), 'key', 'new', ''));
    thrown(InvalidArgumentException::class, fn () => verifyNotification($body, $right, 'key'));
});

test('what nobody answers is ambiguous', function () {
    $silent = stream_socket_server('tcp://127.0.0.1:0');
    $client = new Client('http://' . stream_socket_get_name($silent, false), 'key', 'secret', 0.2, [0.0]);
    same(Ambiguous::UNKNOWN, thrown(Ambiguous::class, fn () => $client->apply(application('t')))->outcome);
});

$base = getenv('QLINK_BASE_URL');
$control = getenv('QLINK_CONTROL_URL');
if ($base === false || $control === false) {
    echo "skipped: the tests with a sandbox: run qlink-sandbox exec -- php test.php\n";
    exit($failed === 0 ? 0 : 1);
}

/** @return array<string, mixed> */
function application(string $tradeUuid): array
{
    return [
        'payAccount' => 'account1', 'payTypeCode' => 'ONLINE', 'payChannelCode' => 'QRIS', 'tradeUuid' => $tradeUuid, 'tradeTime' => '2025-08-04 13:45:21',
        'orderCode' => 'O-1', 'country' => 'ID', 'currency' => 'IDR', 'amount' => '15000.50', 'description' => "描述 🙂 a/b <b> \"quoted\" \\ \n",
    ];
}

/**
 * Sends a call to the sandbox's control API, without waiting for its answer: it may come only after a notification that this
 * very process has to take.
 *
 * @return resource
 */
function begin(string $method, string $path, ?array $content = null)
{
    global $control;
    ['host' => $host, 'port' => $port, 'path' => $root] = parse_url($control);
    $body = $content === null ? '' : json_encode((object) $content);
    $token = getenv('QLINK_CONTROL_TOKEN');
    $stream = stream_socket_client("tcp://$host:$port", $code, $message, 10) ?: throw new Exception($message);
    stream_set_timeout($stream, 15);
    fwrite($stream, "$method $root$path HTTP/1.1\r\nHost: $host:$port\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " . strlen($body) . ($token === false ? '' : "\r\nAuthorization: Bearer $token") . "\r\n\r\n$body");
    return $stream;
}

/** @param resource $stream */
function finish($stream): array
{
    [$head, $text] = explode("\r\n\r\n", stream_get_contents($stream), 2);
    if (!preg_match('/^HTTP\/1\.1 2/', $head)) {
        throw new Exception($text);
    }
    return json_decode($text, true);
}

function control(string $method, string $path, ?array $content = null): array
{
    return finish(begin($method, $path, $content));
}

/** @return array{array<string, mixed>, Client} a merchant of the test's own, and its client */
function merchant(array $fields = [], float $timeout = 5.0): array
{
    global $base;
    $made = control('POST', '/merchants', $fields);
    return [$made, new Client($base, $made['appKey'], $made['appSecret'], $timeout, [0.0, 0.05])];
}

/** A merchant whose first application has no clear answer. */
function lossy(string $fault, string $effect): array
{
    return merchant(['scenario' => ['name' => 'lossy', 'on' => ['apply' => [['fault' => $fault, 'effect' => $effect], (object) []]]]], $fault === 'hang' ? 1.0 : 5.0);
}

function applications(array $merchant): int
{
    return count(control('GET', "/requests?operation=apply&appKey={$merchant['appKey']}")['items']);
}

test('the four operations', function () {
    [$own, $client] = merchant();
    same(['ONLINE', 'QR_CODE_PAYMENT', 'QRIS'], array_column($client->queryPayAccount('account1'), 'code'));
    $bill = $client->apply(application('t-1'));
    same(true, $bill->billCode !== '' && $bill->actionValue !== null);
    same(['PAY_WAIT', null], array_map(fn ($name) => $client->getPayStatus(['t-1'])[0][$name], ['status', 'amount']));
    control('POST', "/bills/tradeUuid:t-1/pay?appKey={$own['appKey']}", []);
    same('15000.50', $client->getPayStatus([], [$bill->billCode])[0]['amount']);
    same('BILL_ALREADY_PAID', $client->cancel('t-1')['errorCode']);
});

test('a wrong secret and a second use are refused', function () {
    global $base;
    [$own, $client] = merchant();
    same('SIGN_MISMATCH', thrown(BadSignature::class, fn () => (new Client($base, $own['appKey'], 'wrong'))->apply(application('t-2')))->reason);
    thrown(BadSignature::class, fn () => (new Client($base, 'nobody', 'wrong'))->queryPayAccount('account1'));
    $client->apply(application('t-2'));
    same('TRADE_UUID_TAKEN', thrown(Refused::class, fn () => $client->apply(application('t-2')))->reason);
});

foreach (['connection-reset', 'empty-response', 'truncated-json', 'garbage', 'hang', 'http-500', 'http-504'] as $fault) {
    test("an application whose answer is lost is asked for: $fault", function () use ($fault) {
        [$own, $client] = lossy($fault, 'kept');
        $bill = $client->apply(application('t-4'));
        same(['PAY_WAIT', null, true], [$bill->status, $bill->actionValue, $bill->billCode !== '']);
        same(1, applications($own));
    });
}

foreach (['connection-reset', 'hang', 'http-503'] as $fault) {
    test("an application that never arrived is told: $fault", function () use ($fault) {
        [$own, $client] = lossy($fault, 'none');
        same(Ambiguous::NOT_THERE, thrown(Ambiguous::class, fn () => $client->apply(application('t-5')))->outcome);
        same(1, applications($own));
        // What the caller may do, and the client never does: the same tradeUuid again.
        same(true, $client->apply(application('t-5')) instanceof Applied);
    });
}

test('a real notification is verified, and a forged one refused', function () {
    $shop = stream_socket_server('tcp://127.0.0.1:0');
    [$own, $client] = merchant(['notifyUrl' => 'http://' . stream_socket_get_name($shop, false), 'clock' => 'manual']);
    // Takes one notification.
    $take = function () use ($shop, $own): array {
        $stream = stream_socket_accept($shop, 10) ?: throw new Exception('nothing was told');
        $headers = [];
        fgets($stream);
        while (($line = trim(fgets($stream))) !== '') {
            [$name, $value] = explode(':', $line, 2);
            $headers[strtolower($name)] = trim($value);
        }
        $body = stream_get_contents($stream, (int) $headers['content-length']);
        $status = '401 Unauthorized';
        try {
            $told = verifyNotification($body, $headers['sign'] ?? null, $own['appKey'], 'the-next-secret', $own['appSecret']);
            $status = '200 OK';
            return $told;
        } finally {
            fwrite($stream, "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            fclose($stream);
        }
    };
    $client->apply(application('t-6'));
    foreach (['wrong', 'missing'] as $wrong) {
        $call = begin('POST', "/bills/tradeUuid:t-6/notify?appKey={$own['appKey']}", ['status' => 'PAY_SUCCESS', 'sign' => $wrong]);
        thrown(BadSignature::class, $take);
        finish($call);
    }
    $call = begin('POST', "/bills/tradeUuid:t-6/pay?appKey={$own['appKey']}", []);
    $told = $take();
    finish($call);
    same(['t-6', 'PAY_SUCCESS'], [$told['tradeUuid'], $told['status']]);
});

exit($failed === 0 ? 0 : 1);
