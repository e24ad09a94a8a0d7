<?php
// Answers webhooks. Nothing to install: php -S 127.0.0.1:8090 receiver.php
declare(strict_types=1);

const UNPAID = ['31612345678'];

// Signed is id.timestamp.body, byte for byte. A GET has no body: in its place stands "GET /path?query".
function believed(string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $stamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !preg_match('/^\d{1,12}$/D', $stamp) || abs(time() - (int) $stamp) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    $payload = $_SERVER['REQUEST_METHOD'] === 'GET' ? 'GET ' . $_SERVER['REQUEST_URI'] : $body;
    $right = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$payload", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        if (hash_equals($right, $given)) {
            return true;
        }
    }
    return false;
}

function answer(int $status, string $text): never
{
    http_response_code($status);
    header('Content-Type: text/plain; charset=utf-8');
    exit($text);
}

$body = file_get_contents('php://input');
if (!believed($body)) {
    answer(401, 'not signed by the exchange');
}
$call = json_decode($body, true);
if (!is_array($call) || !is_string($call['caller_number'] ?? null)) {
    answer(400, 'the body is not the JSON of a call');
}
answer(200, in_array($call['caller_number'], UNPAID, true) ? 'openstaand' : '');
