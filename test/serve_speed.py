#!/usr/bin/env python3
"""What a kept state is worth, and tokens a second of 1, 4 and 8 clients, of a compiled executable's server on random token ids.

    python3 test/serve_speed.py CHAT [--prefix 4096] [--vocab 49152] [-- options of serve]"""

import argparse
import json
import random
import threading
import time

from serve_client import Server, completion


def first_token(server, prompt):
    """Seconds until it is there, and how many tokens of the prompt were known."""
    connection, start, first = server.connect(600), time.time(), None
    body = {"prompt": prompt, "max_tokens": 2, "temperature": 0, "stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True,
            "logprobs": 0}
    connection.request("POST", "/v1/completions", json.dumps(body))
    answer = connection.getresponse()
    while line := answer.readline():
        event = json.loads(line[6:]) if line.startswith(b"data: {") else {"choices": []}
        if first is None and event["choices"] and event["choices"][0]["logprobs"]["tokens"]:
            first = time.time() - start
        usage = event.get("usage") or {}
        if usage:
            return first, usage["prompt_tokens_details"]["cached_tokens"]


def tokens_a_second(server, clients, vocab, prompt=128, tokens=64):
    prompts = [[random.randrange(vocab) for _ in range(prompt)] for _ in range(clients)]
    threads = [threading.Thread(target=completion, args=(server, one, tokens), kwargs={"ignore_eos": True}) for one in prompts]
    start = time.time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients * tokens / (time.time() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chat")
    parser.add_argument("--prefix", type=int, default=4096)
    parser.add_argument("--vocab", type=int, default=49152)
    parser.add_argument("options", nargs="*")
    options = parser.parse_args()
    random.seed(3)
    prefix = [random.randrange(options.vocab) for _ in range(options.prefix)]
    with Server(options.chat, "--quiet", "--parallel", "8", *options.options) as server:
        for more in (20, 20, 5):
            seconds, cached = first_token(server, prefix + [random.randrange(options.vocab) for _ in range(more)])
            print(f"{options.prefix} + {more} tokens, {cached} known: the first token after {seconds * 1000:.0f} ms")
        size = server.metric("xlstm:state_cache_bytes") / 2**20
        print(f"{server.metric('xlstm:state_cache_entries'):.0f} states take {size:.0f} MiB")
        for clients in (1, 4, 8):
            rate = tokens_a_second(server, clients, options.vocab)
            print(f"{clients} clients: {rate:.1f} tokens written a second, the reading of 128 each included")


if __name__ == "__main__":
    main()
