import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.*;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;

/**
 * What befalls every merchant, tested with a sandbox and the JDK alone: qlink-sandbox exec -- java Suite.java
 *
 * <p>Each test has a merchant of its own, whose clock stands until the test turns it, so nothing sleeps and nothing is
 * shared. A project would use Jackson and JUnit; here a few lines do for both.
 */
public class Suite {
    static final String BASE = System.getenv("QLINK_BASE_URL");
    static final String CONTROL = System.getenv("QLINK_CONTROL_URL");
    static final String TOKEN = System.getenv("QLINK_CONTROL_TOKEN");
    static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build();

    interface Test {
        void run() throws Exception;
    }

    public static void main(String[] args) {
        if (BASE == null || CONTROL == null) {
            System.err.println("QLINK_BASE_URL and QLINK_CONTROL_URL are not set: run qlink-sandbox exec -- java Suite.java");
            System.exit(1);
        }
        Map<String, Test> tests = new LinkedHashMap<>();
        tests.put("a payment is told with a right signature", Suite::told);
        tests.put("a wrong signature is refused, and explained", Suite::wrongSignature);
        tests.put("letters and slashes are signed as they are", Suite::letters);
        tests.put("a tradeUuid is used once", Suite::usedOnce);
        tests.put("an answer that was lost is asked for", Suite::lostAnswer);
        tests.put("a callback is sent again until it is acknowledged", Suite::sentAgain);
        tests.put("a callback that comes twice is counted once", Suite::countedOnce);
        tests.put("a forgery is refused and changes nothing", Suite::forgery);
        tests.put("a cancel may come too late", Suite::lateCancel);
        tests.put("a bill expires after two days", Suite::expiry);
        tests.put("amounts are exact", Suite::exactAmounts);
        int failed = 0;
        for (Map.Entry<String, Test> test : tests.entrySet()) {
            try {
                test.getValue().run();
                System.out.println("ok      " + test.getKey());
            } catch (Exception | AssertionError error) {
                failed++;
                System.out.println("FAILED  " + test.getKey() + ": " + error);
            }
        }
        System.out.println(tests.size() + " tests, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }

    static void told() throws Exception {
        try (Callbacks shop = new Callbacks(200)) {
            Merchant merchant = shop.merchant;
            equal("true", field(merchant.apply("t-1", "15000.50"), "success"));
            merchant.control("POST", "/bills/tradeUuid:t-1/pay", "{}");
            Callback callback = shop.next();
            equal("/payNotification", callback.path);
            equal(sign(merchant.key, merchant.secret, callback.body), callback.sign);
            equal("PAY_SUCCESS", field(callback.body, "status"));
        }
    }

    static void wrongSignature() throws Exception {
        Merchant merchant = new Merchant("");
        equal("false", field(merchant.call("queryPayAccount", "{\"payAccount\":\"account1\"}", "0".repeat(40)), "success"));
        String request = merchant.control("GET", "/requests/wait?outcome=SIGN_MISMATCH&timeout=5s", null);
        check(field(request, "stringToSign").endsWith("<appSecret>"), request);
    }

    static void letters() throws Exception {
        Merchant merchant = new Merchant("");
        String answer = merchant.call("apply", application("t-2", "1.10").replace("}", ",\"description\":\"描述 🙂 a/b \\\"quoted\\\" \\\\ \\n\"}"));
        equal("true", field(answer, "success"));
    }

    static void usedOnce() throws Exception {
        Merchant merchant = new Merchant("");
        merchant.apply("t-3", "1.10");
        equal("false", field(merchant.apply("t-3", "1.10"), "success"));
        equal("TRADE_UUID_TAKEN", field(merchant.control("GET", "/requests/wait?outcome=refused&timeout=5s", null), "reason"));
    }

    static void lostAnswer() throws Exception {
        Merchant merchant = new Merchant("\"scenario\":\"apply-answer-lost\"");
        try {
            merchant.apply("t-4", "1.10");
            check(false, "an answer came");
        } catch (IOException lost) {
            equal("PAY_WAIT", field(merchant.call("getPayStatus", "{\"tradeUuidList\":[\"t-4\"]}"), "status"));
        }
    }

    static void sentAgain() throws Exception {
        try (Callbacks shop = new Callbacks(500, 200)) {
            Merchant merchant = shop.merchant;
            merchant.apply("t-5", "1.10");
            merchant.control("POST", "/bills/tradeUuid:t-5/pay", "{}");
            Callback first = shop.next();
            equal("1", field(merchant.advance("15s"), "attempts"));
            equal(first.body, shop.next().body);
            equal("acknowledged", field(merchant.control("GET", "/notifications/wait?tradeUuid=t-5&timeout=5s", null), "state"));
        }
    }

    static void countedOnce() throws Exception {
        try (Callbacks shop = new Callbacks(200)) {
            shop.merchant.apply("t-10", "1.10");
            shop.merchant.control("POST", "/bills/tradeUuid:t-10/notify", "{\"status\":\"PAY_SUCCESS\",\"copies\":2}");
            equal(shop.next().body, shop.next().body);
            equal("[t-10]", shop.delivered.toString());
        }
    }

    static void forgery() throws Exception {
        try (Callbacks shop = new Callbacks(200)) {
            Merchant merchant = shop.merchant;
            merchant.apply("t-6", "1.10");
            merchant.control("POST", "/bills/tradeUuid:t-6/notify", "{\"status\":\"PAY_SUCCESS\",\"sign\":\"wrong\"}");
            equal("401", String.valueOf(shop.next().answered));
            equal("[]", shop.delivered.toString());
            equal("PAY_WAIT", field(merchant.control("GET", "/bills/tradeUuid:t-6", null), "status"));
        }
    }

    static void lateCancel() throws Exception {
        Merchant merchant = new Merchant("\"scenario\":\"paid-after-cancel\"");
        merchant.apply("t-7", "1.10");
        equal("WAIT", field(merchant.call("cancel", "{\"tradeUuid\":\"t-7\"}"), "status"));
        merchant.advance("3s");
        equal("BILL_ALREADY_PAID", field(merchant.call("cancel", "{\"tradeUuid\":\"t-7\"}"), "errorCode"));
    }

    static void expiry() throws Exception {
        Merchant merchant = new Merchant("");
        merchant.apply("t-8", "1.10");
        merchant.advance("48h");
        equal("PAYMENT_REQUEST_EXPIRED", field(merchant.control("GET", "/bills/wait?tradeUuid=t-8&status=PAY_FAIL&timeout=5s", null), "errorCode"));
    }

    static void exactAmounts() throws Exception {
        Merchant merchant = new Merchant("");
        merchant.apply("t-9", "1.10");
        equal("1.10", field(merchant.control("POST", "/bills/tradeUuid:t-9/pay", "{}"), "amount"));
    }

    /** SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret. */
    static String sign(String appKey, String appSecret, String body) {
        String content = body.isEmpty() ? "" : ",\"content\":" + quoted(body);
        byte[] bytes = ("{\"appKey\":" + quoted(appKey) + content + "}" + appSecret).getBytes(StandardCharsets.UTF_8);
        StringBuilder hex = new StringBuilder();
        try {
            for (byte one : MessageDigest.getInstance("SHA-1").digest(bytes)) hex.append(String.format("%02x", one));
        } catch (NoSuchAlgorithmException never) {
            throw new IllegalStateException(never);
        }
        return hex.toString();
    }

    /** A text as Jackson writes it. */
    static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            int place = "\"\\\b\f\n\r\t".indexOf(letter);
            if (place >= 0) json.append('\\').append("\"\\bfnrt".charAt(place));
            else if (letter < 0x20) json.append(String.format("\\u%04x", (int) letter));
            else json.append(letter);
        }
        return json.append('"').toString();
    }

    static String application(String trade, String amount) {
        return "{\"payAccount\":\"account1\",\"payTypeCode\":\"ONLINE\",\"payChannelCode\":\"QRIS\",\"tradeUuid\":" + quoted(trade)
            + ",\"tradeTime\":\"2025-08-04 13:45:21\",\"orderCode\":\"O-1\",\"country\":\"ID\",\"currency\":\"IDR\",\"amount\":" + amount + "}";
    }

    /** A field of a JSON text, wherever it first stands: enough for a test, too little for a program. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^,}\\s]+))").matcher(json);
        if (!found.find()) throw new AssertionError("there is no " + name + " in " + json);
        return found.group(1) != null ? found.group(1) : found.group(2);
    }

    static void equal(String expected, String found) {
        check(expected.equals(found), "expected " + expected + ", found " + found);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }

    static String send(HttpRequest.Builder request, String method, String body) throws IOException, InterruptedException {
        HttpRequest.BodyPublisher bytes = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        request.header("Content-Type", "application/json").timeout(Duration.ofSeconds(15)).method(method, bytes);
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    /** A merchant of a test's own. */
    static class Merchant {
        final String key;
        final String secret;

        /** Some of its fields, as JSON without the braces. */
        Merchant(String fields) throws Exception {
            String made = send(ask("/merchants"), "POST", "{\"clock\":\"manual\"" + (fields.isEmpty() ? "" : "," + fields) + "}");
            key = field(made, "appKey");
            secret = field(made, "appSecret");
        }

        String apply(String trade, String amount) throws Exception {
            return call("apply", application(trade, amount));
        }

        String call(String operation, String body) throws Exception {
            return call(operation, body, sign(key, secret, body));
        }

        String call(String operation, String body, String sign) throws Exception {
            return send(HttpRequest.newBuilder(URI.create(BASE + "/" + operation)).header("appKey", key).header("sign", sign), "POST", body);
        }

        /** Asks the sandbox about this merchant alone. */
        String control(String method, String path, String body) throws Exception {
            return send(ask(path + (path.contains("?") ? "&" : "?") + "appKey=" + URLEncoder.encode(key, StandardCharsets.UTF_8)), method, body);
        }

        String advance(String by) throws Exception {
            return control("POST", "/clock/advance", "{\"by\":" + quoted(by) + "}");
        }

        private static HttpRequest.Builder ask(String path) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(CONTROL + path));
            return TOKEN == null ? request : request.header("Authorization", "Bearer " + TOKEN);
        }
    }

    static class Callback {
        String path, sign, body;
        int answered;
    }

    /** A merchant with a server for callbacks: 401 to a forgery, else one status after another, the last stays. */
    static class Callbacks implements AutoCloseable {
        final Merchant merchant;
        final List<String> delivered = new CopyOnWriteArrayList<>();
        private final BlockingQueue<Callback> received = new LinkedBlockingQueue<>();
        private final HttpServer server;
        private int number;

        Callbacks(int... statuses) throws Exception {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                Callback callback = new Callback();
                callback.path = exchange.getRequestURI().getPath();
                callback.sign = exchange.getRequestHeaders().getFirst("sign");
                callback.body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                callback.answered = take(callback, statuses);
                exchange.sendResponseHeaders(callback.answered, -1);
                exchange.close();
                received.add(callback);
            });
            server.start();
            merchant = new Merchant("\"notifyUrl\":" + quoted(url()));
        }

        /** What a shop does with a callback: verify, deliver what is paid once, answer. */
        private synchronized int take(Callback callback, int[] statuses) {
            if (!sign(merchant.key, merchant.secret, callback.body).equals(callback.sign)) return 401;
            int status = statuses[Math.min(number++, statuses.length - 1)];
            String trade = field(callback.body, "tradeUuid");
            boolean paid = field(callback.body, "status").equals("PAY_SUCCESS");
            if (status == 200 && paid && !delivered.contains(trade)) delivered.add(trade);
            return status;
        }

        String url() {
            return "http://127.0.0.1:" + server.getAddress().getPort();
        }

        Callback next() throws InterruptedException {
            Callback callback = received.poll(10, TimeUnit.SECONDS);
            check(callback != null, "no callback came");
            return callback;
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }
}
