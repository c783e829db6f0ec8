#!/usr/bin/env python3
"""Write tiny-llama.safetensors: what transformers computes with docs/examples/tiny-llama.

  pip install torch==2.15.0 transformers==5.24.0 safetensors
  python3 test/Inputs/golden/make_tiny.py                  (in the repository's root)

input_ids int64 [2, 96]: the beginnings of two held-out documents, each with <|bos|> first; logits float32 [2, 96, V];
attn_out.N float32 [2, 96, H*d]: layer N's attention, before o_proj. float32, eager attention, CPU.
"""
import lzma

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

TEACHER, LENGTH = "docs/examples/tiny-llama", 96


def first_document(domain):
    text = lzma.open(f"docs/examples/data/{domain}/valid.txt.xz", "rt", encoding="utf-8").read()
    return next(d for d in text.split("\n<|eos|>\n") if len(d) > 1000)


def main():
    tokenizer = Tokenizer.from_file(f"{TEACHER}/tokenizer.json")
    rows = [[0] + tokenizer.encode(first_document(d), add_special_tokens=False).ids[: LENGTH - 1] for d in ("prose", "code")]
    ids = torch.tensor(rows)
    model = AutoModelForCausalLM.from_pretrained(TEACHER, dtype=torch.float32, attn_implementation="eager").eval()
    out = {}

    def keep(layer):
        def hook(_, inputs):
            out[f"attn_out.{layer}"] = inputs[0].detach().clone()
        return hook

    for i, layer in enumerate(model.model.layers):
        layer.self_attn.o_proj.register_forward_pre_hook(keep(i))
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits
    save_file({"input_ids": ids, "logits": logits.contiguous(), **out}, "test/Inputs/golden/tiny-llama.safetensors")


main()
