#!/usr/bin/env python3
"""Peer of xlstm_cuda_sparse_loss: the same mathematics in PyTorch, eager and through torch.compile, head included.

python3 sparse_loss.py [tokens hidden vocabulary stored]; prints milliseconds of forward and backward and peak workspace.
"""
import statistics
import sys

import torch
import torch.nn.functional as F

N, D, V, K = map(int, sys.argv[1:5]) if len(sys.argv) > 4 else (8192, 4096, 128256, 256)
GAMMA, BETA = 0.9, 0.1
torch.manual_seed(1)
hidden = (torch.rand(N, D, device="cuda") * 2 - 1).bfloat16().requires_grad_()
weight = ((torch.rand(V, D, device="cuda") * 2 - 1) * 0.05).bfloat16().requires_grad_()
labels = torch.randint(V, (N,), device="cuda")
ids = torch.stack([torch.randperm(V, device="cuda")[:K] for _ in range(64)]).repeat(N // 64, 1)
teacher = torch.randn(N, K, device="cuda").log_softmax(-1)


def loss_in_float32(hidden, weight):
    """As transformers and this project's evaluator write it: logits go to float32 first."""
    logits = (hidden @ weight.t()).float()
    student = logits.gather(1, ids).log_softmax(-1)
    kl = (teacher.exp() * (teacher - student)).sum(-1).mean()
    return GAMMA * F.cross_entropy(logits, labels) + BETA * kl


def loss_in_bfloat16(hidden, weight):
    """The cheapest way: float32 inside the fused reductions alone."""
    logits = hidden @ weight.t()
    chosen = logits.gather(1, ids).float()
    kl = (teacher.exp() * (teacher - chosen.log_softmax(-1))).sum(-1).mean()
    top = logits.amax(-1, keepdim=True).float()
    total = (logits.float() - top).exp().sum(-1, keepdim=True).log() + top
    label = logits.gather(1, labels[:, None]).float()
    return GAMMA * (total - label).mean() + BETA * kl


def measure(name, loss):
    def step():
        hidden.grad = weight.grad = None
        loss(hidden, weight).backward()

    try:
        step(), step()
        torch.cuda.synchronize()
        hidden.grad = weight.grad = None
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        gradients = (N * D + V * D) * 2
        workspace = torch.cuda.max_memory_allocated() - before - gradients
        times = []
        for _ in range(7):
            a, b = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            a.record(), step(), b.record()
            torch.cuda.synchronize()
            times.append(a.elapsed_time(b))
        print(f"{name}: {statistics.median(times):.2f} ms, workspace {workspace / 1e6:.0f} MB, "
              f"loss {loss(hidden, weight).item():.5f}", flush=True)
    except Exception as error:  # a peer that fails does not stop the others
        print(f"{name}: failed, {str(error).splitlines()[0][:150]}", flush=True)
    torch._dynamo.reset()
    torch.cuda.empty_cache()


for kind, loss in (("float32", loss_in_float32), ("bf16", loss_in_bfloat16)):
    measure(f"torch.compile, logits in {kind}", torch.compile(loss))
measure("eager, logits in float32", loss_in_float32)
