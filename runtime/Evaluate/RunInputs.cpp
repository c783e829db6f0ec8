//===- RunInputs.cpp - places on a device for what a function is given ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/PackedAttention.h"
#include "runtime/Evaluate/Tokens.h"
#include "runtime/Evaluate/Upload.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>

#include <bit>

using at::Tensor;

namespace xlstm {

/// Where the documents of all rows begin, then their tokens' number until the list is one longer than a power of two:
/// so a few lengths stand for all batches, and what stands behind the last document is documents without tokens.
/// Undefined where a document is not in one piece.
static Tensor paddedStarts(const Tensor &docs_BT) {
  evaluate::PackedDocuments documents =
      evaluate::packDocuments(docs_BT.to(at::kLong).contiguous(), c10::Device(at::kCPU));
  if (documents.longest == 0)
    return Tensor();
  size_t count = std::bit_ceil(documents.starts.size() - 1) + 1;
  documents.starts.resize(count, documents.starts.back());
  Tensor starts = at::empty({int64_t(count)}, at::kInt);
  std::copy(documents.starts.begin(), documents.starts.end(), starts.mutable_data_ptr<int32_t>());
  return starts;
}

/// A replay does not look at what it reads.
static void checkRanges(const FunctionSpec &function, const std::vector<Tensor> &given) {
  evaluate::TokenTables tables;
  for (size_t n = 0; n < given.size(); ++n)
    if (int64_t below = function.arguments[n].below; below >= 0)
      if (auto [least, greatest] = evaluate::rangeOf(given[n], tables); greatest >= below)
        fail("@", function.name, ": argument ", n, ": expected tokens below ", below, ", found ", greatest);
}

RunInputs::RunInputs(const FunctionSpec &function, const std::vector<Tensor> &given, c10::Device device)
    : function(function) {
  for (const Tensor &argument : given)
    arguments.push_back(argument.to(device, argument.scalar_type(), /*non_blocking=*/false, /*copy=*/true));
  if (function.packedArgument >= 0)
    if (Tensor host = paddedStarts(given[function.packedArgument]); host.defined())
      starts = host.to(device);
}

bool RunInputs::put(const std::vector<Tensor> &given) {
  for (size_t n = 0; n < given.size(); ++n)
    if (given[n].sizes() != arguments[n].sizes())
      return false;
  if (function.packedArgument >= 0) {
    Tensor host = paddedStarts(given[function.packedArgument]);
    if (!host.defined() || !starts.defined() || host.sizes() != starts.sizes())
      return false;
    starts.copy_(evaluate::upload(host, starts.device()));
  }
  checkRanges(function, given);
  for (size_t n = 0; n < given.size(); ++n)
    arguments[n].copy_(evaluate::upload(given[n], arguments[n].device()));
  return true;
}

} // namespace xlstm
