#!/usr/bin/env python3
"""Rivals of the fused mixer: an mLSTM kernel and a windowed attention kernel, one after the other, without feature maps.

python3 mixer.py CASE..., a case being "forward T" or "train T" (forward and backward): B 1, 32 heads (8 of keys for the
attention), d 128, window 512 and 4 sinks, bf16. mlstm_kernels (PyPI) must be importable; flash_attn.cute may be.
"""
import sys

import torch
from measure import fastest, median_ms, report

H, HKV, D, WINDOW, SINKS = 32, 8, 128, 512, 4


def random(*sizes):
    return torch.randn(*sizes, device="cuda")


def timed(call, leaves, train):
    """`call` returns the output; with `train` its backward follows."""
    for leaf in leaves:
        leaf.requires_grad_(train)
    gradient = None

    def step():
        nonlocal gradient
        with torch.set_grad_enabled(train):
            h = call()
        if train:
            gradient = torch.randn_like(h) if gradient is None else gradient
            for leaf in leaves:
                leaf.grad = None
            h.backward(gradient)

    return median_ms(step)


def mlstm(T, train, chunk, **tuning):
    from mlstm_kernels.torch import get_mlstm_kernel

    kernel = get_mlstm_kernel("chunkwise--triton_xl_chunk")
    q, k = (random(1, H, T, D).softmax(-1).bfloat16() for _ in range(2))  # as feature maps give them
    v, i, f = random(1, H, T, D).bfloat16(), random(1, H, T), 4 + random(1, H, T)
    return timed(lambda: kernel(q=q, k=k, v=v, i=i, f=f, chunk_size=chunk, return_last_states=False,
                                autocast_kernel_dtype=torch.bfloat16, **tuning), (q, k, v, i, f), train)


def flex(T, train, heads, options):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    if T > 32768:
        raise ValueError("the block mask is made from T x T booleans")
    mask = create_block_mask(lambda b, h, q, k: (q >= k) & ((q - k < WINDOW) | (k < SINKS)), None, None, T, T, "cuda")
    attend = torch.compile(flex_attention, dynamic=False)
    q, k, v = (random(1, n, T, D).bfloat16() for n in (H, heads, heads))
    return timed(lambda: attend(q, k, v, block_mask=mask, enable_gqa=heads != H, kernel_options=options), (q, k, v),
                 train)


def flash(T, train):
    """FlashAttention-2 inside of PyTorch, windowed, without sinks."""
    q, k, v = (random(1, T, n, D).bfloat16() for n in (H, HKV, HKV))
    return timed(lambda: torch.ops.aten._flash_attention_forward(
        q, k, v, None, None, T, T, 0.0, True, False, window_size_left=WINDOW - 1, window_size_right=0)[0], (q, k, v),
        train)


def flash4(T, train):
    from flash_attn.cute import flash_attn_func

    q, k, v = (random(1, T, n, D).bfloat16() for n in (H, HKV, HKV))

    def attend():
        h = flash_attn_func(q, k, v, causal=True, window_size=(WINDOW - 1, 0))
        return h[0] if isinstance(h, tuple) else h

    return timed(attend, (q, k, v), train)


def measure(case):
    kind, T = case.split()
    T, train = int(T), kind == "train"
    tunings = [(128, {}), (128, dict(num_warps_intra=8, num_stages_intra=2, num_stages_inter=2)),
               (256, {}), (64, {})] if not train else [(128, {}), (64, {}), (128, dict(num_warps_intra=8))]
    memory = fastest(case, [(f"mlstm_kernels chunk {chunk} {tuning or ''}".strip(),
                             lambda chunk=chunk, tuning=tuning: mlstm(T, train, chunk, **tuning))
                            for chunk, tuning in tunings])
    window = fastest(case, [
        (f"flex_attention {H} key heads", lambda: flex(T, train, H, None)),
        (f"flex_attention {HKV} key heads", lambda: flex(T, train, HKV, None)),
        (f"flex_attention {H} key heads, 64 x 64, 4 warps",
         lambda: flex(T, train, H, dict(BLOCK_M=64, BLOCK_N=64, num_warps=4, num_stages=3))),
        ("FlashAttention-2 without sinks", lambda: flash(T, train)),
        ("FlashAttention-4 without sinks", lambda: flash4(T, train))])
    report(case, memory, window)


def main():
    try:
        import mlstm_kernels  # noqa: F401
    except ImportError as error:
        print(f"mixer.py: {error}: no rival for the memory", file=sys.stderr)
        return
    for case in sys.argv[1:] or ["forward 16384", "train 16384"]:
        measure(case)


main()
