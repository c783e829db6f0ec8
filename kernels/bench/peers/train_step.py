#!/usr/bin/env python3
"""Peer of a training step of `xlstm bench train`: the teacher's own training (cross-entropy alone, all weights) by
transformers under torch.compile, bfloat16 autocast over float32 weights, fused AdamW, clipping.

python3 train_step.py ["train LAYERS WIDTH INNER HEADS KEY_HEADS HEAD_SIZE VOCABULARY TIED ROWS LENGTH"...]
"""
import sys

import torch
from measure import fastest, median_ms, report


class Training:
    def __init__(self, layers, width, inner, heads, key_heads, head_size, vocab, tied, rows, length):
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.manual_seed(1)
        config = LlamaConfig(vocab_size=vocab, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
                             num_attention_heads=heads, num_key_value_heads=key_heads, head_dim=head_size,
                             max_position_embeddings=length, tie_word_embeddings=bool(tied), use_cache=False)
        config._attn_implementation = "sdpa"
        with torch.device("cuda"):
            self.model = LlamaForCausalLM(config)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)
        self.ids = torch.randint(vocab, (rows, length), device="cuda")

    def step(self, model):
        with torch.autocast("cuda", torch.bfloat16):
            loss = model(input_ids=self.ids, labels=self.ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def measure(self, model):
        torch._dynamo.reset()
        for _ in range(3):
            self.step(model)
        torch.cuda.synchronize()
        return median_ms(lambda: self.step(model))


def main():
    for case in sys.argv[1:] or ["train 8 512 1408 8 4 64 8192 0 16 1024"]:
        try:
            training = Training(*[int(word) for word in case.split()[1:]])
        except Exception as error:
            print(f"{case}: {type(error).__name__}: {str(error)[:150]}", file=sys.stderr)
            continue
        report(case, fastest(case, [("transformers, torch.compile",
                                     lambda: training.measure(torch.compile(training.model))),
                                    ("transformers", lambda: training.measure(training.model))]))


main()
