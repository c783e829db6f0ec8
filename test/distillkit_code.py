"""DistillKit's own coding of log-probabilities, out of a checkout of it (a61c2e7); needs torch and pydantic."""

import importlib
import pathlib
import sys
import types


def load(checkout):
    """An object with its functions; without what its __init__ imports besides."""
    for name in ("distillkit", "distillkit.compression"):
        module = types.ModuleType(name)
        module.__path__ = [str(pathlib.Path(checkout) / name.replace(".", "/"))]
        sys.modules[name] = module
    found = {}
    for part in ("bitpack", "config", "monotonic_logprobs"):
        found.update(vars(importlib.import_module("distillkit.compression." + part)))
    return types.SimpleNamespace(**found)
