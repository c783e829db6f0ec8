"""Merges tiny random models by PyPI mergekit, as each *.yaml here says: golden.safetensors has CASE/TENSOR.

    pip install mergekit==0.1.5 xxhash && python3 make_golden.py

Everything is mergekit's own run_merge but for one thing: torch.bernoulli, which draws from torch's generator in the order of
mergekit's task graph, is given our rule for which element of which tensor DARE keeps (runtime/Merge/Sparsify.h).
"""
import os, pathlib, tempfile
import numpy as np, torch, xxhash, yaml
from safetensors.numpy import load_file, save_file
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.merge_methods.generalized_task_arithmetic import GeneralizedTaskArithmeticMerge as Merge
from mergekit.options import MergeOptions

here = pathlib.Path(__file__).parent.resolve()
os.chdir(here)
config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 2,
          "num_key_value_heads": 2, "num_hidden_layers": 3, "vocab_size": 8, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, "torch_dtype": "float32"}
shapes = {"model.embed_tokens.weight": (8, 8), "model.norm.weight": (8,), "lm_head.weight": (8, 8)}
for n in range(3):
    layer = f"model.layers.{n}."
    shapes |= {layer + f"self_attn.{p}_proj.weight": (8, 8) for p in "qkvo"} | {layer + f"mlp.{p}_proj.weight": (8, 8) for p in ("gate", "up", "down")}
    shapes |= {layer + "input_layernorm.weight": (8,), layer + "post_attention_layernorm.weight": (8,)}

random = np.random.default_rng(15)
base = {name: random.standard_normal(shape) for name, shape in shapes.items()}
for model in ("base", "a", "b", "c"):
    (here / model).mkdir(exist_ok=True)
    (here / model / "config.json").write_text(__import__("json").dumps(config))
    scale = 0 if model == "base" else 0.3
    save_file({name: (value + scale * random.standard_normal(value.shape)).astype(np.float32) for name, value in base.items()},
              here / model / "model.safetensors", {"format": "pt"})

state = {}
original = Merge.merge_group

def merge_group(self, group, /, **parameters):
    densities = [parameters["density"][entry.id] for entry in group.non_base]
    state.update(name=group.metadata.name, order=iter([n for n, density in enumerate(densities) if density < 1]))
    return original(self, group, **parameters)

def bernoulli(densities):
    key = xxhash.xxh3_128_intdigest(f"0/{next(state['order'])}/{state['name']}".encode()) & (2**64 - 1)
    kept = []
    for n, density in enumerate(densities.flatten().tolist()):
        z = (key + (n + 1) * 0x9E3779B97F4A7C15) & (2**64 - 1)  # splitmix64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & (2**64 - 1)
        kept.append(float(((z ^ (z >> 31)) >> 11) * 2.0**-53 < density))
    return torch.tensor(kept, dtype=densities.dtype).reshape(densities.shape)

Merge.merge_group = merge_group
torch.bernoulli = bernoulli
golden = {}
for case in sorted(here.glob("*.yaml")):
    with tempfile.TemporaryDirectory() as out:
        run_merge(MergeConfiguration.model_validate(yaml.safe_load(case.read_text())), out, MergeOptions(copy_tokenizer=False, write_model_card=False, random_seed=0))
        golden |= {case.stem + "/" + name: value for name, value in load_file(out + "/model.safetensors").items()}
save_file(golden, here / "golden.safetensors")
print(len(golden), "tensors")
