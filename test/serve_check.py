#!/usr/bin/env python3
"""Asks a compiled executable's server everything that it offers: answers against the executable's own verbs, errors by status
and field.

    python3 test/serve_check.py CHAT OTHER FOLDER

CHAT: a model with a tokenizer and test/Tools/Inputs/chat.jinja; OTHER: another model; FOLDER: for what is written."""

import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import threading
import time

from serve_client import Server, completion

PROMPT = "Once upon a time there was"


def text_of(executable, *options):
    done = subprocess.run([executable, *options], capture_output=True, text=True, check=True)
    return done.stdout.removesuffix("\n")


def read_logits(executable, ids, folder):
    """[T][V] of the verb logits."""
    data = struct.pack(f"<{len(ids)}q", *ids)
    header = json.dumps({"input_ids": {"dtype": "I64", "shape": [1, len(ids)], "data_offsets": [0, len(data)]}}).encode()
    (folder / "ids").write_bytes(struct.pack("<Q", len(header)) + header + data)
    subprocess.run([executable, "logits", "--input", folder / "ids", "-o", folder / "logits"], check=True)
    found = (folder / "logits").read_bytes()
    start = 8 + struct.unpack("<Q", found[:8])[0]
    vocab = json.loads(found[8:start])["logits"]["shape"][2]
    return [struct.unpack_from(f"<{vocab}f", found, start + t * vocab * 4) for t in range(len(ids))]


def check_texts(server, chat):
    """Greedy and drawn, as text and as ids, streamed and not: what the executable writes at the terminal."""
    greedy = text_of(chat, "-p", PROMPT, "-n", "12", "--temp", "0")
    answer = completion(server, PROMPT)
    assert answer["choices"][0]["text"] == greedy and answer["choices"][0]["finish_reason"] == "length", answer
    assert answer["usage"]["completion_tokens"] == 12 and answer["object"] == "text_completion"
    drawn = {"temperature": 0.9, "top_k": 30, "top_p": 0.9, "seed": 7}
    expected = [text_of(chat, "-p", PROMPT, "-n", "12", "--temp", "0.9", "--top-k", "30", "--top-p", "0.9", "-s", str(s))
                for s in (7, 8, 9)]
    answer = completion(server, PROMPT, **drawn, n=3)
    assert [c["text"] for c in answer["choices"]] == expected, (answer, expected)
    assert answer["usage"]["completion_tokens"] == 36
    ids = server.ask("/tokenize", {"content": PROMPT, "add_special": True})["tokens"]
    answer = completion(server, [ids, ids[:3]], echo=True)
    assert answer["choices"][0]["text"].endswith(PROMPT + greedy), answer
    assert answer["usage"]["prompt_tokens"] == len(ids) + 3 and [c["index"] for c in answer["choices"]] == [0, 1]
    assert [c["text"] for c in completion(server, [PROMPT, PROMPT])["choices"]] == [greedy] * 2
    events = server.stream("/v1/completions", {"prompt": PROMPT, "max_tokens": 12, "temperature": 0,
                                               "stream_options": {"include_usage": True}})
    assert "".join(e["choices"][0]["text"] for e in events[:-1]) == greedy
    assert events[-1]["choices"] == [] and events[-1]["usage"]["total_tokens"] == len(ids) + 12
    assert server.ask("/detokenize", {"tokens": server.ask("/tokenize", {"content": PROMPT})["tokens"]})["content"] == PROMPT


def check_writing(server):
    whole = completion(server, PROMPT, 30)["choices"][0]["text"]
    stop = whole[10:14]
    cut = completion(server, PROMPT, 30, stop=["never that", stop])["choices"][0]
    assert cut["text"] == whole[:whole.index(stop)] and cut["finish_reason"] == "stop", (whole, cut)
    events = server.stream("/v1/completions", {"prompt": PROMPT, "max_tokens": 30, "temperature": 0, "stop": stop})
    assert "".join(e["choices"][0]["text"] for e in events) == cut["text"]
    word = server.ask("/tokenize", {"content": " the"})["tokens"][0]
    biased = completion(server, PROMPT, 4, logit_bias={str(word): 100}, logprobs=0)["choices"][0]
    assert len(set(biased["logprobs"]["tokens"])) == 1, biased
    free = completion(server, PROMPT, 20, logprobs=0)["choices"][0]["logprobs"]["tokens"]
    punished = completion(server, PROMPT, 20, logprobs=0, presence_penalty=2, frequency_penalty=2)["choices"][0]["logprobs"]["tokens"]
    assert len(set(punished)) > len(set(free))
    assert completion(server, PROMPT, 0, echo=True)["choices"][0]["text"] == PROMPT


def check_chances(server, chat, folder):
    """ln p of every token of a prompt, against the softmax of the verb logits."""
    ids = server.ask("/tokenize", {"content": PROMPT, "add_special": True})["tokens"]
    found = completion(server, ids, 1, echo=True, logprobs=2)["choices"][0]["logprobs"]
    assert len(found["tokens"]) == len(ids) + 1 and found["token_logprobs"][0] is None and found["top_logprobs"][0] is None
    for n, row in enumerate(read_logits(chat, ids, folder)):
        total = math.log(sum(math.exp(x) for x in row))
        best = max(found["top_logprobs"][n + 1].values())
        assert abs(best - (max(row) - total)) < 1e-9, (n, best)
        if n + 1 < len(ids):
            assert abs(found["token_logprobs"][n + 1] - (row[ids[n + 1]] - total)) < 1e-9


def check_chat(server, chat):
    messages = [{"role": "user", "content": "Hello"}]
    greedy = text_of(chat, "--chat", "Hello", "-n", "12", "--temp", "0")
    body = {"messages": messages, "max_tokens": 12, "temperature": 0}
    answer = server.ask("/v1/chat/completions", body)
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": greedy}, (answer, greedy)
    events = server.stream("/v1/chat/completions", {**body, "logprobs": True, "top_logprobs": 3})
    assert events[0]["choices"][0]["delta"]["role"] == "assistant" and events[0]["object"] == "chat.completion.chunk"
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events) == greedy
    tokens = [t for e in events if e["choices"][0]["logprobs"] for t in e["choices"][0]["logprobs"]["content"]]
    assert len(tokens) == 12 and all(t["logprob"] == t["top_logprobs"][0]["logprob"] for t in tokens)
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}]
    assert server.ask("/v1/chat/completions", {**body, "messages": parts})["choices"][0]["message"]["content"] == greedy
    prompt = server.ask("/apply-template", {"messages": messages})["prompt"]
    assert prompt.endswith("user: Hello\n"), prompt
    tools = [{"type": "function", "function": {"name": "rain"}}]
    refused = server.ask("/v1/chat/completions", {"messages": [{"role": "user", "content": "say it"}], "tools": tools}, 400)
    assert "say it rain" in refused["error"]["message"], refused
    refused = server.ask("/v1/chat/completions", {"messages": [{"role": "user", "content": "say it"}], "tools": tools,
                                                  "tool_choice": "none"}, 400)
    assert "rain" not in refused["error"]["message"], refused


def check_json(server):
    """Drawn at random, most of what this model writes is no JSON: kept to it, each answer that ends is an object."""
    ended = 0
    for seed in range(12):
        body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 300, "temperature": 1.3, "seed": seed,
                "response_format": {"type": "json_object"}}
        choice = server.ask("/v1/chat/completions", body)["choices"][0]
        if choice["finish_reason"] == "stop":
            assert isinstance(json.loads(choice["message"]["content"]), dict), choice
            ended += 1
        else:
            assert choice["message"]["content"].lstrip()[:1] in ("", "{"), choice
    assert ended, "no object of 300 tokens ended"


def check_errors(server):
    user = [{"role": "user", "content": "Hello"}]
    for path, body, field in [
            ("completions", {}, "prompt"), ("completions", {"prompt": 7}, "prompt"), ("completions", {"prompt": []}, "prompt"),
            ("completions", {"prompt": [1, "a"]}, "prompt"), ("completions", {"prompt": [-1]}, "prompt"),
            ("completions", {"prompt": [1 << 40]}, "prompt"), ("completions", {"prompt": [[]]}, "prompt"),
            ("completions", {"prompt": "a", "max_tokens": "5"}, "max_tokens"),
            ("completions", {"prompt": "a", "max_tokens": 1.5}, "max_tokens"),
            ("completions", {"prompt": "a", "temperature": -1}, "temperature"),
            ("completions", {"prompt": "a", "top_p": 1.1}, "top_p"), ("completions", {"prompt": "a", "n": 0}, "n"),
            ("completions", {"prompt": "a", "n": 1000}, "n"), ("completions", {"prompt": "a", "best_of": 2}, "best_of"),
            ("completions", {"prompt": "a", "logprobs": 99}, "logprobs"), ("completions", {"prompt": "a", "stop": [1]}, "stop"),
            ("completions", {"prompt": "a", "logit_bias": {"x": 1}}, "logit_bias"),
            ("completions", {"prompt": "a", "logit_bias": {"1": "x"}}, "logit_bias.1"),
            ("completions", {"prompt": "a", "suffix": "b"}, "suffix"), ("completions", {"prompt": "a", "maxtokens": 1}, "maxtokens"),
            ("completions", {"prompt": "a", "stream_options": {}}, "stream_options"),
            ("completions", {"prompt": "a", "seed": 1 << 64}, "seed"),
            ("chat/completions", {}, "messages"), ("chat/completions", {"messages": []}, "messages"),
            ("chat/completions", {"messages": [{}]}, "messages[0].role"),
            ("chat/completions", {"messages": [{"role": "user"}]}, "messages[0].content"),
            ("chat/completions", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content.type"),
            ("chat/completions", {"messages": user, "response_format": {"type": "json_schema"}}, "response_format.type"),
            ("chat/completions", {"messages": user, "tool_choice": "required"}, "tool_choice"),
            ("chat/completions", {"messages": user, "tools": {}}, "tools"),
            ("chat/completions", {"messages": user, "top_logprobs": 2}, "top_logprobs")]:
        error = server.ask("/v1/" + path, body, 400)["error"]
        assert error["param"] == field and error["type"] == "invalid_request_error", (body, error)
        assert field.split(".")[0].split("[")[0] in error["message"], error
    for body in (b"", b"{", b"[1]", b"\xff", b'{"prompt": "\xff"}', b'{"a":1,"a":2}', b"[" * 100000, b'{"prompt": 1e999}', b"null"):
        code, _, text = server.raw("POST", "/v1/completions", body)
        assert code == 400 and json.loads(text)["error"]["message"], (body[:20], code, text)
    assert server.ask("/nothing", status=404)["error"]["type"] == "not_found_error"
    server.ask("/v1/completions", status=405)
    server.ask("/slots/99?action=erase", {}, 404)
    server.ask("/slots/0?action=dance", {}, 400)


def check_http(server):
    assert b"400 Bad Request" in server.send(b"nonsense\r\n\r\n")
    assert b"431 " in server.send(b"GET / HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n")
    assert b"413 " in server.send(b"POST /tokenize HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
    assert b"400 " in server.send(b"POST /tokenize HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
    get = b"GET /health HTTP/1.1\r\n\r\n"
    assert server.send(get * 2 + get[:-2] + b"Connection: close\r\n\r\n").count(b"200 OK") == 3
    slow = b"POST /tokenize HTTP/1.1\r\nContent-Length: 16\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    assert b"100 Continue" in server.send(slow + b'{"content": "a"}')
    page = server.raw("GET", "/")
    assert page[0] == 200 and "</html>" in page[2] and "default-src 'none'" in page[1]["Content-Security-Policy"]
    assert server.raw("GET", "/health", headers={"Origin": "https://example.org"})[0] == 403
    assert "Access-Control-Allow-Origin" not in page[1]


def long_prompt(words):
    return PROMPT + " " + " ".join(("a few", "of the", "little", "days")[n * n % 7 % 4] for n in range(words))


def check_cache(server, chat):
    """What goes on from a kept state is what a server without any computes, to the last bit."""
    prompts = [long_prompt(words) for words in (200, 200, 260, 150, 201)]
    with Server(chat, "--cache-memory", "0", "--quiet") as fresh:
        truth = [completion(fresh, p, 8, logprobs=3)["choices"] for p in prompts]
        assert fresh.metric("xlstm:state_cache_entries") == 0
    found = [completion(server, p, 8, logprobs=3) for p in prompts]
    assert [f["choices"] for f in found] == truth
    cached = [f["usage"]["prompt_tokens_details"]["cached_tokens"] for f in found]
    total = [f["usage"]["prompt_tokens"] for f in found]
    assert cached[0] < 64 and cached[1] == total[1] and all(c >= 64 and c % 64 == 0 for c in cached[2:]), cached
    assert cached[2] == total[0] // 64 * 64, (cached, total)


def check_sessions(server, chat, other, folder):
    server.ask("/slots/0?action=erase", {})
    first = completion(server, long_prompt(90), 20)
    saved = server.ask("/slots/0?action=save", {"filename": "session"})
    assert saved["n_saved"] == first["usage"]["total_tokens"] - 1, (saved, first["usage"])
    for name in ("../session", "a/b", ".hidden", ""):
        assert server.ask("/slots/0?action=save", {"filename": name}, 400)["error"]["param"] == "filename"
    server.ask("/slots/0?action=restore", {"filename": "none"}, 404)
    ids = server.ask("/tokenize", {"content": long_prompt(90) + first["choices"][0]["text"], "add_special": True})["tokens"]
    with Server(chat, "--slot-save-path", folder, "--quiet") as later:
        assert later.ask("/slots/2?action=restore", {"filename": "session"})["n_restored"] == saved["n_saved"]
        again = completion(later, ids, 4)["usage"]["prompt_tokens_details"]["cached_tokens"]
        assert again in (saved["n_saved"], len(ids) // 64 * 64), again
        damaged = bytearray((folder / "session").read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (folder / "damaged").write_bytes(damaged)
        assert "is damaged" in later.ask("/slots/0?action=restore", {"filename": "damaged"}, 400)["error"]["message"]
    with Server(other, "--slot-save-path", folder, "--quiet") as another:
        message = another.ask("/slots/0?action=restore", {"filename": "session"}, 400)["error"]["message"]
        assert "of another model" in message, message
    with Server(chat, "--quiet") as plain:
        plain.ask("/slots/0?action=save", {"filename": "session"}, 501)


def check_crowd(server, clients=32):
    """Texts at once, some of whom leave or do not read: the others' answers are those given alone."""
    prompts = [long_prompt(3 * n) for n in range(clients)]
    alone = [completion(server, p, 10)["choices"][0]["text"] for p in prompts]
    endless = json.dumps({"prompt": PROMPT, "max_tokens": 2000, "stream": True, "ignore_eos": True})
    head = f"POST /v1/completions HTTP/1.1\r\nContent-Length: {len(endless)}\r\n\r\n{endless}".encode()
    wrong, sleepers = [], []

    def client(n):
        try:
            if n % 4 == 1:
                server.send(head, wait=False)
            elif n % 8 == 2:
                connection = server.connect()
                connection.request("POST", "/v1/completions", endless)
                sleepers.append(connection)
            elif (text := completion(server, prompts[n], 10)["choices"][0]["text"]) != alone[n]:
                wrong.append((n, text, alone[n]))
        except Exception as error:  # shown below, where it counts
            wrong.append((n, repr(error)))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    for connection in sleepers:
        connection.close()
    assert server.rests(10), "who has left still holds a slot"


def check_keys(chat, folder):
    (folder / "keys").write_text("first\nsecond \n")
    with Server(chat, "--api-key-file", folder / "keys", "--cors", "https://example.org", "--max-clients", "1000",
                environment={**os.environ, "XLSTM_API_KEY": "third"}) as server:
        server.ask("/v1/models", status=401)
        server.ask("/health")
        for key in ("first", "second", "third"):
            server.key = key
            assert server.ask("/v1/models")["data"][0]["id"]
        server.key = "firs"
        server.ask("/v1/completions", {"prompt": PROMPT}, 401)
        status, headers, _ = server.raw("OPTIONS", "/v1/completions", headers={"Origin": "https://example.org"})
        assert status == 204 and headers["Access-Control-Allow-Origin"] == "https://example.org"
        assert server.raw("GET", "/health", headers={"Origin": "https://example.com"})[0] == 403
        server.key = "first"
        completion(server, "a prompt that is a secret")
        server.stop() # a line may come after its answer
        assert "secret" not in server.errors() and "/v1/completions 200" in server.errors()


def check_limits(chat):
    with Server(chat, "--max-waiting", "0", "--parallel", "1", "--max-clients", "4", "--max-tokens", "3000", "--client-timeout", "1",
                "--quiet") as server:
        connection = server.connect()
        connection.request("POST", "/v1/completions", json.dumps({"prompt": PROMPT, "max_tokens": 3000, "ignore_eos": True, "n": 20}))
        time.sleep(0.2)
        status, headers, text = server.raw("POST", "/v1/completions", {"prompt": PROMPT})
        assert status == 503 and headers["Retry-After"] == "1" and "busy" in text, text
        idle = [server.connect() for _ in range(3)]
        for one in idle:
            one.connect()
        time.sleep(0.1)
        assert server.raw("GET", "/health")[0] == 503
        time.sleep(1.3)
        assert server.raw("GET", "/health")[0] == 200, "who asks nothing is hung up on"
        connection.close()


def check_end(chat):
    with Server(chat, "--quiet") as server:
        result = []
        thread = threading.Thread(target=lambda: result.append(completion(server, PROMPT, 2000, ignore_eos=True)))
        thread.start()
        while server.metric("llamacpp:requests_processing") == 0 and thread.is_alive():
            time.sleep(0.005)
        assert server.stop() == 0
        thread.join()
        assert result and result[0]["usage"]["completion_tokens"] == 2000
    with Server(chat, "--shutdown-timeout", "0", "--quiet") as server:
        connection = server.connect()
        connection.request("POST", "/v1/completions", json.dumps({"prompt": PROMPT, "max_tokens": 4000, "ignore_eos": True, "n": 20}))
        time.sleep(0.1)
        assert server.stop(signal.SIGINT) == 0
        assert connection.getresponse().status == 503


def main():
    chat, other, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    folder.mkdir(exist_ok=True)
    with Server(chat, "--slot-save-path", folder, "--checkpoint", "64") as server:
        check_texts(server, chat)
        check_writing(server)
        check_chances(server, chat, folder)
        check_chat(server, chat)
        check_json(server)
        check_errors(server)
        check_http(server)
        check_cache(server, chat)
        check_sessions(server, chat, other, folder)
        check_crowd(server)
        assert server.stop() == 0
        assert "Once upon" not in server.errors()
    check_keys(chat, folder)
    check_limits(chat)
    check_end(chat)
    print("served")


if __name__ == "__main__":
    main()
