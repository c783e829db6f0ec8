"""Writes a corpus in one file and in three others, with recipes that hold out shares; or looks at what a run made of it.

    shares.py FOLDER                    writes
    shares.py FOLDER RUN [OTHER_RUN]    reads the documents back out of the runs' tokens
"""

import collections
import json
import pathlib
import random
import struct
import sys

folder = pathlib.Path(sys.argv[1])
recipe = """teacher: llama
length: 64
student: {window: 16, sinks: 2, chunk: 16, keep_heads: {budget: 10%, method: gradient, tokens: 256, probes: 2, length: 96}}
domains:
  text: {train: all.jsonl, valid: 10%, test: 20%}
align: {steps: 2, batch: 2, held_out_rows: 2}
distill: {steps: 2, batch: 2, top_k: 8, held_out_rows: 2}
merge: {method: task_arithmetic, tune: {by: loss, trials: 2}}
eval: {tokens: 200, piece: 64}
compile: {prefill_tokens: 16}
"""


def write():
    chance = random.Random(7)
    words = "the a cat dog sat on mat prime number is what answer to and ran seven world".split()
    texts = [" ".join(chance.choice(words) for _ in range(40)) for _ in range(120)]
    lines = [json.dumps({"text": text}) + "\n" for text in texts + texts[:40]]
    (folder / "all.jsonl").write_text("".join(lines))
    chance.shuffle(lines)
    (folder / "two/a.jsonl").write_text("".join(lines[:50]))
    (folder / "two/b.jsonl").write_text("".join(lines[50:90]))
    plain = [json.loads(line)["text"] for line in lines[90:]]
    (folder / "two/c.txt").write_text("\n<|eos|>\n".join(plain) + "\n")
    (folder / "shares.yaml").write_text(recipe)
    (folder / "other.yaml").write_text(recipe.replace("all.jsonl", "[two/c.txt, {path: two/b.jsonl}, two/a.jsonl]"))


def tensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    for name, kind in (("ids", "i"), ("ends", "q")):
        begin, end = header[name]["data_offsets"]
        yield struct.unpack(f"<{(end - begin) // struct.calcsize(kind)}{kind}", body[begin:end])


def corpora(run):
    """The documents of each corpus of a run, as counters of their tokens."""
    for corpus in sorted((run / "tokens").iterdir()):
        found = collections.Counter()
        for shard in sorted(corpus.glob("shard-*.safetensors")):
            ids, ends = tensors(shard)
            for begin, end in zip((0,) + ends, ends):
                found[ids[begin:end]] += 1
        yield found


def splits(run):
    """Of valid and of train; a run of two sources has two of the latter. Test is not made into shards: it is the rest."""
    found = sorted(corpora(run), key=len)
    train = sum(found[1:], collections.Counter())
    return found[0], train


def check(run):
    valid, train = splits(run)
    test = 120 - len(valid) - len(train)
    assert not valid.keys() & train.keys()
    assert 4 <= len(valid) <= 20 and 14 <= test <= 34, (len(valid), test)  # 12 and 24 are to be expected
    assert max(valid.values()) <= 2 and max(train.values()) == 2
    print("3 splits of 120 documents, 40 of them twice: disjoint")


if len(sys.argv) == 2:
    write()
else:
    check(pathlib.Path(sys.argv[2]))
    if len(sys.argv) > 3:
        assert splits(pathlib.Path(sys.argv[2])) == splits(pathlib.Path(sys.argv[3]))
        print("the same documents in each split")
