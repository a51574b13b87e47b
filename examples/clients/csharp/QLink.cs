using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

/// <summary>A merchant's client of QLink: one file, .NET 8 (or Mono), and nothing else. Copy it. Threads may share it.</summary>
public sealed class QLink
{
    // QLink's document does not say what wraps an answer where something does; its publisher's newer documents use this name.
    private const string Result = "result";
    // The sandbox gives a reason by name, QLink itself words alone: where there are only words, we look for these.
    private static readonly Regex AboutSignature = new Regex("\\bsign(ature)?\\b|\u7b7e\u540d|\u9a8c\u7b7e", RegexOptions.IgnoreCase);
    private static readonly string[] SignatureReasons = { "SIGN_MISMATCH", "APP_KEY_UNKNOWN", "HEADER_MISSING" };

    private readonly string baseUrl;
    private readonly string appKey;
    private readonly string appSecret;
    private readonly TimeSpan[] askAfter;
    private readonly HttpClient http;

    public QLink(string baseUrl, string appKey, string appSecret)
        : this(baseUrl, appKey, appSecret, TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3))
    {
    }

    /// <param name="timeout">for a whole call, its answer's last byte included</param>
    /// <param name="askAfter">how long to wait before each question about an application whose answer is lost</param>
    public QLink(string baseUrl, string appKey, string appSecret, TimeSpan timeout, params TimeSpan[] askAfter)
    {
        this.baseUrl = baseUrl.TrimEnd('/');
        this.appKey = appKey;
        this.appSecret = appSecret;
        this.askAfter = askAfter;
        http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { Timeout = timeout };
    }

    /// <summary>One of the three below.</summary>
    public abstract class FailureException : Exception
    {
        protected FailureException(string message, Exception cause) : base(message, cause)
        {
        }
    }

    /// <summary>QLink has said no (success: false): nothing was done.</summary>
    public sealed class RefusedException : FailureException
    {
        /// <summary>The sandbox's name for it; null from QLink itself.</summary>
        public string Reason { get; }

        internal RefusedException(string message, string reason) : base(message, null)
        {
            Reason = reason;
        }
    }

    /// <summary>QLink did not take our appKey and sign, or a notification's signature does not fit: look at keys and bytes.</summary>
    public sealed class BadSignatureException : FailureException
    {
        /// <summary>The sandbox's name for it; null from QLink itself, and for a notification.</summary>
        public string Reason { get; }

        internal BadSignatureException(string message, string reason) : base(message, null)
        {
            Reason = reason;
        }
    }

    /// <summary>What asking for an application without an answer has shown.</summary>
    public enum Outcome
    {
        NotThere,
        Unknown,
    }

    /// <summary>
    /// No clear answer came (timeout, reset, 5xx, cut off): it may have been done or not.
    ///
    /// After ApplyAsync, <see cref="Outcome"/> tells what asking has shown: NotThere, or Unknown where asking failed too.
    /// Even NotThere may change, since the application can still be on its way. So never apply again under another
    /// tradeUuid: the customer might pay twice. To apply again with the SAME tradeUuid is safe, for QLink takes each once:
    /// if that is refused, the first one arrived after all, and GetPayStatusAsync tells its state.
    /// </summary>
    public sealed class AmbiguousException : FailureException
    {
        public Outcome Outcome { get; }

        internal AmbiguousException(string message, Exception cause, Outcome outcome = Outcome.Unknown) : base(message, cause)
        {
            Outcome = outcome;
        }
    }

    /// <summary>
    /// A bill that is there. Where its answer was lost and it was asked for, Status is known and ActionValue is not: no call
    /// gives it again, so cancel such a bill, and only after SUCCESS apply under a new tradeUuid.
    /// </summary>
    public sealed class Applied
    {
        public string BillCode { get; }
        public string PaymentRequestId { get; }
        public string ErrorCode { get; }
        /// <summary>What the customer needs to pay; null where the answer was lost.</summary>
        public string ActionValue { get; }
        /// <summary>PAY_WAIT, PAY_SUCCESS and so on; null unless it was asked for.</summary>
        public string Status { get; }

        internal Applied(Dictionary<string, object> answer)
        {
            BillCode = Text(answer, "billCode");
            PaymentRequestId = Text(answer, "paymentRequestId");
            ErrorCode = Text(answer, "errorCode");
            ActionValue = Text(answer, "actionValue");
            Status = Text(answer, "status");
        }
    }

    /// <summary>The ways to pay of an account.</summary>
    public Task<List<Dictionary<string, object>>> QueryPayAccountAsync(string payAccount)
    {
        return ListAsync("queryPayAccount", new Dictionary<string, object> { { "payAccount", payAccount } });
    }

    /// <summary>Applies for a payment, once: after an ambiguous answer it asks for the bill and never applies a second time.</summary>
    /// <param name="fields">as in QLink's document; the amount a decimal or text</param>
    /// <exception cref="AmbiguousException">the bill was not there when asked, or asking failed too; it says how to go on</exception>
    public async Task<Applied> ApplyAsync(IReadOnlyDictionary<string, object> fields)
    {
        string tradeUuid = fields.TryGetValue("tradeUuid", out object given) ? given as string : null;
        if (string.IsNullOrEmpty(tradeUuid)) throw new ArgumentException("tradeUuid is missing");
        AmbiguousException lost;
        try
        {
            return new Applied(ObjectOf("apply", "billCode", await CallAsync("apply", fields).ConfigureAwait(false)));
        }
        catch (AmbiguousException error)
        {
            lost = error;
        }
        return await AskedForAsync(tradeUuid, lost).ConfigureAwait(false);
    }

    /// <summary>The bills that are there; "amount" is text, digit for digit, and null until one is paid. Either list may be empty, not both.</summary>
    public Task<List<Dictionary<string, object>>> GetPayStatusAsync(IEnumerable<string> tradeUuids, IEnumerable<string> billCodes)
    {
        return ListAsync("getPayStatus", new Dictionary<string, object> { { "tradeUuidList", tradeUuids }, { "billCodeList", billCodes } });
    }

    /// <summary>Asks to cancel, and tells "status" (SUCCESS, WAIT or FAIL), "cancelTime" and "errorCode". Safe to ask again.</summary>
    public async Task<Dictionary<string, object>> CancelAsync(string tradeUuid)
    {
        var fields = new Dictionary<string, object> { { "tradeUuid", tradeUuid } };
        return ObjectOf("cancel", "status", await CallAsync("cancel", fields).ConfigureAwait(false));
    }

    private async Task<Applied> AskedForAsync(string tradeUuid, AmbiguousException lost)
    {
        Outcome outcome = Outcome.Unknown;
        foreach (TimeSpan wait in askAfter)
        {
            await Task.Delay(wait).ConfigureAwait(false);
            try
            {
                foreach (Dictionary<string, object> bill in await GetPayStatusAsync(new[] { tradeUuid }, new string[0]).ConfigureAwait(false))
                {
                    if (Text(bill, "tradeUuid") == tradeUuid) return new Applied(bill);
                }
                outcome = Outcome.NotThere;
            }
            catch (FailureException)
            {
                // The next question may be answered.
            }
        }
        string asked = outcome == Outcome.NotThere ? "there was no such bill when asked" : "asking for the bill failed too";
        throw new AmbiguousException("apply of " + tradeUuid + ": " + lost.Message + "; " + asked, lost, outcome);
    }

    private static Dictionary<string, object> ObjectOf(string operation, string needed, object answer)
    {
        if (answer is Dictionary<string, object> found && !string.IsNullOrEmpty(Text(found, needed))) return found;
        throw new AmbiguousException("the answer to " + operation + " has no " + needed, null);
    }

    private async Task<List<Dictionary<string, object>>> ListAsync(string operation, IReadOnlyDictionary<string, object> fields)
    {
        object answer = await CallAsync(operation, fields).ConfigureAwait(false);
        if (answer is List<object> rows && rows.All(row => row is Dictionary<string, object>)) return rows.Cast<Dictionary<string, object>>().ToList();
        throw new AmbiguousException("the answer to " + operation + " is not a list of objects", null);
    }

    private async Task<object> CallAsync(string operation, IReadOnlyDictionary<string, object> fields)
    {
        byte[] body = Encoding.UTF8.GetBytes(Json.Write(fields)); // These very bytes are signed, and sent.
        int status;
        string reason;
        byte[] raw;
        using (var request = new HttpRequestMessage(HttpMethod.Post, baseUrl + "/" + operation))
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.ExpectContinue = false;
            request.Headers.Add("appKey", appKey);
            request.Headers.Add("sign", Sign(appKey, appSecret, body));
            try
            {
                using (HttpResponseMessage response = await http.SendAsync(request).ConfigureAwait(false))
                {
                    status = (int)response.StatusCode;
                    reason = response.Headers.TryGetValues("x-qlink-sandbox-error", out IEnumerable<string> values) ? values.First() : null;
                    raw = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is HttpRequestException || error is OperationCanceledException || error is IOException || error is WebException)
            {
                throw new AmbiguousException(operation + " had no whole answer: " + error.Message, error);
            }
        }
        if (status >= 500) throw new AmbiguousException(operation + " was answered with HTTP " + status, null);
        object answer;
        try
        {
            answer = Json.Read(raw);
        }
        catch (FormatException error)
        {
            throw new AmbiguousException("the answer to " + operation + " (HTTP " + status + ") is not whole JSON", error);
        }
        var found = answer as Dictionary<string, object>;
        if (found != null && found.TryGetValue("success", out object success) && Equals(success, false)) throw Refusal(Text(found, "message"), reason, status);
        if (status != 200) throw new AmbiguousException(operation + " was answered with HTTP " + status, null);
        return found != null && found.TryGetValue(Result, out object inner) ? inner : answer;
    }

    private static FailureException Refusal(string message, string reason, int status)
    {
        bool byWords = reason == null && AboutSignature.IsMatch(message ?? "");
        if (byWords || status == 401 || SignatureReasons.Contains(reason)) return new BadSignatureException(message, reason);
        return new RefusedException(message, reason);
    }

    /// <summary>SHA-1 over {"appKey":"...","content":"(the body as a JSON string)"} and the secret; body is the bytes that travel.</summary>
    public static string Sign(string appKey, string appSecret, byte[] body)
    {
        using (var hashed = new MemoryStream())
        using (SHA1 sha1 = SHA1.Create())
        {
            Put(hashed, Encoding.UTF8.GetBytes("{\"appKey\":"));
            Put(hashed, Json.Quoted(Encoding.UTF8.GetBytes(appKey)));
            if (body.Length > 0)
            {
                Put(hashed, Encoding.UTF8.GetBytes(",\"content\":"));
                Put(hashed, Json.Quoted(body));
            }
            Put(hashed, Encoding.UTF8.GetBytes("}" + appSecret));
            return BitConverter.ToString(sha1.ComputeHash(hashed.ToArray())).Replace("-", "").ToLowerInvariant();
        }
    }

    private static void Put(MemoryStream into, byte[] bytes)
    {
        into.Write(bytes, 0, bytes.Length);
    }

    /// <summary>
    /// The notification, if its signature fits one of the secrets (while keys rotate: the old and the new). The scheme knows
    /// no time and no nonce, so the same one may come again, by QLink or by another: what it causes must happen once.
    /// </summary>
    /// <param name="rawBody">the bytes as they came, before any framework has parsed them</param>
    /// <param name="sign">the header "sign"; null where there is none</param>
    /// <param name="appKey">your own</param>
    /// <param name="secrets">the secrets that may have signed it</param>
    /// <exception cref="BadSignatureException">answer 401 then, and do nothing</exception>
    public static Dictionary<string, object> VerifyNotification(byte[] rawBody, string sign, string appKey, params string[] secrets)
    {
        if (secrets.Length == 0 || secrets.Any(string.IsNullOrEmpty)) throw new ArgumentException("give at least one appSecret, and none that is empty: everyone could sign with that");
        byte[] received = Encoding.UTF8.GetBytes(sign ?? "");
        bool fits = false;
        // All are tried, so that the time does not tell which one fits.
        foreach (string secret in secrets) fits |= CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(appKey, secret, rawBody)), received);
        if (!fits) throw new BadSignatureException(sign == null ? "the notification has no header sign" : "the notification's signature does not fit", null);
        try
        {
            if (Json.Read(rawBody) is Dictionary<string, object> told) return told;
        }
        catch (FormatException error)
        {
            throw new AmbiguousException("the notification is not JSON", error);
        }
        throw new AmbiguousException("the notification is not an object", null);
    }

    /// <summary>A field's text, null where there is none.</summary>
    private static string Text(Dictionary<string, object> answer, string name)
    {
        return answer.TryGetValue(name, out object value) ? value as string : null;
    }

    /// <summary>
    /// As much JSON as this needs. Numbers are read as text, digit for digit, since a decimal holds 28 digits and QLink's
    /// amounts may have 30.
    /// </summary>
    public sealed class Json
    {
        private readonly string text;
        private int at;

        private Json(string text)
        {
            this.text = text;
        }

        /// <exception cref="FormatException">it is not JSON, or more than 100 deep, or not UTF-8</exception>
        public static object Read(byte[] utf8)
        {
            Json json;
            try
            {
                json = new Json(new UTF8Encoding(false, true).GetString(utf8));
            }
            catch (ArgumentException error)
            {
                throw new FormatException("not UTF-8", error);
            }
            object value = json.ReadValue(0);
            json.Next();
            if (json.at < json.text.Length) throw json.Wrong();
            return value;
        }

        private object ReadValue(int depth)
        {
            if (depth > 100) throw Wrong();
            char first = Next();
            if (first == '"') return ReadString();
            if (first == '{') return ReadObject(depth);
            if (first == '[') return ReadArray(depth);
            int from = at;
            while (at < text.Length && (char.IsLetterOrDigit(text[at]) || "+-.".IndexOf(text[at]) >= 0)) at++;
            string word = text.Substring(from, at - from);
            if (word == "true" || word == "false") return word == "true";
            if (word == "null") return null;
            if (!Regex.IsMatch(word, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?\\z")) throw Wrong();
            return word;
        }

        private Dictionary<string, object> ReadObject(int depth)
        {
            var members = new Dictionary<string, object>();
            at++;
            if (Took('}')) return members;
            do
            {
                if (Next() != '"') throw Wrong();
                string name = ReadString();
                if (!Took(':')) throw Wrong();
                members[name] = ReadValue(depth + 1);
            }
            while (Took(','));
            if (!Took('}')) throw Wrong();
            return members;
        }

        private List<object> ReadArray(int depth)
        {
            var entries = new List<object>();
            at++;
            if (Took(']')) return entries;
            do entries.Add(ReadValue(depth + 1)); while (Took(','));
            if (!Took(']')) throw Wrong();
            return entries;
        }

        private string ReadString()
        {
            var found = new StringBuilder();
            for (at++; at < text.Length; at++)
            {
                char letter = text[at];
                if (letter == '"')
                {
                    at++;
                    return found.ToString();
                }
                if (letter < ' ') throw Wrong();
                found.Append(letter == '\\' ? Escaped() : letter);
            }
            throw Wrong();
        }

        private char Escaped()
        {
            if (++at >= text.Length) throw Wrong();
            if (text[at] == 'u')
            {
                at += 4;
                if (at >= text.Length || !ushort.TryParse(text.Substring(at - 3, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)) throw Wrong();
                return (char)code;
            }
            int place = "\"\\/bfnrt".IndexOf(text[at]);
            if (place < 0) throw Wrong();
            return "\"\\/\b\f\n\r\t"[place];
        }

        /// <summary>The next sign that is no blank, NUL at the end.</summary>
        private char Next()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
            return at < text.Length ? text[at] : '\0';
        }

        private bool Took(char one)
        {
            bool there = Next() == one;
            if (there) at++;
            return there;
        }

        private FormatException Wrong()
        {
            return new FormatException("not JSON at character " + at);
        }

        /// <exception cref="ArgumentException">a double or float is in it, which cannot hold an amount exactly</exception>
        public static string Write(object value)
        {
            if (value == null) return "null";
            if (value is bool truth) return truth ? "true" : "false";
            if (value is string text) return Encoding.UTF8.GetString(Quoted(Encoding.UTF8.GetBytes(text)));
            if (value is int || value is long || value is decimal) return ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture);
            if (value is IReadOnlyDictionary<string, object> members) return "{" + string.Join(",", members.Select(one => Write(one.Key) + ":" + Write(one.Value))) + "}";
            if (value is IEnumerable entries) return "[" + string.Join(",", entries.Cast<object>().Select(Write)) + "]";
            throw new ArgumentException("a " + value.GetType().Name + " cannot be written exactly: give a decimal or text");
        }

        /// <summary>UTF-8 bytes as a JSON string: quotes, backslashes and control characters escaped, all else (also / and Chinese) as it is.</summary>
        public static byte[] Quoted(byte[] utf8)
        {
            using (var json = new MemoryStream(utf8.Length + utf8.Length / 4 + 2))
            {
                json.WriteByte((byte)'"');
                foreach (byte one in utf8)
                {
                    int place = "\"\\\b\f\n\r\t".IndexOf((char)one);
                    if (place >= 0) Put(json, new[] { (byte)'\\', (byte)"\"\\bfnrt"[place] });
                    else if (one < 0x20) Put(json, Encoding.UTF8.GetBytes("\\u" + one.ToString("x4", CultureInfo.InvariantCulture)));
                    else json.WriteByte(one);
                }
                json.WriteByte((byte)'"');
                return json.ToArray();
            }
        }
    }
}
