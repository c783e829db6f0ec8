#!/usr/bin/env python3
"""Write tiny-llama-score.json: tasks and bits per byte of docs/examples/tiny-llama, computed with transformers.

  pip install torch==2.15.0 transformers==5.24.0
  python3 test/Inputs/golden/make_tiny_score.py            (in the repository's root)

arith, wordproblem: the first items; greedy `ids` (12 and 64 new ones at most, eos ends and is left out) and their `text`.
codenext: `log_likelihood` in nats of every choice: encode(prompt + choice) behind its common beginning with encode(prompt).
bits_per_byte: the first documents of a domain's valid.txt.xz; `bos text eos` in pieces of 512 tokens without context from
the piece before, every token but bos predicted once, `nats` a document, `bytes` of the texts. float32, eager attention.
"""
import json
import lzma
import math

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

TEACHER, ITEMS, DOCUMENTS, PIECE = "docs/examples/tiny-llama", 5, 6, 512
BOS, EOS = 0, 1
tokenizer = Tokenizer.from_file(f"{TEACHER}/tokenizer.json")
model = AutoModelForCausalLM.from_pretrained(TEACHER, dtype=torch.float32, attn_implementation="eager").eval()


def items(task):
    with open(f"docs/examples/tasks/{task}.jsonl", encoding="utf-8") as lines:
        return [json.loads(next(lines)) for _ in range(ITEMS)]


def log_probabilities(ids):
    return torch.log_softmax(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].double(), -1)


def greedy(prompt, most):
    ids = tokenizer.encode(prompt).ids
    out = model.generate(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                         max_new_tokens=most, max_length=None, do_sample=False, pad_token_id=EOS, eos_token_id=EOS)
    new = out[0, len(ids):].tolist()
    new = new[: new.index(EOS)] if EOS in new else new
    return {"ids": new, "text": tokenizer.decode(new)}


def log_likelihood(prompt, choice):
    before, ids = tokenizer.encode(prompt).ids, tokenizer.encode(prompt + choice).ids
    common = 0
    while common < min(len(before), len(ids)) and before[common] == ids[common]:
        common += 1
    table = log_probabilities(ids)
    return sum(table[t - 1, ids[t]].item() for t in range(common, len(ids)))


def document_nats(text):
    ids = [BOS, *tokenizer.encode(text, add_special_tokens=False).ids, EOS]
    nats = 0.0
    for begin in range(0, len(ids) - 1, PIECE):
        inputs, labels = ids[begin:begin + PIECE][: len(ids) - 1 - begin], ids[begin + 1:begin + 1 + PIECE]
        table = log_probabilities(inputs)
        nats -= sum(table[t, label].item() for t, label in enumerate(labels))
    return nats, len(ids) - 1


def bits_per_byte(domain):
    text = lzma.open(f"docs/examples/data/{domain}/valid.txt.xz", "rt", encoding="utf-8").read()
    documents = text.split("\n<|eos|>\n")[:DOCUMENTS]
    nats, tokens = zip(*(document_nats(d) for d in documents))
    size = sum(len(d.encode()) for d in documents)
    return {"documents": DOCUMENTS, "piece_tokens": PIECE, "nats": nats, "tokens": tokens, "bytes": size,
            "bits_per_byte": sum(nats) / math.log(2) / size}


@torch.no_grad()
def main():
    result = {task: [{"id": x["id"], **greedy(x["prompt"], most)} for x in items(task)]
              for task, most in (("arith", 12), ("wordproblem", 64))}
    result["codenext"] = [{"id": x["id"], "log_likelihood": [log_likelihood(x["prompt"], c) for c in x["choices"]]}
                          for x in items("codenext")]
    result["bits_per_byte"] = {domain: bits_per_byte(domain) for domain in ("math", "code")}
    with open("test/Inputs/golden/tiny-llama-score.json", "w", encoding="utf-8") as out:
        out.write(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


main()
