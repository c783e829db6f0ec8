//===- Lora.cpp - low-rank adapters of projections ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Lora.h"

#include "xlstm/Support/Error.h"

#include <c10/core/GradMode.h>

namespace xlstm {

static const std::string sideA = ".lora_A.weight", sideB = ".lora_B.weight";

bool isLoraName(const std::string &name) { return name.ends_with(sideA) || name.ends_with(sideB); }

void addLoraParams(const FunctionSpec &function, ParamMap &params, at::ScalarType type) {
  c10::Device device = params.empty() ? c10::Device(at::kCPU) : params.begin()->second.device();
  for (auto &[name, value] : initialParams(function, type))
    if (isLoraName(name) && !params.contains(name))
      params[name] = value.to(device);
}

void mergeLora(ParamMap &params, double scale) {
  c10::NoGradGuard noGrad;
  for (auto at = params.begin(); at != params.end();) {
    if (!at->first.ends_with(sideA)) {
      ++at;
      continue;
    }
    std::string stem = at->first.substr(0, at->first.size() - sideA.size());
    auto b = params.find(stem + sideB), weight = params.find(stem + ".weight");
    if (b == params.end() || weight == params.end())
      fail("adapter '", at->first, "': tensor '", stem, b == params.end() ? sideB : ".weight", "' is missing");
    at::Tensor product = b->second.detach().matmul(at->second.detach());
    if (product.sizes() != weight->second.sizes())
      fail("adapter '", at->first, "': expected a product of shape ", weight->second.sizes(), ", found ",
           product.sizes());
    weight->second.detach().add_(product.to(weight->second.device()), scale); // the best state comes from a file
    params.erase(b);
    at = params.erase(at);
  }
}

} // namespace xlstm
