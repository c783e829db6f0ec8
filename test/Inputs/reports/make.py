#!/usr/bin/env python3
"""Write the inputs that public reports ask for, each with what another stack computes of it.

  pip install torch==2.11.0 transformers==5.24.0 peft==0.21.2 onnx==1.23.2 onnxruntime==1.32.0 safetensors
  python3 test/Inputs/reports/make.py                      (in the repository's root)

golden/NAME.safetensors: input_ids int64 [1, 19] and logits float32 [1, 19, V] of NAME.
hf/: tied-two-tables is tied and has a head that differs; transformers reads both tables.
adapters/: LoRA folders of peft, NAME for the base hf/base-NAME; logits of the model with the adapter on it, which are
those of merge_and_unload too where the base is not tied.
onnx/: head-* select the last position, golden are the logits of every one; the others are quantised by hand or
optimised, golden are onnxruntime's.
"""
import copy
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import peft
import torch
import transformers as tr
from onnx import TensorProto, helper, numpy_helper, version_converter
from safetensors.torch import load_file, save_file

ROOT = Path("test/Inputs/reports")
SIZES = dict(vocab_size=48, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
             num_key_value_heads=1, max_position_embeddings=256, bos_token_id=0, eos_token_id=0)
IDS = torch.from_numpy(np.random.default_rng(5).integers(0, 48, (1, 19)).astype(np.int64))
CPU = ["CPUExecutionProvider"]


def fill(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        weight.data = 1 + 0.2 * noise if "norm" in name else 0.3 * noise
    return model.eval()


def logits_of(model):
    with torch.no_grad():
        return model(input_ids=IDS, use_cache=False).logits.float()


def golden(name, logits):
    (ROOT / "golden").mkdir(exist_ok=True)
    save_file({"input_ids": IDS, "logits": torch.as_tensor(logits).contiguous()}, ROOT / f"golden/{name}.safetensors")


def save(model, folder, dtype=torch.float32, extra=None):
    folder.mkdir(parents=True)
    config = model.config.to_dict() | {"dtype": str(dtype)[6:]}
    keep = ("architectures", "model_type", "tie_word_embeddings", "rope_parameters", "rms_norm_eps", "head_dim",
            "attention_bias", "mlp_bias", "use_sliding_window", "dtype", *SIZES)
    config["architectures"] = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps({k: config[k] for k in keep if k in config}, indent=1) + "\n")
    tensors = {k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}
    if config["tie_word_embeddings"]:
        tensors.pop("lm_head.weight", None)
    save_file(tensors | (extra or {}), folder / "model.safetensors", {"format": "pt"})


def load(folder, dtype=torch.float32):
    return tr.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()


def tied_two_tables():
    model = fill(tr.Qwen2ForCausalLM(tr.Qwen2Config(**SIZES, tie_word_embeddings=True)), 1)
    head = 0.3 * torch.randn(48, 16, generator=torch.Generator().manual_seed(2))
    save(model, ROOT / "hf/tied-two-tables", extra={"lm_head.weight": head})
    loaded = load(ROOT / "hf/tied-two-tables")
    assert torch.equal(loaded.lm_head.weight, head)
    golden("tied-two-tables", logits_of(loaded))


# Name: base tied, base type, settings of the LoRA.
ADAPTERS = {
    "plain": (False, torch.bfloat16, dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"])),
    "fan": (False, torch.float32, dict(r=2, lora_alpha=3, target_modules="all-linear", fan_in_fan_out=True)),
    "patterns": (False, torch.float32, dict(
        r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "k_proj", "up_proj"], bias="all",
        rank_pattern={"k_proj": 2, r"layers\.\d+\.mlp\.up_proj": 3}, alpha_pattern={r"^model\.layers\.0\..*q_proj": 5})),
    "biases": (False, torch.float32, dict(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"], lora_bias=True,
                                          modules_to_save=["lm_head", "norm"])),
    "embedding": (True, torch.float32, dict(r=2, lora_alpha=8, target_modules=["q_proj", "embed_tokens"])),
    "head": (True, torch.float32, dict(r=2, lora_alpha=8, target_modules=["v_proj", "lm_head"])),
    "saved-embedding": (True, torch.float32, dict(r=2, lora_alpha=8, target_modules=["v_proj"],
                                                  modules_to_save=["embed_tokens"])),
    "dora": (False, torch.float32, dict(r=2, lora_alpha=8, target_modules=["q_proj"], use_dora=True)),
}


def adapters():
    for tied in (False, True):
        for dtype in (torch.float32, torch.bfloat16):
            model = fill(tr.Qwen2ForCausalLM(tr.Qwen2Config(**SIZES, tie_word_embeddings=tied)), 3)
            if any((t, d) == (tied, dtype) for t, d, _ in ADAPTERS.values()):
                save(model, ROOT / f"hf/base-{'tied' if tied else 'untied'}-{str(dtype)[6:]}", dtype)
    for seed, (name, (tied, dtype, settings)) in enumerate(ADAPTERS.items()):
        base = ROOT / f"hf/base-{'tied' if tied else 'untied'}-{str(dtype)[6:]}"
        torch.manual_seed(seed)
        trained = peft.get_peft_model(load(base, dtype), peft.LoraConfig(task_type="CAUSAL_LM", **settings))
        generator = torch.Generator().manual_seed(10 + seed)
        for weight in trained.parameters():
            if weight.requires_grad:
                weight.data += 0.2 * torch.randn(weight.shape, generator=generator)
        with tempfile.TemporaryDirectory() as folder:
            trained.save_pretrained(folder)
            to = ROOT / "adapters" / name
            to.mkdir(parents=True)
            shutil.copy(f"{folder}/adapter_model.safetensors", to)
            config = json.loads(Path(folder, "adapter_config.json").read_text())
        config["base_model_name_or_path"] = base.name
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        (to / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
        if name == "dora":
            continue
        applied = peft.PeftModel.from_pretrained(load(base, dtype), to).eval()
        if tied:
            golden(f"adapter-{name}", logits_of(applied))
            continue
        merged = applied.merge_and_unload()
        # Of the rounded sums, as the bundle holds them; the logits themselves in float32.
        golden(f"adapter-{name}", logits_of(merged.float()))


class Logits(torch.nn.Module):
    """The model as exporters wrap it; `select` picks hidden states before the norm or the head, or logits."""

    def __init__(self, model, place, select):
        super().__init__()
        self.model, self.place, self.select = model, place, select

    def forward(self, input_ids, attention_mask):
        inner = self.model.model
        pick = lambda x, place: self.select(x, attention_mask) if place == self.place else x
        norm, inner.norm = inner.norm, torch.nn.Identity()
        hidden = inner(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state
        inner.norm = norm
        hidden = pick(norm(pick(hidden, "norm")), "head")
        return pick(self.model.lm_head(hidden), "logits")


def export(path, model, place=None, select=None, opset=17):
    ids = torch.arange(24).reshape(2, 12)
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(Logits(model, place, select), (ids, torch.ones_like(ids)), str(path), dynamo=False,
                      opset_version=opset, input_names=["input_ids", "attention_mask"], output_names=["logits"],
                      dynamic_axes=dict(input_ids=axes, attention_mask=axes))


def strip(path):
    model = onnx.load(str(path))
    for i, node in enumerate(model.graph.node):
        node.doc_string, node.name = "", f"n{i}"
        del node.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, str(path))
    return model


def run(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    feed = {"input_ids": IDS.numpy(), "attention_mask": np.ones_like(IDS.numpy())}
    return ort.InferenceSession(str(path), options, providers=CPU).run(["logits"], feed)[0]


def last_of_mask(x, mask):
    rows = torch.arange(x.shape[0], device=x.device)
    return x[rows, mask.sum(-1) - 1]


HEADS = {
    "slice": ("head", lambda x, mask: x[:, -1:, :]),
    "gather": ("head", lambda x, mask: x[:, -1]),
    "mask": ("head", last_of_mask),
    "norm": ("norm", lambda x, mask: x[:, -1, :]),
    "logits": ("logits", lambda x, mask: x[:, -1:, :]),
}


def heads():
    model = fill(tr.LlamaForCausalLM(tr.LlamaConfig(**SIZES)), 4)
    model.set_attn_implementation("sdpa")
    full = logits_of(model)
    for name, (place, select) in HEADS.items():
        path = ROOT / f"onnx/head-{name}.onnx"
        export(path, model, place, select)
        strip(path)
        found = run(path).reshape(1, -1)
        assert np.abs(found - full[:, -1].numpy()).max() < 1e-4, name
        golden(f"head-{name}", full)


def weights_of(model):
    """The MatMul nodes with a stored matrix, in the order of the graph, and the matrices by name."""
    stored = {t.name: t for t in model.graph.initializer}
    return [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in stored], stored


def replace(model, nodes, dropped, added):
    kept = [t for t in model.graph.initializer if t.name not in dropped]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept + added)


RANGES = {TensorProto.INT8: (-128, 127), TensorProto.UINT8: (0, 255), TensorProto.INT4: (-8, 7),
          TensorProto.UINT4: (0, 15), TensorProto.INT16: (-32768, 32767)}
# Type, axis (None: one scale), block size, zero points, domain.
FORMS = [
    (TensorProto.INT8, 1, 0, True, ""), (TensorProto.UINT8, None, 0, True, ""), (TensorProto.INT4, 0, 8, False, ""),
    (TensorProto.UINT4, 0, 16, True, ""), (TensorProto.INT8, 0, 0, False, ""), (TensorProto.INT4, 1, 0, True, ""),
    (TensorProto.UINT8, 1, 0, True, "com.microsoft"), (TensorProto.INT16, 1, 4, True, ""),
]


def quantise(name, x, form):
    """The numbers, scales and zero points of a matrix, and the node that gives it back."""
    kind, axis, block, has_zero, domain = form
    low, high = RANGES[kind]
    blocks = x[None] if axis is None else x if not block else np.stack(np.split(x, x.shape[axis] // block, axis), axis)
    dims = tuple(range(blocks.ndim)) if axis is None else axis + 1 if block else 1 - axis
    least, most = np.minimum(blocks.min(dims, keepdims=True), 0), np.maximum(blocks.max(dims, keepdims=True), 0)
    scale = ((most - least) if has_zero else 2 * np.maximum(-least, most)) / (high - low)
    zero = np.round(low - least / scale) if has_zero else np.zeros_like(scale)
    if not has_zero and low == 0:
        zero += (high + 1) / 2
    numbers = np.clip(np.round(blocks / scale + zero), low, high).reshape(x.shape)
    shape = [] if axis is None else [d // block if i == axis else d for i, d in enumerate(x.shape)] if block else [x.shape[axis]]
    make = lambda suffix, type, data, dims: helper.make_tensor(name + suffix, type, dims, data.flatten().tolist())
    tensors = [make("_q", kind, numbers.astype(int), x.shape), make("_s", TensorProto.FLOAT, scale, shape)]
    if has_zero:
        tensors.append(make("_z", kind, zero.astype(int), shape))
    attributes = {} if axis is None else dict(axis=axis) | (dict(block_size=block) if block else {})
    node = helper.make_node("DequantizeLinear", [t.name for t in tensors], [name + "_d"], name=name + "_dq",
                            domain=domain, **attributes)
    return tensors, node


def dequantise():
    """Every form of DequantizeLinear of a weight in one model; the embedding's rows are gathered before."""
    model = fill(tr.LlamaForCausalLM(tr.LlamaConfig(**SIZES)), 6)
    path = ROOT / "onnx/dequantise.onnx"
    export(path, model)
    graph = version_converter.convert_version(strip(path), 21)
    matmuls, stored = weights_of(graph)
    added, nodes, dropped = [], [], []
    forms = dict(zip([n.output[0] for n in matmuls], FORMS))
    assert len(forms) == len(FORMS)
    for node in graph.graph.node:
        if node.output[0] in forms:
            name = node.input[1]
            tensors, dq = quantise(f"w{len(dropped)}", numpy_helper.to_array(stored[name]), forms[node.output[0]])
            added += tensors
            nodes.append(dq)
            node.input[1] = dq.output[0]
            dropped.append(name)
        if node.op_type == "Gather" and node.input[0] in stored and stored[node.input[0]].dims[:] == [48, 16]:
            tensors, dq = quantise("table", numpy_helper.to_array(stored[node.input[0]]), FORMS[1])
            added += tensors
            dropped.append(node.input[0])
            node.input[0], dq.input[0], dq.output[0] = dq.input[0], "rows", node.output[0]
            node.output[0] = "rows"
            nodes += [node, dq]
            continue
        nodes.append(node)
    assert len(dropped) == len(FORMS) + 1
    replace(graph, nodes, dropped, added)
    graph.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    graph.ir_version = 10
    onnx.save(graph, str(path))
    golden("dequantise", run(path))


def quantised_rows(path):
    """GatherBlockQuantized of 4-bit integers in the place of the embedding of nbits.onnx."""
    graph = onnx.load(str(path))
    stored = {t.name: t for t in graph.graph.initializer}
    gather = next(n for n in graph.graph.node if n.op_type == "Gather" and n.input[0] in stored and
                  list(stored[n.input[0]].dims) == [48, 32])
    tensors, _ = quantise("table", numpy_helper.to_array(stored[gather.input[0]]), (TensorProto.INT4, 1, 16, False, ""))
    at = list(graph.graph.node).index(gather)
    node = helper.make_node("GatherBlockQuantized", [tensors[0].name, gather.input[1], tensors[1].name],
                            list(gather.output), domain="com.microsoft", block_size=16, gather_axis=0, quantize_axis=1)
    nodes = list(graph.graph.node)
    nodes[at] = node
    replace(graph, nodes, [gather.input[0]], tensors)
    graph.ir_version = 10
    onnx.save(graph, str(path))


# Bits, block size, zero points (none, packed, float), order of the columns by groups.
NBITS = [(4, 16, "packed", False), (8, 16, "none", False), (4, 16, "float", True), (4, 16, "none", True),
         (2, 16, "packed", False), (8, 32, "packed", False), (4, 32, "none", False), (2, 16, "float", False)]


def pack(numbers, bits):
    per = 8 // bits
    padded = np.pad(numbers, [(0, 0)] * (numbers.ndim - 1) + [(0, -numbers.shape[-1] % per)]).astype(np.uint8)
    parts = padded.reshape(*padded.shape[:-1], -1, per)
    return sum(parts[..., i].astype(np.uint8) << (i * bits) for i in range(per)).astype(np.uint8)


def nbits_node(name, x, node, form, rng):
    """MatMulNBits of random numbers: what they stand for need not be near the weight."""
    bits, size, zeros, has_groups = form
    columns, rows = x.shape
    blocks = -(-columns // size)
    numbers = rng.integers(0, 1 << bits, (rows, blocks, size))
    scales = (0.6 / (1 << bits) * (0.5 + rng.random((rows, blocks)))).astype(np.float32)
    tensors = [numpy_helper.from_array(pack(numbers, bits), name + "_q"), numpy_helper.from_array(scales, name + "_s")]
    inputs = [node.input[0], *[t.name for t in tensors]]
    points = rng.integers(0, 1 << bits, (rows, blocks))
    if zeros == "packed":
        tensors.append(numpy_helper.from_array(pack(points, bits), name + "_z"))
    elif zeros == "float":
        tensors.append(numpy_helper.from_array((points + 0.25).astype(np.float32), name + "_z"))
    if zeros != "none" or has_groups:
        inputs.append("" if zeros == "none" else tensors[-1].name)
    if has_groups:
        tensors.append(numpy_helper.from_array(rng.permutation(columns).astype(np.int32) // size, name + "_g"))
        inputs.append(tensors[-1].name)
    return tensors, helper.make_node("MatMulNBits", inputs, list(node.output), name=name, domain="com.microsoft",
                                     K=columns, N=rows, bits=bits, block_size=size, accuracy_level=1)


def nbits():
    """Every form of MatMulNBits in one model, once with its bias inside."""
    rng = np.random.default_rng(8)
    model = fill(tr.LlamaForCausalLM(tr.LlamaConfig(**(SIZES | dict(hidden_size=32, attention_bias=True)))), 7)
    path = ROOT / "onnx/nbits.onnx"
    export(path, model)
    graph = strip(path)
    matmuls, stored = weights_of(graph)
    forms = dict(zip([n.output[0] for n in matmuls], NBITS))
    assert len(forms) == len(NBITS)
    added, nodes, dropped, biased = [], [], [], None
    for node in graph.graph.node:
        if node.output[0] in forms:
            tensors, node = nbits_node(f"w{len(dropped)}", numpy_helper.to_array(stored[matmuls[len(dropped)].input[1]]),
                                       node, forms[node.output[0]], rng)
            dropped.append(matmuls[len(dropped)].input[1])
            added += tensors
            biased = biased or node
        elif node.op_type == "Add" and biased and biased.output[0] in node.input and len(biased.input) < 6:
            bias = [i for i in node.input if i != biased.output[0]]
            biased.input.extend([""] * (5 - len(biased.input)) + bias)
            biased.output[0] = node.output[0]
            continue
        nodes.append(node)
    replace(graph, nodes, dropped, added)
    graph.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(graph, str(path))
    quantised_rows(path)
    golden("nbits", run(path))


def optimised():
    """What onnxruntime writes of an export: QuickGelu for SiLU, FusedMatMul, fused norms."""
    model = fill(tr.LlamaForCausalLM(tr.LlamaConfig(**SIZES)), 9)
    path = ROOT / "onnx/optimised.onnx"
    export(path, model)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path) + ".tmp"
    ort.InferenceSession(str(path), options, providers=CPU)
    Path(str(path) + ".tmp").rename(path)
    graph = strip(path)
    gelu = [n for n in graph.graph.node if n.op_type == "QuickGelu"]
    assert gelu
    golden("optimised", run(path))


def main():
    torch.set_num_threads(1)
    for name in ("hf", "adapters", "onnx", "golden"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    (ROOT / "onnx").mkdir()
    for step in (tied_two_tables, adapters, heads, dequantise, nbits, optimised):
        print(step.__name__, flush=True)
        step()


main()
