import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A merchant's client of QLink: one file, JDK 11 or newer, and nothing else. Copy it. It may be shared by threads. */
public final class QLink {
    /** QLink's document does not say what wraps an answer where something does; its publisher's newer documents use this name. */
    private static final String RESULT = "result";
    /** The sandbox gives a reason by name, QLink itself words alone: where there are only words, we look for these. */
    private static final Pattern ABOUT_SIGNATURE = Pattern.compile("\\bsign(ature)?\\b|\u7b7e\u540d|\u9a8c\u7b7e", Pattern.CASE_INSENSITIVE);
    private static final Set<String> SIGNATURE_REASONS = Set.of("SIGN_MISMATCH", "APP_KEY_UNKNOWN", "HEADER_MISSING");

    private final String baseUrl;
    private final String appKey;
    private final String appSecret;
    private final Duration timeout;
    private final Duration[] askAfter;
    private final HttpClient http;

    public QLink(String baseUrl, String appKey, String appSecret) {
        this(baseUrl, appKey, appSecret, Duration.ofSeconds(10), Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(3));
    }

    /**
     * @param timeout for a whole call, its answer's last byte included
     * @param askAfter how long to wait before each question about an application whose answer is lost
     */
    public QLink(String baseUrl, String appKey, String appSecret, Duration timeout, Duration... askAfter) {
        this.baseUrl = baseUrl.replaceAll("/+$", "");
        this.appKey = appKey;
        this.appSecret = appSecret;
        this.timeout = timeout;
        this.askAfter = askAfter.clone();
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(timeout).build();
    }

    /** One of the three below. */
    public abstract static class Failure extends RuntimeException {
        Failure(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** QLink has said no (success: false): nothing was done. */
    public static final class Refused extends Failure {
        /** The sandbox's name for it; null from QLink itself. */
        public final String reason;

        Refused(String message, String reason) {
            super(message, null);
            this.reason = reason;
        }
    }

    /** QLink did not take our appKey and sign, or a notification's signature does not fit: look at keys and bytes. */
    public static final class BadSignature extends Failure {
        /** The sandbox's name for it; null from QLink itself, and for a notification. */
        public final String reason;

        BadSignature(String message, String reason) {
            super(message, null);
            this.reason = reason;
        }
    }

    /** What asking for an application without an answer has shown. */
    public enum Outcome { NOT_THERE, UNKNOWN }

    /**
     * No clear answer came (timeout, reset, 5xx, cut off): it may have been done or not.
     *
     * <p>After apply(), {@link #outcome} tells what asking has shown: NOT_THERE, or UNKNOWN where asking failed too. Even
     * NOT_THERE may change, since the application can still be on its way. So never apply again under another tradeUuid:
     * the customer might pay twice. To apply again with the SAME tradeUuid is safe, for QLink takes each once: if that is
     * refused, the first one arrived after all, and getPayStatus tells its state.
     */
    public static final class Ambiguous extends Failure {
        public final Outcome outcome;

        Ambiguous(String message, Throwable cause) {
            this(message, cause, Outcome.UNKNOWN);
        }

        Ambiguous(String message, Throwable cause, Outcome outcome) {
            super(message, cause);
            this.outcome = outcome;
        }
    }

    /**
     * A bill that is there. Where its answer was lost and it was asked for, status is known and actionValue is not: no call
     * gives it again, so cancel such a bill, and only after SUCCESS apply under a new tradeUuid.
     */
    public static final class Applied {
        public final String billCode, paymentRequestId, errorCode;
        /** What the customer needs to pay; null where the answer was lost. */
        public final String actionValue;
        /** PAY_WAIT, PAY_SUCCESS and so on; null unless it was asked for. */
        public final String status;

        Applied(Map<String, Object> answer) {
            billCode = text(answer, "billCode");
            paymentRequestId = text(answer, "paymentRequestId");
            errorCode = text(answer, "errorCode");
            actionValue = text(answer, "actionValue");
            status = text(answer, "status");
        }
    }

    /** The ways to pay of an account. */
    public List<Map<String, Object>> queryPayAccount(String payAccount) {
        return list("queryPayAccount", Map.of("payAccount", payAccount));
    }

    /**
     * Applies for a payment, once: after an ambiguous answer it asks for the bill and never applies a second time.
     *
     * @param fields as in QLink's document; the amount a BigDecimal or text
     * @throws Ambiguous where the bill was not there when asked, or asking failed too; it says how to go on
     */
    public Applied apply(Map<String, ?> fields) {
        String tradeUuid = Objects.requireNonNull((String) fields.get("tradeUuid"), "tradeUuid is missing");
        try {
            return new Applied(object("apply", "billCode", call("apply", fields)));
        } catch (Ambiguous lost) {
            return askedFor(tradeUuid, lost);
        }
    }

    /** The bills that are there; `amount` is null until one is paid. Either list may be empty, not both. */
    public List<Map<String, Object>> getPayStatus(List<String> tradeUuids, List<String> billCodes) {
        return list("getPayStatus", Map.of("tradeUuidList", tradeUuids, "billCodeList", billCodes));
    }

    /** Asks to cancel, and tells `status` (SUCCESS, WAIT or FAIL), `cancelTime` and `errorCode`. Safe to ask again. */
    public Map<String, Object> cancel(String tradeUuid) {
        return object("cancel", "status", call("cancel", Map.of("tradeUuid", tradeUuid)));
    }

    private Applied askedFor(String tradeUuid, Ambiguous lost) {
        Outcome outcome = Outcome.UNKNOWN;
        for (Duration wait : askAfter) {
            try {
                Thread.sleep(wait.toMillis());
                for (Map<String, Object> bill : getPayStatus(List.of(tradeUuid), List.of())) {
                    if (tradeUuid.equals(bill.get("tradeUuid"))) return new Applied(bill);
                }
                outcome = Outcome.NOT_THERE;
            } catch (Failure noAnswer) {
                lost.addSuppressed(noAnswer);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        String asked = outcome == Outcome.NOT_THERE ? "there was no such bill when asked" : "asking for the bill failed too";
        throw new Ambiguous("apply of " + tradeUuid + ": " + lost.getMessage() + "; " + asked, lost, outcome);
    }

    private static Map<String, Object> object(String operation, String needed, Object answer) {
        Map<String, Object> object = answer instanceof Map ? cast(answer) : Map.of();
        if (Objects.requireNonNullElse(text(object, needed), "").isEmpty()) throw new Ambiguous("the answer to " + operation + " has no " + needed, null);
        return object;
    }

    private List<Map<String, Object>> list(String operation, Map<String, ?> fields) {
        Object answer = call(operation, fields);
        if (!(answer instanceof List)) throw new Ambiguous("the answer to " + operation + " is not a list", null);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Object row : (List<?>) answer) {
            if (!(row instanceof Map)) throw new Ambiguous("the answer to " + operation + " is not a list of objects", null);
            rows.add(cast(row));
        }
        return rows;
    }

    private Object call(String operation, Map<String, ?> fields) {
        byte[] body = Json.write(fields).getBytes(UTF_8); // These very bytes are signed, and sent.
        HttpRequest request = HttpRequest.newBuilder(URI.create(baseUrl + "/" + operation))
            .header("Content-Type", "application/json").header("appKey", appKey).header("sign", sign(appKey, appSecret, body))
            .timeout(timeout).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
        HttpResponse<byte[]> response = send(operation, request);
        int status = response.statusCode();
        if (status >= 500) throw new Ambiguous(operation + " was answered with HTTP " + status, null);
        Object answer;
        try {
            answer = Json.read(response.body());
        } catch (IllegalArgumentException error) {
            throw new Ambiguous("the answer to " + operation + " (HTTP " + status + ") is not whole JSON", error);
        }
        if (answer instanceof Map && Boolean.FALSE.equals(((Map<?, ?>) answer).get("success"))) {
            String reason = response.headers().firstValue("x-qlink-sandbox-error").orElse(null);
            throw refusal(String.valueOf(((Map<?, ?>) answer).get("message")), reason, status);
        }
        if (status != 200) throw new Ambiguous(operation + " was answered with HTTP " + status, null);
        return answer instanceof Map && ((Map<?, ?>) answer).containsKey(RESULT) ? ((Map<?, ?>) answer).get(RESULT) : answer;
    }

    /** The request's own timeout would end with the answer's headers: a body that stops in its middle would hang. */
    private HttpResponse<byte[]> send(String operation, HttpRequest request) {
        CompletableFuture<HttpResponse<byte[]>> answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray());
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException error) {
            throw new Ambiguous(operation + " had no answer: " + error.getCause(), error.getCause());
        } catch (TimeoutException error) {
            throw new Ambiguous(operation + " had no whole answer after " + timeout.toMillis() + " ms", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new Ambiguous(operation + " was interrupted", error);
        } finally {
            answer.cancel(true);
        }
    }

    private static Failure refusal(String message, String reason, int status) {
        boolean byWords = reason == null && ABOUT_SIGNATURE.matcher(message).find();
        boolean signature = byWords || status == 401 || reason != null && SIGNATURE_REASONS.contains(reason);
        return signature ? new BadSignature(message, reason) : new Refused(message, reason);
    }

    /** SHA-1 over {"appKey":"...","content":"<the body as a JSON string>"} and the secret; body is the bytes that travel. */
    public static String sign(String appKey, String appSecret, byte[] body) {
        ByteArrayOutputStream hashed = new ByteArrayOutputStream();
        hashed.writeBytes("{\"appKey\":".getBytes(UTF_8));
        hashed.writeBytes(Json.quoted(appKey.getBytes(UTF_8)));
        if (body.length > 0) {
            hashed.writeBytes(",\"content\":".getBytes(UTF_8));
            hashed.writeBytes(Json.quoted(body));
        }
        hashed.writeBytes(("}" + appSecret).getBytes(UTF_8));
        try {
            return String.format("%040x", new BigInteger(1, MessageDigest.getInstance("SHA-1").digest(hashed.toByteArray())));
        } catch (NoSuchAlgorithmException never) {
            throw new IllegalStateException(never);
        }
    }

    /**
     * The notification, if its signature fits one of the secrets (while keys rotate: the old and the new). The scheme knows
     * no time and no nonce, so the same one may come again, by QLink or by another: what it causes must happen once.
     *
     * @param rawBody the bytes as they came, before any framework has parsed them
     * @param sign the header `sign`; null where there is none
     * @param appKey your own
     * @throws BadSignature answer 401 then, and do nothing
     */
    public static Map<String, Object> verifyNotification(byte[] rawBody, String sign, String appKey, String... secrets) {
        if (secrets.length == 0) throw new IllegalArgumentException("give at least one appSecret");
        byte[] received = (sign == null ? "" : sign).getBytes(UTF_8);
        boolean fits = false;
        for (String secret : secrets) {
            if (secret == null || secret.isEmpty()) throw new IllegalArgumentException("an appSecret is empty: everyone could sign with that");
            // All are tried, so that the time does not tell which one fits.
            fits |= MessageDigest.isEqual(sign(appKey, secret, rawBody).getBytes(UTF_8), received);
        }
        if (!fits) throw new BadSignature(sign == null ? "the notification has no header sign" : "the notification's signature does not fit", null);
        try {
            Object told = Json.read(rawBody);
            if (told instanceof Map) return cast(told);
        } catch (IllegalArgumentException error) {
            throw new Ambiguous("the notification is not JSON", error);
        }
        throw new Ambiguous("the notification is not an object", null);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> cast(Object object) {
        return (Map<String, Object>) object;
    }

    /** A field's text, null where there is none. */
    private static String text(Map<String, Object> object, String name) {
        Object value = object.get(name);
        return value == null ? null : value.toString();
    }

    /** As much JSON as this needs, with numbers as BigDecimal, digit for digit. A project that has Jackson may use that. */
    static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        /** @throws IllegalArgumentException where it is not JSON, or more than 100 deep, or not UTF-8 */
        static Object read(byte[] utf8) {
            Json json;
            try {
                json = new Json(UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString());
            } catch (CharacterCodingException error) {
                throw new IllegalArgumentException("not UTF-8", error);
            }
            Object value = json.value(0);
            json.next();
            if (json.at < json.text.length()) throw json.wrong();
            return value;
        }

        private Object value(int depth) {
            if (depth > 100) throw wrong();
            char first = next();
            if (first == '"') return string();
            if (first == '{' || first == '[') return first == '{' ? object(depth) : array(depth);
            int from = at;
            while (at < text.length() && "+-.".indexOf(text.charAt(at)) >= 0 || at < text.length() && Character.isLetterOrDigit(text.charAt(at))) at++;
            String word = text.substring(from, at);
            if (word.equals("true") || word.equals("false")) return word.equals("true");
            if (word.equals("null")) return null;
            if (!word.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw wrong();
            return new BigDecimal(word);
        }

        private Map<String, Object> object(int depth) {
            Map<String, Object> members = new LinkedHashMap<>();
            at++;
            if (took('}')) return members;
            do {
                if (next() != '"') throw wrong();
                String name = string();
                if (!took(':')) throw wrong();
                members.put(name, value(depth + 1));
            } while (took(','));
            if (!took('}')) throw wrong();
            return members;
        }

        private List<Object> array(int depth) {
            List<Object> entries = new ArrayList<>();
            at++;
            if (took(']')) return entries;
            do entries.add(value(depth + 1)); while (took(','));
            if (!took(']')) throw wrong();
            return entries;
        }

        private String string() {
            StringBuilder found = new StringBuilder();
            for (at++; at < text.length(); at++) {
                char letter = text.charAt(at);
                if (letter == '"') {
                    at++;
                    return found.toString();
                }
                if (letter < 0x20) throw wrong();
                found.append(letter == '\\' ? escaped() : letter);
            }
            throw wrong();
        }

        private char escaped() {
            if (++at >= text.length()) throw wrong();
            if (text.charAt(at) == 'u') {
                if (at + 4 >= text.length()) throw wrong();
                at += 4;
                return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
            }
            int place = "\"\\/bfnrt".indexOf(text.charAt(at));
            if (place < 0) throw wrong();
            return "\"\\/\b\f\n\r\t".charAt(place);
        }

        /** The next sign that is no blank, 0 at the end. */
        private char next() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        private boolean took(char one) {
            boolean there = next() == one;
            if (there) at++;
            return there;
        }

        private IllegalArgumentException wrong() {
            return new IllegalArgumentException("not JSON at character " + at);
        }

        /** @throws IllegalArgumentException for a double or float, which cannot hold an amount exactly */
        static String write(Object value) {
            if (value instanceof Map) {
                StringJoiner members = new StringJoiner(",", "{", "}");
                ((Map<?, ?>) value).forEach((name, one) -> members.add(write(name.toString()) + ":" + write(one)));
                return members.toString();
            }
            if (value instanceof Iterable) {
                StringJoiner entries = new StringJoiner(",", "[", "]");
                for (Object one : (Iterable<?>) value) entries.add(write(one));
                return entries.toString();
            }
            if (value instanceof String) return new String(quoted(((String) value).getBytes(UTF_8)), UTF_8);
            if (value instanceof BigDecimal) return ((BigDecimal) value).toPlainString();
            if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof Long || value instanceof BigInteger) return String.valueOf(value);
            throw new IllegalArgumentException("a " + value.getClass().getName() + " cannot be written exactly: give a BigDecimal or text");
        }

        /** UTF-8 bytes as a JSON string: quotes, backslashes and control characters escaped, all else (also / and Chinese) as it is. */
        static byte[] quoted(byte[] utf8) {
            ByteArrayOutputStream json = new ByteArrayOutputStream(utf8.length + utf8.length / 4 + 2);
            json.write('"');
            for (byte one : utf8) {
                int place = "\"\\\b\f\n\r\t".indexOf((char) (one & 0xff));
                if (place >= 0) {
                    json.write('\\');
                    json.write("\"\\bfnrt".charAt(place));
                } else if (one >= 0 && one < 0x20) {
                    json.writeBytes(String.format("\\u%04x", one).getBytes(UTF_8));
                } else {
                    json.write(one);
                }
            }
            json.write('"');
            return json.toByteArray();
        }
    }
}
