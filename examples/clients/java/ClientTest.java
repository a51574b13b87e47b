import com.sun.net.httpserver.HttpServer;
import java.math.BigDecimal;
import java.net.*;
import java.net.http.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;

import static java.nio.charset.StandardCharsets.UTF_8;

/** The client against the signing vectors, and against a sandbox: qlink-sandbox exec -- sh test.sh */
public class ClientTest {
    static final Path VECTORS = Path.of("../../../fixtures/signing-vectors.json");
    static final String BASE = System.getenv("QLINK_BASE_URL");
    static final String CONTROL = System.getenv("QLINK_CONTROL_URL");
    static final String TOKEN = System.getenv("QLINK_CONTROL_TOKEN");
    static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    interface Test {
        void run() throws Exception;
    }

    public static void main(String[] args) {
        Map<String, Test> alone = new LinkedHashMap<>();
        alone.put("every vector is signed alike", ClientTest::vectors);
        alone.put("control characters are escaped as JSON has them", ClientTest::controlCharacters);
        alone.put("amounts are written and read digit for digit", ClientTest::amounts);
        alone.put("what is no JSON is not read", ClientTest::noJson);
        alone.put("a notification fits the old and the new secret alone", ClientTest::rotation);
        alone.put("an answer that stops in its middle does not hang", ClientTest::stops);
        Map<String, Test> live = new LinkedHashMap<>();
        live.put("the four operations", ClientTest::operations);
        live.put("a wrong secret and a wrong key are refused", ClientTest::wrongSecret);
        live.put("a refusal says why", ClientTest::refusal);
        live.put("an application whose answer is lost is asked for", ClientTest::lostAnswer);
        live.put("an application that never arrived is told", ClientTest::neverArrived);
        live.put("a real notification is verified and a forged one refused", ClientTest::notification);
        int failed = run(alone);
        boolean sandbox = BASE != null && CONTROL != null;
        if (sandbox) failed += run(live);
        else live.keySet().forEach(name -> System.out.println("skipped " + name + ": no sandbox, run qlink-sandbox exec -- sh test.sh"));
        int skipped = sandbox ? 0 : live.size();
        System.out.println(alone.size() + live.size() - failed - skipped + " passed, " + failed + " failed, " + skipped + " skipped");
        System.exit(failed == 0 ? 0 : 1);
    }

    static int run(Map<String, Test> tests) {
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
        return failed;
    }

    static void vectors() throws Exception {
        List<?> cases = (List<?>) object(QLink.Json.read(Files.readAllBytes(VECTORS))).get("cases");
        check(cases.size() > 10, "there are " + cases.size());
        for (Object one : cases) {
            Map<String, Object> vector = object(one);
            String found = QLink.sign((String) vector.get("appKey"), (String) vector.get("appSecret"), ((String) vector.get("content")).getBytes(UTF_8));
            check(found.equals(vector.get("sign")), vector.get("name") + ": " + found);
        }
    }

    static void controlCharacters() {
        equal("\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f/\u2028\"", new String(QLink.Json.quoted("\b\t\n\f\r\0\u001f\u007f/\u2028".getBytes(UTF_8)), UTF_8));
    }

    static void amounts() {
        String digits = "12345678901234567890.1234567890";
        equal("[" + digits + ",1000,\"1.10\",1,true,null]", QLink.Json.write(Arrays.asList(new BigDecimal(digits), new BigDecimal("1E+3"), "1.10", 1, true, null)));
        equal(digits, object(QLink.Json.read(("{\"amount\": " + digits + "}").getBytes(UTF_8))).get("amount").toString());
        for (Object inexact : List.of(1.1, 1.1f)) fails(IllegalArgumentException.class, () -> QLink.Json.write(Map.of("amount", inexact)));
    }

    static void noJson() {
        equal("{a=[1, \"\\/\b\f\n\r\t\u0001, {}, []]}", QLink.Json.read(" {\"a\" : [ 1 , \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\" , {} , [ ] ] } ".getBytes(UTF_8)).toString());
        List<String> wrong = List.of("", "{", "[1", "{\"a\":1", "{\"a\" 1}", "{a:1}", "[1,]", "\"a", "\"\\", "\"\\u12\"", "\"\\x\"", "\"\n\"", "1 2", "01", "1.", "nul", "{}\0", "[".repeat(99999));
        for (String text : wrong) fails(IllegalArgumentException.class, () -> QLink.Json.read(text.getBytes(UTF_8)));
        fails(IllegalArgumentException.class, () -> QLink.Json.read(new byte[] {'"', (byte) 0xc3, '"'}));
    }

    static void rotation() {
        byte[] body = "{\"tradeUuid\":\"t\",\"status\":\"PAY_SUCCESS\",\"note\":\"\u5546/\"}".getBytes(UTF_8);
        String right = QLink.sign("key", "new", body);
        for (String secret : List.of("old", "new")) {
            equal("PAY_SUCCESS", QLink.verifyNotification(body, QLink.sign("key", secret, body), "key", "new", "old").get("status"));
        }
        for (String sign : Arrays.asList(QLink.sign("key", "else", body), null, "", right.toUpperCase(Locale.ROOT), right + "\u7b7e")) {
            fails(QLink.BadSignature.class, () -> QLink.verifyNotification(body, sign, "key", "new", "old"));
        }
        fails(QLink.BadSignature.class, () -> QLink.verifyNotification("{}".getBytes(UTF_8), right, "key", "new"));
        String everyones = QLink.sign("key", "", body);
        for (String[] secrets : new String[][] {{}, {"new", ""}, {null}}) {
            fails(IllegalArgumentException.class, () -> QLink.verifyNotification(body, everyones, "key", secrets));
        }
    }

    static void stops() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
            Thread stopping = new Thread(() -> {
                try {
                    for (int call = 0; call < 2; call++) {
                        server.accept().getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":true".getBytes(UTF_8));
                    }
                } catch (Exception closed) {
                    // The test is over.
                }
            });
            stopping.setDaemon(true);
            stopping.start();
            QLink client = new QLink("http://127.0.0.1:" + server.getLocalPort(), "key", "secret", Duration.ofMillis(300), Duration.ZERO);
            long start = System.nanoTime();
            equal(QLink.Outcome.UNKNOWN, fails(QLink.Ambiguous.class, () -> client.apply(application("t"))).outcome);
            check(System.nanoTime() - start < 5e9, "it took as long as the answer pleased");
        }
    }

    static void operations() throws Exception {
        Merchant merchant = new Merchant(Map.of());
        QLink client = merchant.client(5000);
        check(client.queryPayAccount("account1").stream().anyMatch(row -> "QRIS".equals(row.get("code"))), "QRIS is not there");
        Map<String, Object> fields = application("t-1");
        fields.put("description", "\u63cf\u8ff0 \ud83d\ude42 a/b <b> \"quoted\" \\ \n");
        QLink.Applied bill = client.apply(fields);
        check(!bill.billCode.isEmpty() && !bill.actionValue.isEmpty(), "the answer is not whole");
        equal("PAY_WAIT", client.getPayStatus(List.of("t-1"), List.of()).get(0).get("status"));
        merchant.control("POST", "/bills/tradeUuid:t-1/pay", Map.of());
        Object amount = client.getPayStatus(List.of(), List.of(bill.billCode)).get(0).get("amount");
        equal(0, new BigDecimal(amount.toString()).compareTo(new BigDecimal("15000.50")));
        equal("BILL_ALREADY_PAID", client.cancel("t-1").get("errorCode"));
    }

    static void wrongSecret() throws Exception {
        String key = new Merchant(Map.of()).key;
        equal("SIGN_MISMATCH", fails(QLink.BadSignature.class, () -> new QLink(BASE, key, "wrong").apply(application("t-2"))).reason);
        fails(QLink.BadSignature.class, () -> new QLink(BASE, "nobody", "wrong").queryPayAccount("account1"));
    }

    static void refusal() throws Exception {
        QLink client = new Merchant(Map.of()).client(5000);
        client.apply(application("t-3"));
        equal("TRADE_UUID_TAKEN", fails(QLink.Refused.class, () -> client.apply(application("t-3"))).reason);
    }

    static void lostAnswer() throws Exception {
        for (String fault : List.of("connection-reset", "empty-response", "truncated-json", "garbage", "hang", "http-500", "http-504")) {
            Merchant merchant = Merchant.lossy(fault, "kept");
            QLink.Applied bill = merchant.client(fault.equals("hang") ? 1000 : 5000).apply(application("t-4"));
            equal(fault + " PAY_WAIT null", fault + " " + bill.status + " " + bill.actionValue);
            check(!bill.billCode.isEmpty(), "there is no billCode");
            equal(1, merchant.applications());
        }
    }

    static void neverArrived() throws Exception {
        for (String fault : List.of("connection-reset", "hang", "http-503")) {
            Merchant merchant = Merchant.lossy(fault, "none");
            QLink client = merchant.client(fault.equals("hang") ? 1000 : 5000);
            equal(QLink.Outcome.NOT_THERE, fails(QLink.Ambiguous.class, () -> client.apply(application("t-5"))).outcome);
            equal(1, merchant.applications());
            // What the caller may do, and the client never does: the same tradeUuid again.
            check(!client.apply(application("t-5")).actionValue.isEmpty(), "the second application was not answered");
        }
    }

    static void notification() throws Exception {
        BlockingQueue<Object> taken = new LinkedBlockingQueue<>();
        CompletableFuture<Merchant> own = new CompletableFuture<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            int status = 200;
            Object outcome;
            try {
                outcome = QLink.verifyNotification(body, exchange.getRequestHeaders().getFirst("sign"), own.join().key, "the-next-secret", own.join().secret);
            } catch (QLink.BadSignature forged) {
                outcome = forged;
                status = 401;
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            taken.add(outcome);
        });
        server.start();
        try {
            Merchant merchant = new Merchant(Map.of("notifyUrl", "http://127.0.0.1:" + server.getAddress().getPort(), "clock", "manual"));
            own.complete(merchant);
            merchant.client(5000).apply(application("t-6"));
            for (String sign : List.of("wrong", "missing")) {
                merchant.control("POST", "/bills/tradeUuid:t-6/notify", Map.of("status", "PAY_SUCCESS", "sign", sign));
                Object forged = taken.poll(10, TimeUnit.SECONDS);
                check(forged instanceof QLink.BadSignature, sign + ": " + forged);
            }
            merchant.control("POST", "/bills/tradeUuid:t-6/pay", Map.of());
            Object told = taken.poll(10, TimeUnit.SECONDS);
            check(told instanceof Map, "told: " + told);
            equal("t-6 PAY_SUCCESS", object(told).get("tradeUuid") + " " + object(told).get("status"));
        } finally {
            server.stop(0);
        }
    }

    static Map<String, Object> application(String trade) {
        return new LinkedHashMap<>(Map.of("payAccount", "account1", "payTypeCode", "ONLINE", "payChannelCode", "QRIS", "tradeUuid", trade,
            "tradeTime", "2025-08-04 13:45:21", "orderCode", "O-1", "country", "ID", "currency", "IDR", "amount", new BigDecimal("15000.50")));
    }

    /** A merchant of a test's own. */
    static class Merchant {
        final String key, secret;

        Merchant(Map<String, ?> fields) throws Exception {
            Map<String, Object> made = object(send("POST", "/merchants", fields));
            key = (String) made.get("appKey");
            secret = (String) made.get("appSecret");
        }

        /** One whose first application has no clear answer. */
        static Merchant lossy(String fault, String effect) throws Exception {
            List<?> attempts = List.of(Map.of("fault", fault, "effect", effect), Map.of());
            return new Merchant(Map.of("scenario", Map.of("name", "lossy", "on", Map.of("apply", attempts))));
        }

        QLink client(int timeout) {
            return new QLink(BASE, key, secret, Duration.ofMillis(timeout), Duration.ZERO, Duration.ofMillis(50));
        }

        int applications() throws Exception {
            return ((List<?>) object(control("GET", "/requests?operation=apply", null)).get("items")).size();
        }

        /** Asks the sandbox about this merchant alone. */
        Object control(String method, String path, Object content) throws Exception {
            return send(method, path + (path.contains("?") ? "&" : "?") + "appKey=" + URLEncoder.encode(key, UTF_8), content);
        }

        private static Object send(String method, String path, Object content) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(CONTROL + path)).timeout(Duration.ofSeconds(15)).header("Content-Type", "application/json");
            if (TOKEN != null) request.header("Authorization", "Bearer " + TOKEN);
            request.method(method, content == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(QLink.Json.write(content)));
            HttpResponse<byte[]> answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            check(answer.statusCode() < 300, new String(answer.body(), UTF_8));
            return QLink.Json.read(answer.body());
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    static <E extends Exception> E fails(Class<E> kind, Test code) {
        try {
            code.run();
        } catch (Exception error) {
            if (kind.isInstance(error)) return kind.cast(error);
            throw new AssertionError("not " + kind.getSimpleName() + " but " + error, error);
        }
        throw new AssertionError("there was no " + kind.getSimpleName());
    }

    static void equal(Object expected, Object found) {
        check(expected.equals(found), "expected " + expected + ", found " + found);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
