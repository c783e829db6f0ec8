#!/usr/bin/env python3
"""Write the ONNX file of a teacher as torch's exporter makes it: float32, dynamic batch and length, no cache.

  pip install torch==2.15.0 transformers==5.24.0 onnx==1.23.2 onnxscript==0.7.2
  python3 export.py ../tiny-llama .

The configuration and tokenizer are copied beside it. Stack traces and doc strings, which name the exporting machine,
are taken out; node names and scopes stay as the exporter writes them.
"""
import shutil
import sys
from pathlib import Path

import onnx
import torch
from transformers import AutoModelForCausalLM


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model(input_ids=input_ids, use_cache=False).logits


def clean(graph):
    graph.doc_string = ""
    for node in graph.node:
        node.doc_string = ""
        keep = [p for p in node.metadata_props if p.key.endswith("name_scopes")]
        del node.metadata_props[:]
        node.metadata_props.extend(keep)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                clean(attribute.g)


def main(source, target):
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="sdpa").eval()
    ids = torch.arange(2 * 24).reshape(2, 24)
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(Logits(model), (ids,), dynamo=True, verbose=False, input_names=["input_ids"],
                                output_names=["logits"], dynamic_shapes={"input_ids": dynamic})
    program.save(str(target / "model.onnx"))
    exported = onnx.load(target / "model.onnx", load_external_data=False)
    clean(exported.graph)
    for function in exported.functions:
        function.doc_string = ""
    onnx.save(exported, target / "model.onnx")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(source / name, target / name)


main(Path(sys.argv[1]), Path(sys.argv[2]))
