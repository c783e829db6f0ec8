//===- Tokens.cpp - tables that depend on tokens only ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Tokens.h"

#include "xlstm/Support/Error.h"

#include <algorithm>

using at::Tensor;

namespace xlstm::evaluate {

const Tensor &TokenTables::host(const Tensor &tensor) {
  if (tensor.is_cpu())
    return tensor;
  auto [at, isNew] = hosts.try_emplace(tensor.unsafeGetTensorImpl());
  if (isNew)
    at->second = {tensor, tensor.cpu()};
  return at->second.second;
}

template <typename T>
static std::pair<int64_t, int64_t> rangeOf(const Tensor &dense) {
  const T *values = dense.const_data_ptr<T>();
  T low = values[0], high = values[0];
  for (int64_t i = 1; i < dense.numel(); ++i)
    low = std::min(low, values[i]), high = std::max(high, values[i]);
  return {low, high};
}

std::pair<int64_t, int64_t> rangeOf(const Tensor &integers, TokenTables &tables) {
  if (integers.numel() == 0)
    return {0, -1};
  Tensor host = tables.host(integers).contiguous();
  return host.scalar_type() == at::kInt ? rangeOf<int32_t>(host) : rangeOf<int64_t>(host.to(at::kLong));
}

const Tensor &documentStarts(const Tensor &docs_BT, TokenTables &tables) {
  return tables.get(docs_BT, "starts", [&] {
    Tensor host = tables.host(docs_BT).to(at::kLong).contiguous();
    const int64_t *start = host.const_data_ptr<int64_t>();
    for (int64_t i = 0, T = host.size(1); i < host.numel(); ++i)
      if (start[i] < 0 || start[i] > i % T)
        fail("doc_start must lie between 0 and the token's own index");
    Tensor starts = docs_BT.is_cpu() ? host : docs_BT.to(at::kLong);
    tables.keepHost(starts, host);
    return starts;
  });
}

} // namespace xlstm::evaluate
