#!/usr/bin/env python3
"""Write the random teachers of hf/ that cover what the others leave out, and their golden files.

  pip install torch==2.15.0 transformers==5.24.0 safetensors
  python3 test/Inputs/golden/make_small.py                 (in the repository's root)

mistral-window: bf16, head_dim apart from D/H, every layer slides, linear RoPE scaling. llama-bias: f16, biases everywhere,
YaRN. qwen2-window: from its second layer on a window. Golden files as those of the other teachers: input_ids int64
[2, 37], logits, attn_out.N (before o_proj); the stored weights widened to float32, eager attention.
"""
import json
import shutil
from pathlib import Path

import torch
import transformers as tr
from safetensors.torch import save_file

INPUTS = Path("test/Inputs")
BASE = dict(vocab_size=288, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, bos_token_id=0, eos_token_id=0)
TEACHERS = {
    "mistral-window": (torch.bfloat16, lambda: tr.MistralConfig(
        **BASE, head_dim=16, sliding_window=8, max_position_embeddings=256,
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
    "llama-bias": (torch.float16, lambda: tr.LlamaConfig(
        **BASE, attention_bias=True, mlp_bias=True, max_position_embeddings=256,
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64))),
    "qwen2-window": (torch.float32, lambda: tr.Qwen2Config(
        **BASE, use_sliding_window=True, sliding_window=8, max_window_layers=1, max_position_embeddings=256,
        tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=10000.0))),
}


def fill(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        weight.data = 1 + 0.2 * noise if "norm" in name else 0.2 * noise


@torch.no_grad()
def make(name, dtype, config, seed):
    model = tr.AutoModelForCausalLM.from_config(config)
    fill(model, seed)
    folder = INPUTS / "hf" / name
    model.to(dtype).save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(INPUTS / "hf/smollm-tied" / file, folder / file)

    model = tr.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.randint(0, 288, (2, 37), generator=torch.Generator().manual_seed(seed))
    out = {}
    for i, layer in enumerate(model.model.layers):
        layer.self_attn.o_proj.register_forward_pre_hook(
            lambda _, inputs, i=i: out.update({f"attn_out.{i}": inputs[0].clone()}))
    out.update(input_ids=ids, logits=model(input_ids=ids, use_cache=False).logits.contiguous())
    save_file(out, INPUTS / "golden" / f"{name}.safetensors")
    return {"file": f"golden/{name}.safetensors", "tensors": {k: list(v.shape) for k, v in sorted(out.items())}}


def main():
    index = json.loads((INPUTS / "golden/INDEX.json").read_text())
    for seed, (name, (dtype, config)) in enumerate(TEACHERS.items()):
        index[name] = make(name, dtype, config(), seed)
    (INPUTS / "golden/INDEX.json").write_text(json.dumps(index, indent=1) + "\n")


main()
