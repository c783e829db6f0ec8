# Runs the tests written in MLIR text: `ctest -R lit`, or lit.py on a folder of the build's test/ for one of them.

import importlib.util
import os
import sys

import lit.formats

config.name = "xlstm"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "Fuzz"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.build_test_dir

config.environment["PATH"] = os.pathsep.join([config.tools_dir, config.llvm_tools_dir, os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --dump-input-filter=error"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "Inputs")))
config.substitutions.append(("%tools", config.tools_dir))
config.substitutions.append(("%python", sys.executable))
config.substitutions.append(("%examples", os.path.join(config.source_root, "docs", "examples")))

# Features: tests that need what not every build or machine has say REQUIRES: name.
if config.distributed:
    config.available_features.add("distributed")
if config.cuda:
    config.available_features.add("cuda")
if os.path.exists(os.path.join(config.source_root, ".deps", "torch", "lib", "libtorch_cuda.so")):
    config.available_features.add("torch-cuda")
if all(importlib.util.find_spec(name) for name in ("torch", "transformers", "safetensors")):
    config.available_features.add("transformers")
if all(importlib.util.find_spec(name) for name in ("onnxruntime", "safetensors")):
    config.available_features.add("onnxruntime")
