#!/usr/bin/env python3
"""Peer of xlstm_cuda_sparse_loss: the same mathematics in PyTorch, through torch.compile, head included.

python3 sparse_loss.py ["loss TOKENS HIDDEN VOCABULARY STORED"...]; forward and backward, and the peak workspace.
"""
import sys

import torch
import torch.nn.functional as F
from measure import fastest, median_ms, report

GAMMA, BETA = 0.9, 0.1


class Problem:
    def __init__(self, N, D, V, K):
        torch.manual_seed(1)
        self.hidden = (torch.rand(N, D, device="cuda") * 2 - 1).bfloat16().requires_grad_()
        self.weight = ((torch.rand(V, D, device="cuda") * 2 - 1) * 0.05).bfloat16().requires_grad_()
        self.labels = torch.randint(V, (N,), device="cuda")
        self.ids = torch.stack([torch.randperm(V, device="cuda")[:K] for _ in range(64)]).repeat(N // 64, 1)
        self.teacher = torch.randn(N, K, device="cuda").log_softmax(-1)

    def loss_in_float32(self, hidden, weight):
        """As transformers and this project's evaluator write it: logits go to float32 first."""
        logits = (hidden @ weight.t()).float()
        student = logits.gather(1, self.ids).log_softmax(-1)
        kl = (self.teacher.exp() * (self.teacher - student)).sum(-1).mean()
        return GAMMA * F.cross_entropy(logits, self.labels) + BETA * kl

    def loss_in_bfloat16(self, hidden, weight):
        """The cheapest way: float32 inside the fused reductions alone."""
        logits = hidden @ weight.t()
        chosen = logits.gather(1, self.ids).float()
        kl = (self.teacher.exp() * (self.teacher - chosen.log_softmax(-1))).sum(-1).mean()
        top = logits.amax(-1, keepdim=True).float()
        total = (logits.float() - top).exp().sum(-1, keepdim=True).log() + top
        label = logits.gather(1, self.labels[:, None]).float()
        return GAMMA * (total - label).mean() + BETA * kl

    def measure(self, loss):
        def step():
            self.hidden.grad = self.weight.grad = None
            loss(self.hidden, self.weight).backward()

        torch._dynamo.reset()
        step(), step()
        torch.cuda.synchronize()
        self.hidden.grad = self.weight.grad = None
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        gradients = 2 * (self.hidden.numel() + self.weight.numel())
        workspace = torch.cuda.max_memory_allocated() - before - gradients
        print(f"workspace {workspace / 1e6:.0f} MB, loss {loss(self.hidden, self.weight).item():.5f}", file=sys.stderr)
        return median_ms(step)


def main():
    for case in sys.argv[1:] or ["loss 8192 4096 128256 256"]:
        problem = Problem(*map(int, case.split()[1:]))
        report(case, fastest(case, [
            ("torch.compile, logits in bf16", lambda: problem.measure(torch.compile(problem.loss_in_bfloat16))),
            ("torch.compile, logits in float32", lambda: problem.measure(torch.compile(problem.loss_in_float32)))]))


main()
