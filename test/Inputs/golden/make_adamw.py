#!/usr/bin/env python3
"""Eight steps of torch.optim.AdamW in float64, with groups and clipping by one norm: adamw.json beside it."""

import json
import pathlib

import torch

SHAPES = {"matrix.weight": (2, 3), "norm.weight": (3,), "q_map.weight": (2, 2)}
BETAS, EPS, CLIP, STEPS = (0.9, 0.95), 1e-8, 0.5, 8
# Learning rate at step t: rate / (1 + t / 4); decay.
GROUPS = {"matrix.weight": (1e-2, 0.2), "norm.weight": (1e-2, 0.0), "q_map.weight": (5e-2, 0.05)}


def wave(name, t):
    """A number an element, from its place, the name's length and the step."""
    n = int(torch.tensor(SHAPES[name]).prod())
    values = torch.sin(0.7 * t + 0.3 * torch.arange(n, dtype=torch.float64) + len(name))
    return values.reshape(SHAPES[name])


params = {name: torch.nn.Parameter(2 * wave(name, 0)) for name in SHAPES}
groups = [{"params": [params[name]], "lr": lr, "weight_decay": decay} for name, (lr, decay) in GROUPS.items()]
optimizer = torch.optim.AdamW(groups, betas=BETAS, eps=EPS)
steps = []
for t in range(1, STEPS + 1):
    for name, param in params.items():
        param.grad = wave(name, t) * (0.1 if t % 3 else 1.0)
    norm = torch.sqrt(sum((param.grad**2).sum() for param in params.values()))
    for param in params.values():
        param.grad *= min(1.0, CLIP / norm.item())
    for group, (lr, _) in zip(optimizer.param_groups, GROUPS.values()):
        group["lr"] = lr / (1 + t / 4)
    optimizer.step()
    steps.append({"norm": norm.item(), **{name: param.detach().flatten().tolist() for name, param in params.items()}})
text = json.dumps({"torch": torch.__version__, "steps": steps}, indent=1)
(pathlib.Path(__file__).parent / "adamw.json").write_text(text + "\n")
