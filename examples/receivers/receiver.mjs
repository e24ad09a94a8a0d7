// Answers webhooks. Nothing to install: node receiver.mjs 8090
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const UNPAID = new Set(["31612345678"]);
const KEY = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");

// Signed is id.timestamp.body, byte for byte. A GET has no body: in its place stands "GET /path?query".
function believed(request, body) {
  const id = request.headers["webhook-id"];
  const stamp = request.headers["webhook-timestamp"];
  if (!id || !/^\d{1,12}$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > 300) return false;
  const payload = request.method === "GET" ? Buffer.from(`GET ${request.url}`) : body;
  const right = createHmac("sha256", KEY).update(`${id}.${stamp}.`).update(payload).digest();
  return (request.headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ""), "base64");
    return one.startsWith("v1,") && given.length === right.length && timingSafeEqual(given, right);
  });
}

createServer(async (request, response) => {
  const answer = (status, text) => {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
  };
  try {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    if (!believed(request, body)) return answer(401, "not signed by the exchange");
    let call;
    try {
      call = JSON.parse(body);
    } catch {
      return answer(400, "the body is not JSON");
    }
    if (typeof call?.caller_number !== "string") return answer(400, "caller_number is missing");
    answer(200, UNPAID.has(call.caller_number) ? "openstaand" : "");
  } catch {
    response.destroy(); // the caller hung up
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
