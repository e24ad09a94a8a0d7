// Answers webhooks. Nothing to install besides .NET or Mono: Receiver 8090
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;

[DataContract]
public class Call
{
    [DataMember(Name = "caller_number", IsRequired = true)] public string CallerNumber;
}

public static class Receiver
{
    static readonly HashSet<string> Unpaid = new HashSet<string> { "31612345678" };

    static readonly byte[] Key =
        Convert.FromBase64String(Environment.GetEnvironmentVariable("WEBHOOK_SECRET").Replace("whsec_", ""));

    // Signed is id.timestamp.body, byte for byte. A GET has no body: in its place stands "GET /path?query".
    static bool Believed(HttpListenerRequest request, byte[] body)
    {
        string id = request.Headers["webhook-id"], stamp = request.Headers["webhook-timestamp"];
        long seconds;
        if (string.IsNullOrEmpty(id) || !long.TryParse(stamp, out seconds)) return false;
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > 300) return false;
        var payload = request.HttpMethod == "GET" ? Encoding.UTF8.GetBytes("GET " + request.RawUrl) : body;
        byte[] right;
        using (var hmac = new HMACSHA256(Key))
            right = hmac.ComputeHash(Encoding.UTF8.GetBytes(id + "." + stamp + ".").Concat(payload).ToArray());
        var expected = "v1," + Convert.ToBase64String(right);
        return (request.Headers["webhook-signature"] ?? "").Split(' ').Any(given => Same(given, expected));
    }

    // How far two agree must not show in the time it takes.
    static bool Same(string one, string other)
    {
        var different = one.Length ^ other.Length;
        for (var at = 0; at < one.Length && at < other.Length; at++) different |= one[at] ^ other[at];
        return different == 0;
    }

    static void Answer(HttpListenerResponse response, int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength64 = bytes.Length;
        response.OutputStream.Write(bytes, 0, bytes.Length);
        response.Close();
    }

    static void Handle(HttpListenerContext context)
    {
        try
        {
            var read = new MemoryStream();
            context.Request.InputStream.CopyTo(read);
            var body = read.ToArray();
            if (!Believed(context.Request, body)) { Answer(context.Response, 401, "not signed by the exchange"); return; }
            Call call = null;
            try { call = (Call)new DataContractJsonSerializer(typeof(Call)).ReadObject(new MemoryStream(body)); }
            catch (SerializationException) { }
            if (call == null || call.CallerNumber == null) { Answer(context.Response, 400, "not the JSON of a call"); return; }
            Answer(context.Response, 200, Unpaid.Contains(call.CallerNumber) ? "openstaand" : "");
        }
        catch (Exception)
        {
            context.Response.Abort(); // the caller hung up
        }
    }

    public static void Main(string[] arguments)
    {
        var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:" + arguments[0] + "/");
        listener.Start();
        while (true)
        {
            var context = listener.GetContext();
            Task.Run(() => Handle(context));
        }
    }
}
