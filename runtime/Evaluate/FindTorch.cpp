//===- FindTorch.cpp - LibTorch's CUDA half, wherever pip has put it ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/FindTorch.h"

#include "xlstm/Support/Quote.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <memory>

namespace fs = std::filesystem;

namespace xlstm {

static const std::string wanted = XLSTM_TORCH_VERSION "+" XLSTM_TORCH_CUDA;

/// `__version__ = '2.11.0+cu130'` of version.py.
static std::string versionOf(const fs::path &folder) {
  std::ifstream file(folder / "version.py");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("__version__")) {
      size_t begin = line.find('\''), end = line.rfind('\'');
      return begin < end ? line.substr(begin + 1, end - begin - 1) : "";
    }
  return "";
}

std::string torchMismatch(const fs::path &folder) {
  std::error_code error;
  std::string version = versionOf(folder);
  if (version.empty())
    return folder.string() + " holds no torch";
  if (version != wanted && version != XLSTM_TORCH_VERSION)
    return "torch " + quote(version) + " in " + folder.string() + " is not " + wanted +
           ", which this xlstm is built with";
  if (!fs::exists(folder / "lib" / "libtorch_cuda.so", error))
    return "the torch in " + folder.string() + " has no libtorch_cuda.so";
  return "";
}

/// The folder of python3's torch, found without importing it; empty when there is none.
static fs::path pythonTorch() {
  constexpr const char *command =
      "python3 -c 'import sys; sys.path.pop(0); from importlib.util import find_spec as f; s = f(\"torch\"); "
      "print(s.submodule_search_locations[0] if s else \"\")' 2>/dev/null";
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command, "r"), pclose);
  std::string line;
  for (int c; pipe && (c = std::fgetc(pipe.get())) != EOF && c != '\n';)
    line += char(c);
  return line;
}

static std::string load(const fs::path &file) {
  return dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) ? "" : std::string(dlerror());
}

std::string loadTorchCuda() {
  if (load("libtorch_cuda.so").empty())
    return "";
  const char *variable = std::getenv("XLSTM_TORCH");
  fs::path folder = variable && *variable ? fs::path(variable) : pythonTorch();
  std::string problem = folder.empty() ? "python3 has no torch" : torchMismatch(folder);
  if (problem.empty())
    problem = load(folder / "lib" / "libtorch_cuda.so");
  if (problem.empty())
    return "";
  return "LibTorch's CUDA half was not found (" + problem +
         "); get it: sh tools/setup.sh --cuda, or for a python3 of " +
         "your own: python3 -m pip install torch==" XLSTM_TORCH_VERSION;
}

} // namespace xlstm
