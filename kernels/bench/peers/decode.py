#!/usr/bin/env python3
"""Rival of the decode step: mlstm_kernels' recurrent step alone (no RoPE, feature maps, window or mix), in a CUDA graph.

python3 decode.py CASE..., a case being "decode B STATES": B sequences, 32 heads, d 128, float32 states, of which STATES
are used in turn (1: warm in the cache where they fit).
"""
import sys

import torch
from measure import fastest, graph_ms, report

H, D = 32, 128


def step(B, states, **tuning):
    from mlstm_kernels.torch.recurrent.triton_step import mlstm_recurrent_step__triton_fw as kernel

    def random(*sizes):
        return torch.randn(*sizes, device="cuda")

    q, k = (random(B, H, D).softmax(-1).bfloat16() for _ in range(2))
    v, i, f = random(B, H, D).bfloat16(), random(B, H, 1), 4 + random(B, H, 1)

    def one():
        c, n, m = random(B, H, D, D), torch.rand(B, H, D, device="cuda"), torch.zeros(B, H, 1, device="cuda")
        n1, m1 = torch.empty_like(n), torch.empty_like(m)  # two blocks read those of a head
        return lambda: kernel(c, n, m, q, k, v, i, f, matC_new=c, vecN_new=n1, scaM_new=m1, **tuning)

    calls = [one() for _ in range(states)]
    return graph_ms(calls * max(1, 48 // states))


def main():
    try:
        import mlstm_kernels  # noqa: F401
    except ImportError as error:
        print(f"decode.py: {error}: no rival for the step", file=sys.stderr)
        return
    for case in sys.argv[1:] or ["decode 1 1", "decode 8 1", "decode 64 1"]:
        B, states = map(int, case.split()[1:])
        tunings = [{}] + [dict(num_warps=warps, num_stages=stages) for warps, stages in ((2, 1), (8, 1), (4, 2))]
        report(case, fastest(case, [(f"mlstm_kernels step {tuning or ''}".strip(),
                                     lambda tuning=tuning: step(B, states, **tuning)) for tuning in tunings]))


main()
