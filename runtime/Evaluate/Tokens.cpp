//===- Tokens.cpp - tables that depend on tokens only ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Tokens.h"

#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

using at::Tensor;

namespace xlstm::evaluate {

const Tensor &documentStarts(const Tensor &docs_BT, TokenTables &tables) {
  return tables.get(docs_BT, "starts", [&] {
    Tensor start = docs_BT.to(at::kLong), token = at::arange(start.size(1), start.options());
    if ((start < 0).logical_or(start > token).any().item<bool>())
      fail("doc_start must lie between 0 and the token's own index");
    return start;
  });
}

} // namespace xlstm::evaluate
