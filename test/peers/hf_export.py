#!/usr/bin/env python3
"""Compares an exported student in transformers with what xlstm computes:

    xlstm export STUDENT -o FOLDER
    python3 test/peers/hf_export.py --make-ids FOLDER ids.safetensors
    xlstm logits STUDENT --input ids.safetensors -o logits.safetensors
    python3 test/peers/hf_export.py FOLDER ids.safetensors logits.safetensors

Needs torch, safetensors and transformers (tried: 4.57 and 5.24). Checks logits of the whole, by pieces with a state, of packed
documents, and of a padded batch, within 1e-4; generate() against whole runs; gradients with and without checkpointing. Prints
what differs by how much, and fails."""

import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

failed = []


def check(name, got, want, tolerance=1e-4):
    error = float((got.detach() - want.detach()).abs().max())
    print(f"{name}: {error:.2g}")
    if not error <= tolerance:
        failed.append(name)


def logits(model, ids, **more):
    with torch.no_grad():
        return model(ids, use_cache=False, **more).logits


def check_logits(model, ids, want):
    T = ids.shape[1]
    check("logits", logits(model, ids), want)
    state, pieces, at = None, [], 0
    for length in (7, 1, T // 3, 1, T - T // 3 - 9):
        with torch.no_grad():
            output = model(ids[:, at:at + length], past_key_values=state, use_cache=True)
        state, at = output.past_key_values, at + length
        pieces.append(output.logits)
    check("pieces with a state", torch.cat(pieces, 1), want)
    cut = T // 3
    positions = torch.cat([torch.arange(cut), torch.arange(T - cut)])[None].expand(len(ids), -1)
    check("packed documents", logits(model, ids, position_ids=positions),
          torch.cat([logits(model, ids[:, :cut]), logits(model, ids[:, cut:])], 1))


def check_generation(model, ids):
    prompt, pad = ids[:1, :21], 13
    batch = torch.cat([torch.cat([torch.zeros_like(ids[:1, :pad]), prompt], 1), ids[1:2, :21 + pad]])
    mask = torch.ones_like(batch)
    mask[0, :pad] = 0
    check("padded batch", logits(model, batch, attention_mask=mask)[0, pad:], logits(model, prompt)[0])
    want = prompt
    for _ in range(24):
        want = torch.cat([want, logits(model, want)[:, -1:].argmax(-1)], 1)
    settings = dict(max_new_tokens=24, min_new_tokens=24, do_sample=False)
    check("generate", model.generate(prompt, attention_mask=torch.ones_like(prompt), **settings), want, 0)
    check("generate, batch", model.generate(batch, attention_mask=mask, **settings)[0, pad:], want[0], 0)


def check_gradients(model, ids):
    model.train()
    gradients = []
    for enable in (model.gradient_checkpointing_disable, model.gradient_checkpointing_enable):
        enable()
        model.zero_grad()
        model(ids, labels=ids).loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    check("gradients with checkpointing", *gradients, 1e-5)


def make_ids(folder, output_file):
    vocabulary = AutoConfig.from_pretrained(folder, trust_remote_code=True).vocab_size
    torch.manual_seed(0)
    save_file({"input_ids": torch.randint(0, vocabulary, (2, 150))}, output_file)


def main(folder, input_file, logits_file):
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None
    ids = load_file(input_file)["input_ids"]
    check_logits(model, ids, load_file(logits_file)["logits"])
    check_generation(model, ids)
    check_gradients(model, ids)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make-ids"]:
        make_ids(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
