"""Writes a corpus with documents that stand there twice, and a recipe that holds out shares; or looks at a run of it.

    shares.py FOLDER        writes
    shares.py FOLDER RUN    reads the documents back out of the run's tokens
"""

import collections
import json
import pathlib
import random
import struct
import sys

folder = pathlib.Path(sys.argv[1])


def write():
    chance = random.Random(7)
    words = "the a cat dog sat on mat prime number is what answer to and ran seven world".split()
    words = [word + end for word in words for end in ("", "s", "er", "ing")]
    texts = [" ".join(chance.choice(words) for _ in range(40)) for _ in range(120)]
    (folder / "all.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts[:90]))
    (folder / "more.txt").write_text("\n<|eos|>\n".join(texts[50:]) + "\n")
    (folder / "shares.yaml").write_text("""teacher: llama
length: 64
student: {window: 16, sinks: 2, chunk: 16, keep_heads: {budget: 10%, method: gradient, tokens: 256, probes: 2, length: 96}}
domains:
  text: {train: [all.jsonl, {path: more.txt, epochs: 2}], valid: 10%, test: 20%}
align: {steps: 2, batch: 2, held_out_rows: 2}
distill: {steps: 2, batch: 2, top_k: 8, held_out_rows: 2}
merge: {method: task_arithmetic, tune: {by: loss, trials: 2}}
eval: {piece: 64}
compile: {prefill_tokens: 16, cpu: native}
""")


def tensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    for name, kind in (("ids", "i"), ("ends", "q")):
        begin, end = header[name]["data_offsets"]
        yield struct.unpack(f"<{(end - begin) // struct.calcsize(kind)}{kind}", body[begin:end])


def corpora(run):
    """The documents of each corpus of a run, as counters of their tokens; the smallest first."""
    found = []
    for corpus in (run / "tokens").iterdir():
        found.append(collections.Counter())
        for shard in sorted(corpus.glob("shard-*.safetensors")):
            ids, ends = tensors(shard)
            for begin, end in zip((0,) + ends, ends):
                found[-1][ids[begin:end]] += 1
    return sorted(found, key=len)


def check(run):
    valid, one, other = corpora(run)
    train = one + other
    test = 120 - len(valid) - len(train)  # which no stage makes tokens of
    assert not valid.keys() & train.keys()
    assert 4 <= len(valid) <= 20 and 14 <= test <= 34, (len(valid), test)  # 12 and 24 are to be expected
    assert set(valid.values()) == set(train.values()) == {1, 2}
    scored = json.loads((run / "eval/results.json").read_text())["settings"]["domains"]["text"]["bytes"]
    assert 160 * test < scored < 400 * test, scored  # a document has 40 words of 2 to 9 letters, and may be there twice
    print("splits of 120 documents, 40 of them twice: disjoint")


if len(sys.argv) == 2:
    write()
else:
    check(pathlib.Path(sys.argv[2]))
