#!/usr/bin/env python3
"""A compiled executable's server beside llama.cpp's: tokens a second of 1, 4 and 8 clients together, in turns, same threads.

    sh test/peers/llama.sh --types int8            # makes both models (build/peers/models)
    ninja -C build/peers/llama llama-server
    python3 test/peers/serve_llama.py --chat build/peers/models/135m-int8 --llama-server build/peers/llama/bin/llama-server \\
        --gguf build/peers/models/135m-q8_0.gguf

Each client sends a prompt of random tokens that nobody sent before and reads its whole answer. Ours is the student, theirs
the teacher of the same shape; both keep a slot for each client.
"""

import argparse
import contextlib
import http.client
import json
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from serve_client import Server  # noqa: E402


def ask(port, path, body, status=200):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != status:
        raise SystemExit(f"{path}: status {answer.status}: {text[:200]!r}")
    return json.loads(text)


@contextlib.contextmanager
def theirs(options, clients):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = clients * (options.prompt + options.tokens + 64)
    process = subprocess.Popen([options.llama_server, "-m", options.gguf, "--port", str(port), "-t", str(options.threads), "-np",
                                str(clients), "-c", str(context), "--no-webui"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError, SystemExit):
                ask(port, "/health", None)
                break
            time.sleep(0.1)
        yield port, "/completion", {"n_predict": options.tokens, "cache_prompt": False}
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ours(options, clients):
    with Server(options.chat, "--quiet", "--parallel", str(clients), "-t", str(options.threads)) as server:
        yield server.port, "/v1/completions", {"max_tokens": options.tokens}


def rate(start, options, clients, draw):
    """Tokens written a second, the reading of the prompts included."""
    with start(options, clients) as (port, path, body):
        def client(prompt):
            ask(port, path, {**body, "prompt": prompt, "temperature": 0, "ignore_eos": True})
        client(draw())  # weights come into memory
        threads = [threading.Thread(target=client, args=(draw(),)) for _ in range(clients)]
        begin = time.time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return clients * options.tokens / (time.time() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chat", type=pathlib.Path, required=True, help="our executable")
    parser.add_argument("--llama-server", type=pathlib.Path, required=True)
    parser.add_argument("--gguf", type=pathlib.Path, required=True)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=int, default=128, help="tokens of each prompt")
    parser.add_argument("--tokens", type=int, default=128, help="tokens of each answer")
    parser.add_argument("--vocab", type=int, default=49152)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    random.seed(1)

    def draw():
        return [random.randrange(3, options.vocab) for _ in range(options.prompt)]
    print(f"{options.threads} threads, prompts of {options.prompt} tokens, answers of {options.tokens}, median of {options.rounds}\n")
    print("| clients | llama-server | ours | ratio | worst, best round |\n|---|---|---|---|---|")
    for clients in options.clients:
        pairs = [(rate(theirs, options, clients, draw), rate(ours, options, clients, draw)) for _ in range(options.rounds)]
        ratios = sorted(b / a for a, b in pairs)
        print(f"| {clients} | {statistics.median(a for a, _ in pairs):.1f} | {statistics.median(b for _, b in pairs):.1f} | "
              f"{statistics.median(ratios):.2f} | {ratios[0]:.2f}, {ratios[-1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
