//===- Tokens.cpp - tables that depend on tokens only ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Tokens.h"

#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/arange.h>

using at::Tensor;

namespace xlstm::evaluate {

Tensor bringTo(c10::Device device, const Tensor &tensor) {
  bool isCopied = device.is_cuda() && tensor.is_cpu() && tensor.numel() > 0;
  return isCopied ? tensor.contiguous().pin_memory().to(device, /*non_blocking=*/true) : tensor.to(device);
}

std::pair<int64_t, int64_t> rangeOf(const Tensor &integers, const TokenTables &tables) {
  if (integers.numel() == 0)
    return {0, -1};
  auto [low, high] = at::aminmax(tables.onHost(integers));
  return {low.item<int64_t>(), high.item<int64_t>()};
}

const Tensor &documentStarts(const Tensor &docs_BT, TokenTables &tables) {
  return tables.get(docs_BT, "starts", [&] {
    Tensor host = tables.onHost(docs_BT).to(at::kLong), token = at::arange(host.size(1), host.options());
    if ((host < 0).logical_or(host > token).any().item<bool>())
      fail("doc_start must lie between 0 and the token's own index");
    Tensor start = docs_BT.to(at::kLong);
    if (start.device() != host.device())
      tables.addCopy(start, host);
    return start;
  });
}

} // namespace xlstm::evaluate
