using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Fields = System.Collections.Generic.Dictionary<string, object>;

/// <summary>The client against the signing vectors, and against a sandbox: qlink-sandbox exec -- dotnet run</summary>
public static class ClientTest
{
    private const string Vectors = "../../../fixtures/signing-vectors.json";
    private static readonly string Base = Environment.GetEnvironmentVariable("QLINK_BASE_URL");
    private static readonly string Control = Environment.GetEnvironmentVariable("QLINK_CONTROL_URL");
    private static readonly string Token = Environment.GetEnvironmentVariable("QLINK_CONTROL_TOKEN");
    private static readonly HttpClient Http = new HttpClient();

    public static int Main()
    {
        var alone = new Dictionary<string, Func<Task>>
        {
            { "every vector is signed alike", VectorsAsync },
            { "control characters are escaped as JSON has them", ControlCharactersAsync },
            { "amounts are written and read digit for digit", AmountsAsync },
            { "what is no JSON is not read", NoJsonAsync },
            { "a notification fits the old and the new secret alone", RotationAsync },
            { "an answer that stops in its middle does not hang", StopsAsync },
        };
        var live = new Dictionary<string, Func<Task>>
        {
            { "the four operations", OperationsAsync },
            { "a wrong secret and a wrong key are refused", WrongSecretAsync },
            { "a refusal says why", RefusalAsync },
            { "an application whose answer is lost is asked for", LostAnswerAsync },
            { "an application that never arrived is told", NeverArrivedAsync },
            { "a real notification is verified and a forged one refused", NotificationAsync },
        };
        int failed = alone.Count(Fails);
        bool sandbox = Base != null && Control != null;
        if (sandbox) failed += live.Count(Fails);
        else foreach (string name in live.Keys) Console.WriteLine("skipped " + name + ": no sandbox, run qlink-sandbox exec -- dotnet run");
        int skipped = sandbox ? 0 : live.Count;
        Console.WriteLine((alone.Count + live.Count - failed - skipped) + " passed, " + failed + " failed, " + skipped + " skipped");
        return failed == 0 ? 0 : 1;
    }

    private static bool Fails(KeyValuePair<string, Func<Task>> test)
    {
        try
        {
            test.Value().GetAwaiter().GetResult();
            Console.WriteLine("ok      " + test.Key);
            return false;
        }
        catch (Exception error)
        {
            Console.WriteLine("FAILED  " + test.Key + ": " + error.GetType().Name + ": " + error.Message);
            return true;
        }
    }

    private static Task VectorsAsync()
    {
        var cases = (List<object>)((Fields)QLink.Json.Read(File.ReadAllBytes(Vectors)))["cases"];
        Check(cases.Count > 10, "there are " + cases.Count);
        foreach (Fields vector in cases)
        {
            string found = QLink.Sign((string)vector["appKey"], (string)vector["appSecret"], Bytes((string)vector["content"]));
            Check(found.Equals(vector["sign"]), vector["name"] + ": " + found);
        }
        return Task.CompletedTask;
    }

    private static Task ControlCharactersAsync()
    {
        Equal("\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f/\u2028\"", Encoding.UTF8.GetString(QLink.Json.Quoted(Bytes("\b\t\n\f\r\0\u001f\u007f/\u2028"))));
        return Task.CompletedTask;
    }

    private static async Task AmountsAsync()
    {
        Equal("[12345678901234567.1234567890,1.10,\"1.10\",1,true,null]", QLink.Json.Write(new object[] { 12345678901234567.1234567890m, 1.10m, "1.10", 1, true, null }));
        const string digits = "12345678901234567890.1234567890";
        Equal(digits, ((Fields)QLink.Json.Read(Bytes("{\"amount\": " + digits + "}")))["amount"]);
        foreach (object inexact in new object[] { 1.1, 1.1f })
        {
            await FailsAsync<ArgumentException>(() => Task.FromResult(QLink.Json.Write(new Fields { { "amount", inexact } })));
        }
    }

    private static async Task NoJsonAsync()
    {
        var read = (Fields)QLink.Json.Read(Bytes(" {\"a\" : [ 1 , \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\" , {} , [ ] , null ] } "));
        Equal("[\"1\",\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\",{},[],null]", QLink.Json.Write(read["a"]));
        string[] wrong = { "", "{", "[1", "{\"a\":1", "{\"a\" 1}", "{a:1}", "[1,]", "\"a", "\"\\", "\"\\u12\"", "\"\\x\"", "\"\n\"", "1 2", "01", "1.", "nul", "{}\0", new string('[', 99999) };
        foreach (string text in wrong) await FailsAsync<FormatException>(() => Task.FromResult(QLink.Json.Read(Bytes(text))));
        await FailsAsync<FormatException>(() => Task.FromResult(QLink.Json.Read(new byte[] { 0x22, 0xc3, 0x22 })));
    }

    private static async Task RotationAsync()
    {
        byte[] body = Bytes("{\"tradeUuid\":\"t\",\"status\":\"PAY_SUCCESS\",\"note\":\"\u5546/\"}");
        string right = QLink.Sign("key", "new", body);
        foreach (string secret in new[] { "old", "new" })
        {
            Equal("PAY_SUCCESS", QLink.VerifyNotification(body, QLink.Sign("key", secret, body), "key", "new", "old")["status"]);
        }
        foreach (string sign in new[] { QLink.Sign("key", "else", body), null, "", right.ToUpperInvariant(), right + "\u7b7e" })
        {
            await FailsAsync<QLink.BadSignatureException>(() => Task.FromResult(QLink.VerifyNotification(body, sign, "key", "new", "old")));
        }
        await FailsAsync<QLink.BadSignatureException>(() => Task.FromResult(QLink.VerifyNotification(Bytes("{}"), right, "key", "new")));
        string everyones = QLink.Sign("key", "", body);
        foreach (string[] secrets in new[] { new string[0], new[] { "new", "" }, new string[] { null } })
        {
            await FailsAsync<ArgumentException>(() => Task.FromResult(QLink.VerifyNotification(body, everyones, "key", secrets)));
        }
    }

    private static async Task StopsAsync()
    {
        var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var held = new ConcurrentBag<TcpClient>();
        Task stopping = Task.Run(async () =>
        {
            byte[] half = Bytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":true");
            for (int call = 0; call < 2; call++)
            {
                TcpClient one = await server.AcceptTcpClientAsync();
                held.Add(one);
                await one.GetStream().WriteAsync(half, 0, half.Length);
            }
        });
        try
        {
            var client = new QLink("http://127.0.0.1:" + ((IPEndPoint)server.LocalEndpoint).Port, "key", "secret", TimeSpan.FromMilliseconds(300), TimeSpan.Zero);
            Stopwatch clock = Stopwatch.StartNew();
            Equal(QLink.Outcome.Unknown, (await FailsAsync<QLink.AmbiguousException>(() => client.ApplyAsync(Application("t")))).Outcome);
            Check(clock.ElapsedMilliseconds < 5000, "it took as long as the answer pleased");
            await stopping;
        }
        finally
        {
            foreach (TcpClient one in held) one.Dispose();
            server.Stop();
        }
    }

    private static async Task OperationsAsync()
    {
        Merchant merchant = await Merchant.MadeAsync(new Fields());
        QLink client = merchant.Client(5000);
        Check((await client.QueryPayAccountAsync("account1")).Any(row => "QRIS".Equals(row["code"])), "QRIS is not there");
        Fields fields = Application("t-1");
        fields["description"] = "\u63cf\u8ff0 \ud83d\ude42 a/b <b> \"quoted\" \\ \n";
        QLink.Applied bill = await client.ApplyAsync(fields);
        Check(!string.IsNullOrEmpty(bill.BillCode) && !string.IsNullOrEmpty(bill.ActionValue), "the answer is not whole");
        Equal("PAY_WAIT", (await client.GetPayStatusAsync(new[] { "t-1" }, new string[0]))[0]["status"]);
        await merchant.ControlAsync("POST", "/bills/tradeUuid:t-1/pay", new Fields());
        object amount = (await client.GetPayStatusAsync(new string[0], new[] { bill.BillCode }))[0]["amount"];
        Equal(15000.50m, decimal.Parse((string)amount, CultureInfo.InvariantCulture));
        Equal("BILL_ALREADY_PAID", (await client.CancelAsync("t-1"))["errorCode"]);
    }

    private static async Task WrongSecretAsync()
    {
        Merchant merchant = await Merchant.MadeAsync(new Fields());
        var error = await FailsAsync<QLink.BadSignatureException>(() => new QLink(Base, merchant.Key, "wrong").ApplyAsync(Application("t-2")));
        Equal("SIGN_MISMATCH", error.Reason);
        await FailsAsync<QLink.BadSignatureException>(() => new QLink(Base, "nobody", "wrong").QueryPayAccountAsync("account1"));
    }

    private static async Task RefusalAsync()
    {
        QLink client = (await Merchant.MadeAsync(new Fields())).Client(5000);
        await client.ApplyAsync(Application("t-3"));
        Equal("TRADE_UUID_TAKEN", (await FailsAsync<QLink.RefusedException>(() => client.ApplyAsync(Application("t-3")))).Reason);
    }

    private static async Task LostAnswerAsync()
    {
        foreach (string fault in new[] { "connection-reset", "empty-response", "truncated-json", "garbage", "hang", "http-500", "http-504" })
        {
            Merchant merchant = await Merchant.LossyAsync(fault, "kept");
            QLink.Applied bill = await merchant.Client(fault == "hang" ? 1000 : 5000).ApplyAsync(Application("t-4"));
            Equal(fault + " PAY_WAIT null", fault + " " + bill.Status + " " + (bill.ActionValue ?? "null"));
            Check(!string.IsNullOrEmpty(bill.BillCode), "there is no billCode");
            Equal(fault + " 1", fault + " " + await merchant.ApplicationsAsync());
        }
    }

    private static async Task NeverArrivedAsync()
    {
        foreach (string fault in new[] { "connection-reset", "hang", "http-503" })
        {
            Merchant merchant = await Merchant.LossyAsync(fault, "none");
            QLink client = merchant.Client(fault == "hang" ? 1000 : 5000);
            var error = await FailsAsync<QLink.AmbiguousException>(() => client.ApplyAsync(Application("t-5")));
            Equal(QLink.Outcome.NotThere, error.Outcome);
            Equal(fault + " 1", fault + " " + await merchant.ApplicationsAsync());
            // What the caller may do, and the client never does: the same tradeUuid again.
            Check(!string.IsNullOrEmpty((await client.ApplyAsync(Application("t-5"))).ActionValue), "the second application was not answered");
        }
    }

    private static async Task NotificationAsync()
    {
        string url = FreeUrl();
        var taken = new BlockingCollection<object>();
        Merchant merchant = await Merchant.MadeAsync(new Fields { { "notifyUrl", url }, { "clock", "manual" } });
        using (var server = new HttpListener())
        {
            server.Prefixes.Add(url);
            server.Start();
            Task shop = Task.Run(async () =>
            {
                for (int call = 0; call < 3; call++)
                {
                    HttpListenerContext exchange = await server.GetContextAsync();
                    var body = new MemoryStream();
                    await exchange.Request.InputStream.CopyToAsync(body);
                    try
                    {
                        taken.Add(QLink.VerifyNotification(body.ToArray(), exchange.Request.Headers["sign"], merchant.Key, "the-next-secret", merchant.Secret));
                    }
                    catch (QLink.BadSignatureException forged)
                    {
                        taken.Add(forged);
                        exchange.Response.StatusCode = 401;
                    }
                    exchange.Response.Close();
                }
            });
            await merchant.Client(5000).ApplyAsync(Application("t-6"));
            foreach (string sign in new[] { "wrong", "missing" })
            {
                await merchant.ControlAsync("POST", "/bills/tradeUuid:t-6/notify", new Fields { { "status", "PAY_SUCCESS" }, { "sign", sign } });
                Check(taken.TryTake(out object forged, 10000) && forged is QLink.BadSignatureException, sign + ": " + forged);
            }
            await merchant.ControlAsync("POST", "/bills/tradeUuid:t-6/pay", new Fields());
            Check(taken.TryTake(out object told, 10000) && told is Fields, "told: " + told);
            Equal("t-6 PAY_SUCCESS", ((Fields)told)["tradeUuid"] + " " + ((Fields)told)["status"]);
            await shop;
        }
    }

    private static string FreeUrl()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return "http://127.0.0.1:" + port + "/";
    }

    private static Fields Application(string trade)
    {
        return new Fields
        {
            { "payAccount", "account1" }, { "payTypeCode", "ONLINE" }, { "payChannelCode", "QRIS" }, { "tradeUuid", trade },
            { "tradeTime", "2025-08-04 13:45:21" }, { "orderCode", "O-1" }, { "country", "ID" }, { "currency", "IDR" }, { "amount", 15000.50m },
        };
    }

    /// <summary>A merchant of a test's own.</summary>
    private sealed class Merchant
    {
        public readonly string Key;
        public readonly string Secret;

        private Merchant(Fields made)
        {
            Key = (string)made["appKey"];
            Secret = (string)made["appSecret"];
        }

        public static async Task<Merchant> MadeAsync(Fields fields)
        {
            return new Merchant((Fields)await SendAsync("POST", "/merchants", fields));
        }

        /// <summary>One whose first application has no clear answer.</summary>
        public static Task<Merchant> LossyAsync(string fault, string effect)
        {
            object[] attempts = { new Fields { { "fault", fault }, { "effect", effect } }, new Fields() };
            var scenario = new Fields { { "name", "lossy" }, { "on", new Fields { { "apply", attempts } } } };
            return MadeAsync(new Fields { { "scenario", scenario } });
        }

        public QLink Client(int timeout)
        {
            return new QLink(Base, Key, Secret, TimeSpan.FromMilliseconds(timeout), TimeSpan.Zero, TimeSpan.FromMilliseconds(50));
        }

        public async Task<int> ApplicationsAsync()
        {
            return ((List<object>)((Fields)await ControlAsync("GET", "/requests?operation=apply", null))["items"]).Count;
        }

        /// <summary>Asks the sandbox about this merchant alone.</summary>
        public Task<object> ControlAsync(string method, string path, object content)
        {
            return SendAsync(method, path + (path.Contains("?") ? "&" : "?") + "appKey=" + Uri.EscapeDataString(Key), content);
        }

        private static async Task<object> SendAsync(string method, string path, object content)
        {
            using (var request = new HttpRequestMessage(new HttpMethod(method), Control + path))
            {
                if (Token != null) request.Headers.Add("Authorization", "Bearer " + Token);
                if (content != null) request.Content = new StringContent(QLink.Json.Write(content), Encoding.UTF8, "application/json");
                using (HttpResponseMessage answer = await Http.SendAsync(request))
                {
                    byte[] body = await answer.Content.ReadAsByteArrayAsync();
                    Check(answer.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
                    return QLink.Json.Read(body);
                }
            }
        }
    }

    private static async Task<E> FailsAsync<E>(Func<Task> code) where E : Exception
    {
        try
        {
            await code();
        }
        catch (E error)
        {
            return error;
        }
        throw new InvalidOperationException("there was no " + typeof(E).Name);
    }

    private static byte[] Bytes(string text)
    {
        return Encoding.UTF8.GetBytes(text);
    }

    private static void Equal(object expected, object found)
    {
        Check(expected.Equals(found), "expected " + expected + ", found " + found);
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }
}
