"""Golden values of DistillKit's coding of log-probabilities: what its own code packs, and reads back.

    git clone https://github.com/arcee-ai/DistillKit && git -C DistillKit checkout a61c2e7
    python3 make_distillkit.py DistillKit > distillkit.json     # needs torch and pydantic
"""

import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import distillkit_code  # noqa: E402

kit = distillkit_code.load(sys.argv[1])
pack_to_bytes, DistributionQuantizationConfig = kit.pack_to_bytes, kit.DistributionQuantizationConfig
compress_monotonic_logprobs, decompress_monotonic_logprobs = kit.compress_monotonic_logprobs, kit.decompress_monotonic_logprobs


def bins(*given):
    return [{"scale_dtype": scale, "element_bits": bits, "num_elements": count} for scale, bits, count in given]


configs = {
    "recommended": dict(d=128256, k=24, exact_k=6, exact_dtype="bfloat16", polynomial_terms=[0, 1, 2, 3, 4, "sqrt"],
                        term_dtype="float32", residual_bins=[], delta_encoding=False, error_diffusion=False),
    "budget": dict(d=1000, k=12, exact_k=1, exact_dtype="bfloat16", polynomial_terms=[0, 1, "sqrt"],
                   term_dtype="float32", residual_bins=[], delta_encoding=False, error_diffusion=False),
    "deltas": dict(d=151936, k=24, exact_k=8, exact_dtype="float32", polynomial_terms=[0, 1, 2], term_dtype="float32",
                   residual_bins=[], delta_encoding=True, error_diffusion=False),
    "residuals": dict(d=2048, k=20, exact_k=2, exact_dtype="float16", polynomial_terms=[0, "exp"],
                      term_dtype="float64", residual_bins=bins(("float16", 8, 5), ("float32", 3, 6), ("bfloat16", 1, 2)),
                      delta_encoding=True, error_diffusion=True),
    "bins alone": dict(d=65536, k=9, exact_k=0, residual_bins=bins(("float32", 11, 9)), delta_encoding=False),
    "from 0 to 1": dict(d=50257, k=10, exact_k=3, exact_dtype="float64", polynomial_terms=[3, "sqrt", 0],
                        term_dtype="float16", residual_bins=[], normalize_t=True, delta_encoding=False),
    "exact": dict(d=2048, k=5, exact_k=5, residual_bins=[]),
}

torch.manual_seed(5)
cases = []
for name, settings in configs.items():
    config = DistributionQuantizationConfig.model_validate(settings)
    logits = torch.randn(1, 3, config.d, dtype=torch.float32) * 3
    logprobs, ids = torch.topk(torch.log_softmax(logits, -1), config.k, dim=-1)
    bits = int(torch.log2(torch.tensor(config.d, dtype=torch.float32)).ceil().item())  # LogprobCompressor's
    coded = compress_monotonic_logprobs(logprobs, config)
    read = decompress_monotonic_logprobs(coded, config, out_dtype=torch.float64)
    cases.append({"name": name, "config": settings, "coded": coded[0].tolist(),
                  "coded_ids": pack_to_bytes(ids, bits)[0].tolist(), "ids": ids[0].tolist(),
                  "logprobs": [[float(f"{value:.9g}") for value in token] for token in read[0].tolist()]})
json.dump({"cases": cases}, sys.stdout, indent=None, separators=(",", ":"))
print()
