"""Writes small corpora of every kind, and a recipe for them, into a folder."""

import gzip
import json
import pathlib
import random
import sys

folder = pathlib.Path(sys.argv[1])
chance = random.Random(1)
words = "the a cat dog sat on mat prime number is what answer to and ran seven world".split()


def text():
    return " ".join(chance.choice(words) for _ in range(40))


def plain(count):
    return "\n<|eos|>\n".join(text() for _ in range(count)) + "\n"


def chat():
    return json.dumps({"messages": [{"role": "user", "content": text()}, {"role": "assistant", "content": text()}]}) + "\n"


rows = [json.dumps({"text": text(), "weight": weight}) + "\n" for weight in (1, 2, 0.5, 1)]
(folder / "more/a.txt").write_text(plain(20))
(folder / "more/b.jsonl.gz").write_bytes(gzip.compress("".join(rows).encode()))
(folder / "valid.txt").write_text(plain(8))
(folder / "test.jsonl").write_text(json.dumps({"text": text()}) + "\n")
(folder / "test-twice.jsonl").write_text(json.dumps({"text": text()}) + "\n" + rows[2].replace("0.5", "7"))
(folder / "chat.jsonl.gz").write_bytes(gzip.compress("".join(chat() for _ in range(20)).encode()))
(folder / "chat-valid.jsonl").write_text("".join(chat() for _ in range(8)))
(folder / "small.yaml").write_text("""teacher: llama
length: 64
student: {window: 16, sinks: 2, chunk: 16}
domains:
  text: {train: [{path: more/a.txt, weight: 3}, {path: "more/*.gz", weight: 1}], valid: valid.txt, test: test.jsonl}
  chat: {train: chat.jsonl.gz, valid: chat-valid.jsonl}
align: {steps: 2, batch: 2, held_out_rows: 2}
distill: {steps: 2, batch: 2, top_k: 8, held_out_rows: 2}
eval: {tokens: 200, piece: 64}
compile: {prefill_tokens: 16}
""")
