#!/usr/bin/env python3
"""A storm of requests on a compiled executable's server; made for one that is linked with AddressSanitizer.

    python3 test/serve_storm.py CHAT [--requests 1000] [--clients 32]

Most requests are answered and compared with what the same request got alone; the others leave at some point, send what is no
request, or read too slowly. At the end no slot may be held, nothing may be lost, and the server must end by itself with 0: under
AddressSanitizer it does not where memory was misused or is left over. docs/Serving.md says how to build such an executable."""

import argparse
import json
import queue
import random
import socket
import threading
import time

from serve_client import Server

WORDS = "Once upon a time there was a few of the little days and one long river went through it".split()


def make_request(rng):
    """Body and path of a request with one answer."""
    prompt = " ".join(rng.choice(WORDS) for _ in range(rng.choice([1, 5, 30, 120, 300])))
    body = {"max_tokens": rng.randint(1, 24), "temperature": rng.choice([0, 0.8]), "seed": rng.randint(0, 5), "n": rng.choice([1, 1, 1, 3])}
    if rng.random() < 0.3:
        return "/v1/chat/completions", {**body, "messages": [{"role": "user", "content": prompt}]}
    if rng.random() < 0.3:
        body["logprobs"] = rng.randint(0, 5)
    if rng.random() < 0.2:
        body["echo"] = True
    return "/v1/completions", {**body, "prompt": rng.choice([prompt, [prompt, prompt[:20] or "a"]])}


def texts_of(answer):
    return [(c["text"], c["logprobs"]) if "text" in c else c["message"]["content"] for c in answer["choices"]]


def answer_of(server, path, body, rng):
    """What the model said, streamed or not; waits where the server is busy."""
    for _ in range(1000):
        status, _, text = server.raw("POST", path, body)
        if status != 503:
            break
        time.sleep(0.01 * rng.random())
    if status != 200:
        raise AssertionError(f"{status} {text[:200]}")
    return texts_of(json.loads(text))


def malformed(rng):
    body = json.dumps({"prompt": "a" * rng.randint(1, 3000), "max_tokens": 5}).encode()
    head = b"POST /v1/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    kind = rng.randint(0, 5)
    if kind == 0:
        return rng.randbytes(rng.randint(1, 2000))
    if kind == 1:
        return head % len(body) + body[:rng.randint(0, len(body) - 1)]
    if kind == 2:
        at = rng.randrange(len(body))
        return head % len(body) + body[:at] + rng.randbytes(1) + body[at + 1:]
    if kind == 3:
        return b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % rng.randint(0, 1 << 40) + body
    if kind == 4:
        return head % (1 << 62) + body
    return b"GET /" + b"%" * rng.randint(0, 60000) + b" HTTP/1.1\r\n" + b"A: b\r\n" * rng.randint(0, 3000) + b"\r\n"


def disturb(server, rng):
    """A client that leaves, or reads slowly, or does not speak HTTP."""
    kind = rng.randint(0, 2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        if kind == 0:
            link.sendall(malformed(rng))
            link.settimeout(rng.choice([0.05, 1]))
            try:
                while link.recv(65536):
                    pass
            except (TimeoutError, ConnectionError):
                pass
            return
        body = json.dumps({"prompt": "a few of the", "max_tokens": 400, "stream": True, "n": 4, "ignore_eos": True}).encode()
        link.sendall(b"POST /v1/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        for _ in range(rng.randint(0, 20)):
            link.settimeout(5)
            if not link.recv(100 if kind == 1 else 1 << 16):
                return
            time.sleep(0.01 * kind)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chat")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    rng = random.Random(1)
    kinds = [make_request(rng) for _ in range(40)]
    start = time.time()
    with Server(options.chat, "--cache-memory", "8", "--checkpoint", "64", "--quiet") as server:
        alone = [answer_of(server, path, body, rng) for path, body in kinds]
        jobs, wrong, counts = queue.Queue(), [], {"answered": 0, "disturbed": 0}
        for n in range(options.requests):
            jobs.put((n, rng.random() < 0.3))

        def client():
            while True:
                try:
                    n, disturbs = jobs.get_nowait()
                except queue.Empty:
                    return
                own = random.Random(n)
                try:
                    if disturbs:
                        disturb(server, own)
                    elif answer_of(server, *kinds[n % len(kinds)], own) != alone[n % len(kinds)]:
                        wrong.append((n, "another answer than alone"))
                    counts["disturbed" if disturbs else "answered"] += 1
                except (ConnectionError, TimeoutError) as error:
                    if not disturbs:
                        wrong.append((n, repr(error)))
                except Exception as error:
                    wrong.append((n, repr(error)))

        threads = [threading.Thread(target=client) for _ in range(options.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not server.rests(60):
            wrong.append("a slot is held by nobody")
        entries, size = server.metric("xlstm:state_cache_entries"), server.metric("xlstm:state_cache_bytes")
        code, log = server.stop(), server.errors()
    print(f"{counts['answered']} answers equal to those given alone, {counts['disturbed']} disturbances, {time.time() - start:.0f} s; "
          f"{entries:.0f} states in {size / 2**20:.1f} MiB at the end")
    if wrong or code or "ERROR" in log or "runtime error" in log:
        raise SystemExit(f"wrong: {wrong[:5]}; the server ended with {code}\n{log[-3000:]}")


if __name__ == "__main__":
    main()
