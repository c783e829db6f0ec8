# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A hybrid xLSTM made by `xlstm` from a transformer: mLSTM, window and sinks in every layer, some heads kept as attention.

Plain PyTorch, no kernels: for evaluation, fine-tuning and for other tools to start from. The model is the list of ops in
config.json, one function below for each (docs/Spec of xlstm says what they mean); letters: B rows, T tokens, H heads, d channels of a head, m features.

Packed documents: give `position_ids` that begin at 0 with each document. Padding: `attention_mask`, on the left (on the
right it is only text that nobody reads). The state of `past_key_values` does not grow, but for heads kept as attention.
"""

import inspect
import math
from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_xlstm_hybrid import XlstmHybridConfig

# What transformers of the day calls the state that goes from call to call: past_key_values, or cache.
STATE = "cache" if "cache" in inspect.signature(GenerationMixin.prepare_inputs_for_generation).parameters else "past_key_values"


@dataclass
class XlstmHybridOutput(ModelOutput):
    """`cache`, or `past_key_values`, is an XlstmHybridState."""

    loss: Optional[torch.Tensor] = None
    logits: Optional[torch.Tensor] = None
    cache: Optional["XlstmHybridState"] = None
    hidden_states: Optional[tuple] = None

    @property
    def past_key_values(self):
        return self.cache


class XlstmHybridState:
    """What the tokens so far have left: by layer and op, tensors whose first dimension is the row."""

    def __init__(self, layers):
        self.seen = 0  # tokens
        self.start = None  # [B]: where a row's document begins
        self.layers = [{} for _ in range(layers)]

    def get_seq_length(self, layer_idx=0):
        return self.seen

    def reorder_cache(self, rows):
        self.start = self.start[rows]
        for layer in self.layers:
            for key, tensors in layer.items():
                layer[key] = tuple(t.index_select(0, rows.to(t.device)) for t in tensors)

    def bytes(self):
        return sum(t.numel() * t.element_size() for layer in self.layers for tensors in layer.values() for t in tensors)


NOWHERE = -(1 << 40)  # of a key that nobody sees


# Ops. `at` says where the call stands: docs [B, T], the token of the call at which a document begins, negative when that was
# before; `past`, the tokens before the call; `state`, a layer's tensors by op, or None; `key`, the op's own.


def rms_norm(at, x, weight, eps):
    wide = x.float() if x.dtype != torch.float64 else x
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * weight.to(wide.dtype)).to(x.dtype)


def rope(at, x, positions, theta=None, frequencies=None, factor=1.0):
    half = x.shape[-1] // 2
    exact = torch.float32 if x.device.type == "mps" else torch.float64
    if frequencies is None:
        frequencies = [theta ** (-i / half) for i in range(half)]
    angle = positions.to(exact)[..., None, None] * torch.tensor(frequencies, dtype=exact, device=x.device)
    cos, sin = (angle.cos() * factor).to(x.dtype), (angle.sin() * factor).to(x.dtype)
    low, high = x[..., :half], x[..., half:]
    return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)


def attend(q, k, v, seen, scale):
    """q [B, T, H, d]; k, v [B, K, Hkv, d]; seen [B or 1, T, K]."""
    group = q.shape[2] // k.shape[2]
    k, v = (x.repeat_interleave(group, 2).transpose(1, 2) for x in (k, v))
    return F.scaled_dot_product_attention(q.transpose(1, 2), k, v, attn_mask=seen[:, None], scale=scale).transpose(1, 2)


def attention(at, q, k, v, docs, scale, window=None, sinks=0):
    B, T = q.shape[:2]
    index = torch.arange(T, device=q.device).expand(B, T)
    if at.state is not None:
        if at.key in at.state:
            old_k, old_v, old_index = at.state[at.key]
            k, v, index = torch.cat([old_k, k], 1), torch.cat([old_v, v], 1), torch.cat([old_index - at.past, index], 1)
        kept_k, kept_v, kept_index = k, v, index
        if window is not None:  # the last `window` keys and the sinks of the row's last document
            kept = torch.arange(max(0, k.shape[1] - window), k.shape[1], device=q.device).expand(B, -1)
            if sinks:
                is_sink = (index >= docs[:, -1:]) & (index - docs[:, -1:] < sinks)
                early = torch.sort(is_sink.to(torch.int8), dim=1, descending=True, stable=True).indices[:, :sinks]
                is_sink = is_sink.gather(1, early) & (early < kept[:, :1])
                kept_index = torch.cat([torch.where(is_sink, index.gather(1, early), NOWHERE), index.gather(1, kept)], 1)
                kept = torch.cat([early, kept], 1)
            else:
                kept_index = index.gather(1, kept)
            rows = torch.arange(B, device=q.device)[:, None]
            kept_k, kept_v = k[rows, kept], v[rows, kept]
        at.state[at.key] = (kept_k, kept_v, kept_index + at.past)

    def mask(a, b, first):  # queries a to b of the call, keys from `first` on
        t, j, start = index[:, -T:][:, a:b, None], index[:, None, first:], docs[:, a:b, None]
        seen = (j <= t) & (j >= start)
        return seen & ((t - j < window) | (j - start < sinks)) if window is not None else seen

    before = k.shape[1] - T
    block = T if window is None else max(window, 256)
    if T <= block or (sinks and not bool((docs == docs[:, :1]).all())):
        return attend(q, k, v, mask(0, T, 0), scale)
    out = []
    for a in range(0, T, block):  # linear in T: a block of queries reads its window and the sinks
        b = min(a + block, T)
        first = max(0, before + a - window + 1)
        keys, values, seen = k[:, first:before + b], v[:, first:before + b], mask(a, b, first)[:, :, : before + b - first]
        if sinks and first > 0:
            far = ((index[:, :first] >= docs[:, :1]) & (index[:, :first] - docs[:, :1] < sinks)).any(0).nonzero().flatten()
            keys, values = torch.cat([k[:, far], keys], 1), torch.cat([v[:, far], values], 1)
            seen = torch.cat([mask(a, b, 0)[:, :, far], seen], 2)
        out.append(attend(q[:, a:b], keys, values, seen, scale))
    return torch.cat(out, 1)


def feature_map(at, x, weight, kind):
    x = x.repeat_interleave(weight.shape[0] // x.shape[2], 2)
    y = torch.einsum("bthd,hmd->bthm", x.to(weight.dtype), weight)
    return (y.softmax(-1) if kind == "softmax" else F.elu(y) + 1).to(x.dtype)


def output_gate(at, q, k, v, weight, bias):
    group = q.shape[2] // k.shape[2]
    x = torch.cat([q, k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)], -1)
    return torch.einsum("bthc,hc->bth", x.to(weight.dtype), weight) + bias


def mix(at, gate, memory, window):
    return torch.lerp(window, memory, gate.sigmoid().to(memory.dtype)[..., None])


def chunks(T, size):
    return [(a, min(a + size, T)) for a in range(0, T, size)]


def visible(docs, a, b):
    """Within a chunk: which tokens a token sees; which tokens see what was before the chunk."""
    t = torch.arange(a, b, device=docs.device)
    start = docs[:, a:b, None]
    return ((t[None, None, :] <= t[None, :, None]) & (t[None, None, :] >= start))[:, None], (docs[:, a:b] < a)[:, None]


def mlstm(at, q, k, v, i, f, docs, chunk):
    """The matrix memory by chunks. Weights are exponentials relative to a running maximum m, so that nothing overflows."""
    kind, exact = q.dtype, torch.float32 if q.device.type == "mps" else torch.float64
    wide = torch.float32 if kind != torch.float64 else kind
    B, T, H, m = q.shape
    v = torch.cat([v, torch.ones_like(v[..., :1])], -1).repeat_interleave(H // v.shape[2], 2)  # the last channel sums to z
    q, k, v = (x.to(wide).transpose(1, 2) for x in (q, k, v))  # [B, H, T, .]
    log_i, log_f = (torch.zeros(B, H, T, dtype=exact, device=q.device) if g is None else g.to(exact).transpose(1, 2) for g in (i, f))
    if f is not None:
        log_f = F.logsigmoid(log_f)
    S = q.new_zeros(B, H, m, v.shape[-1])
    top = torch.full((B, H), -math.inf, dtype=exact, device=q.device)
    if at.state is not None and at.key in at.state:
        S, top = at.state[at.key]
    out = []
    for a, b in chunks(T, chunk):
        sees, sees_past = visible(docs, a, b)
        total = log_f[:, :, a:b].cumsum(-1)
        # log of what token s weighs for token t, and of what the memory before the chunk does
        own = (total[..., :, None] - total[..., None, :] + log_i[:, :, None, a:b]).masked_fill(~sees, -math.inf)
        old = (total + top[..., None]).masked_fill(~sees_past, -math.inf)
        best = torch.maximum(own.amax(-1), old).detach()
        weights, reach = (own - best[..., None]).exp().to(wide), (old - best).exp().to(wide)
        qc, kc, vc = q[:, :, a:b], k[:, :, a:b], v[:, :, a:b]
        both = (qc @ kc.transpose(-1, -2) * weights) @ vc + (qc @ S) * reach[..., None]
        out.append(both[..., :-1] / both[..., -1:].clamp_min(1e-30))
        S = S * reach[..., -1, None, None] + (kc * weights[..., -1, :, None]).transpose(-1, -2) @ vc
        top = best[..., -1]
    if at.state is not None:
        at.state[at.key] = (S, top)
    return torch.cat(out, 2).transpose(1, 2).to(kind)


def gated_delta(at, q, k, v, write, decay, docs, chunk):
    """The gated delta rule by chunks: what a chunk writes solves one unit triangular system."""
    kind, exact = q.dtype, torch.float32 if q.device.type == "mps" else torch.float64
    wide = torch.float32 if kind != torch.float64 else kind
    B, T, H, m = q.shape
    q, k = (x.to(wide) for x in (q, k))
    q, k = (x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6) for x in (q, k))
    k, v = (x.to(wide).repeat_interleave(H // x.shape[2], 2) for x in (k, v))
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    beta = write.sigmoid().to(wide).transpose(1, 2)[..., None]
    log_f = F.logsigmoid(decay.to(exact)).transpose(1, 2)
    S = q.new_zeros(B, H, m, v.shape[-1])
    if at.state is not None and at.key in at.state:
        (S,) = at.state[at.key]
    out = []
    for a, b in chunks(T, chunk):
        sees, sees_past = visible(docs, a, b)
        total = log_f[:, :, a:b].cumsum(-1)
        decays = (total[..., :, None] - total[..., None, :]).masked_fill(~sees, -math.inf).exp().to(wide)
        reach = total.masked_fill(~sees_past, -math.inf).exp().to(wide)[..., None]
        qc, kc, vc, bc = q[:, :, a:b], k[:, :, a:b], v[:, :, a:b], beta[:, :, a:b]
        system = (kc @ kc.transpose(-1, -2) * decays * bc).tril(-1)
        u = torch.linalg.solve_triangular(system, bc * (vc - reach * (kc @ S)), upper=False, unitriangular=True)
        out.append(reach * (qc @ S) + (qc @ kc.transpose(-1, -2) * decays) @ u)
        S = reach[..., -1:, :] * S + (kc * decays[..., -1, :, None]).transpose(-1, -2) @ u
    if at.state is not None:
        at.state[at.key] = (S,)
    return torch.cat(out, 2).transpose(1, 2).to(kind)


def linear(at, x, weight, bias=None):
    """Of a weight that is not a module's own, such as a tied embedding's."""
    return F.linear(x.to(weight.dtype), weight, bias)


def join_heads(at, *parts, heads):
    x = torch.cat(parts, 2)
    return x[:, :, [heads.index(h) for h in range(len(heads))]]


OPS = {
    "positions": lambda at, ids, docs: at.index - docs,
    "embed": lambda at, ids, table: F.embedding(ids, table),
    "linear": linear,
    "rms_norm": rms_norm,
    "split_heads": lambda at, x, heads: x.unflatten(-1, (heads, -1)),
    "merge_heads": lambda at, x: x.flatten(-2),
    "take_heads": lambda at, x, heads: x[:, :, heads],
    "join_heads": join_heads,
    "rope": rope,
    "attention": attention,
    "swiglu": lambda at, gate, up: F.silu(gate) * up,
    "add": lambda at, a, b: a + b,
    "scale": lambda at, x, factor: x * factor,
    "feature_map": feature_map,
    "output_gate": output_gate,
    "mlstm": mlstm,
    "gated_delta": gated_delta,
    "mix": mix,
}


@dataclass
class At:
    """Where a call stands, for the ops."""

    index: torch.Tensor  # [1, T]: the tokens of the call
    past: int
    state: Optional[dict] = None
    key: str = ""


class Graph(nn.Module):
    """A list of ops, and the parameters they name, as modules: `self_attn.q_proj.weight` is that of the nn.Linear `self_attn.q_proj`."""

    def __init__(self, ops, shapes):
        super().__init__()
        self.ops = ops
        kinds = {operands[1]: op for _, op, operands, _ in ops if op == "linear"}
        kinds.update({operands[1]: op for _, op, operands, _ in ops if op == "embed"})  # a tied head reads the table
        for name, shape in shapes.items():
            path, leaf = name.rsplit(".", 1)
            if not isinstance(self.find(path), (nn.Linear, nn.Embedding)):
                self.add(path, leaf, shape, kinds.get(name), f"{path}.bias" in shapes)

    def add(self, path, leaf, shape, kind, has_bias):
        *folders, last = path.split(".")
        at = self
        for folder in folders:
            if not hasattr(at, folder):
                at.add_module(folder, nn.Module())
            at = getattr(at, folder)
        if kind == "embed":
            at.add_module(last, nn.Embedding(*shape))
        elif kind == "linear":
            at.add_module(last, nn.Linear(shape[1], shape[0], bias=has_bias))
        else:
            if not hasattr(at, last):
                at.add_module(last, nn.Module())
            getattr(at, last).register_parameter(leaf, nn.Parameter(torch.empty(shape)))

    def find(self, path):
        at = self
        for folder in path.split("."):
            at = getattr(at, folder, None)
        return at

    def run(self, ops, values, at):
        """Adds to `values` what each op gives."""

        def value(name):
            return self.find(name) if name and "." in name else values.get(name)

        for result, op, operands, attributes in ops:
            at.key = result
            module = self.find(operands[1].rsplit(".", 1)[0]) if op == "linear" else None
            if hasattr(module, "in_features"):  # the module's own call: adapters and quantised layers hook in there
                x, weight = values[operands[0]], module.weight
                values[result] = module(x.to(weight.dtype) if weight.is_floating_point() else x)
            else:
                values[result] = OPS[op](at, *map(value, operands), **attributes)
        return values


class XlstmHybridLayer(Graph):
    def forward(self, x, values, at, state):
        at.state = state
        # What enters a layer is "x", and its last op is what leaves it.
        return self.run(self.ops, {**values, "x": x}, at)[self.ops[-1][0]]


class XlstmHybridForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = XlstmHybridConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ["XlstmHybridLayer"]
    _is_stateful = True
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        graph = config.graph
        # What linearizing added, gates and maps, stays float32 whatever the rest is.
        names = {part for kind in graph["layers"] for name in kind["parameters"] for part in name.split(".")}
        self._keep_in_fp32_modules_strict = {name for name in names if name.endswith(("_gate", "_map"))}
        root = Graph(graph["before"] + graph["after"], graph["parameters"])
        for name, module in root.named_children():
            self.add_module(name, module)
        self.model.add_module("layers", nn.ModuleList(
            XlstmHybridLayer(graph["layers"][kind]["ops"], graph["layers"][kind]["parameters"]) for kind in graph["layer_kinds"]))
        self.gradient_checkpointing = False
        self.post_init()

    find = Graph.find
    run = Graph.run

    def _init_weights(self, module):
        """The file has every weight."""

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def set_input_embeddings(self, value):
        self.model.embed_tokens = value

    def get_output_embeddings(self):
        return getattr(self, "lm_head", None)

    @staticmethod
    def documents(input_ids, attention_mask, position_ids, state):
        """docs [B, T], as the ops want it: relative to the call, negative when the document began before it."""
        B, T = input_ids.shape[:2]
        index = torch.arange(T, device=input_ids.device).expand(B, T)
        if state is not None and state.seen:
            return (state.start - state.seen)[:, None].expand(B, T)
        if attention_mask is not None and attention_mask.dim() == 2 and not bool(attention_mask.all()):
            start = attention_mask[:, :T].to(torch.int64).argmax(1)  # the padding on the left is a document of its own
            return torch.where(index >= start[:, None], start[:, None], 0)
        if position_ids is not None and position_ids.shape[-1] == T:
            return torch.where(position_ids == 0, index, 0).cummax(1).values
        return torch.zeros_like(index)

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, cache=None, inputs_embeds=None,
                labels=None, use_cache=None, logits_to_keep=0, output_hidden_states=None, return_dict=None, **kwargs):
        use_cache = (self.config.use_cache and not self.training) if use_cache is None else use_cache
        state = next((s for s in (past_key_values, cache) if isinstance(s, XlstmHybridState)), None)
        if state is None and use_cache:
            state = XlstmHybridState(self.config.num_hidden_layers)
        tokens = input_ids if input_ids is not None else inputs_embeds
        docs = self.documents(tokens, attention_mask, position_ids, state)
        past = state.seen if state is not None else 0
        at = At(torch.arange(tokens.shape[1], device=tokens.device)[None], past)
        graph = self.config.graph
        values = {"ids": input_ids, "docs": docs}
        given = graph["enters"] if inputs_embeds is not None else None
        self.run([op for op in graph["before"] if op[0] != given], values, at)
        x = values[graph["enters"]] if given is None else inputs_embeds
        hidden = [x]
        for n, layer in enumerate(self.model.layers):
            own = state.layers[n] if state is not None else None
            here = At(at.index, past)
            if self.gradient_checkpointing and self.training:
                x = self._gradient_checkpointing_func(layer.__call__, x, values, here, own)
            else:
                x = layer(x, values, here, own)
            if output_hidden_states:
                hidden.append(x)
        if logits_to_keep:
            x = x[:, -logits_to_keep:] if isinstance(logits_to_keep, int) else x[:, logits_to_keep]
        logits = self.run(graph["after"], {**values, "x": x}, at)[graph["after"][-1][0]]
        if state is not None:
            if state.start is None:
                state.start = docs[:, -1] + past
            state.seen = past + tokens.shape[1]
        loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size, **kwargs) if labels is not None else None
        output = XlstmHybridOutput(loss, logits, state, tuple(hidden) if output_hidden_states else None)
        return output if return_dict is not False else output.to_tuple()

    # generate(): the state is this model's own kind in every version of transformers.

    @classmethod
    def _supports_default_dynamic_cache(cls):
        return False

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, inputs_embeds=None, use_cache=True, **kwargs):
        state = kwargs.get(STATE)
        inputs = {STATE: state, "use_cache": use_cache, "logits_to_keep": kwargs.get("logits_to_keep") or 1}
        if state is not None and state.seen:
            return {**inputs, "input_ids": input_ids[:, state.seen - self._embedded:]}
        self._embedded = 0
        if inputs_embeds is not None and input_ids.shape[1] == 0:
            self._embedded = inputs_embeds.shape[1]
            return {**inputs, "inputs_embeds": inputs_embeds, "attention_mask": attention_mask}
        return {**inputs, "input_ids": input_ids, "attention_mask": attention_mask}

    _embedded = 0  # tokens of the prompt that came as embeddings, and stand in no ids

    def _update_model_kwargs_for_generation(self, outputs, model_kwargs, **kwargs):
        model_kwargs = super()._update_model_kwargs_for_generation(outputs, model_kwargs, **kwargs)
        model_kwargs[STATE] = outputs.cache
        return model_kwargs

    def _reorder_cache(self, past_key_values, beam_idx):
        past_key_values.reorder_cache(beam_idx)
        return past_key_values
