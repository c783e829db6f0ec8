//===- Rows.cpp - rows of tokens that advance through prefill and decode --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Rows.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>

namespace xlstm {

ReadRows startRows(const Program &program, const std::string &function, int64_t batch, at::ScalarType type) {
  return {at::zeros({batch}, at::kInt), program.initialState(function, batch, type)};
}

Advanced advance(const Program &program, const std::string &function, const ParamMap &params, const at::Tensor &ids_BT,
                 ReadRows rows, const EvalOptions &options) {
  std::vector<at::Tensor> arguments = {ids_BT, rows.pos_B};
  arguments.insert(arguments.end(), std::make_move_iterator(rows.states.begin()),
                   std::make_move_iterator(rows.states.end()));
  std::vector<at::Tensor> results = program.run(function, arguments, params, options);
  Advanced out;
  out.logits = std::move(results.front());
  out.rows.pos_B = rows.pos_B + int32_t(ids_BT.size(1));
  out.rows.states.assign(std::make_move_iterator(results.begin() + 1), std::make_move_iterator(results.end()));
  return out;
}

at::Tensor stackRows(const std::vector<const TokenIds *> &sequences, size_t first) {
  size_t longest = 0;
  for (const TokenIds *ids : sequences)
    longest = std::max(longest, ids->size());
  at::Tensor result = at::zeros({int64_t(sequences.size()), int64_t(longest - first)}, at::kLong);
  int64_t *out = result.data_ptr<int64_t>();
  for (const TokenIds *ids : sequences) {
    std::copy(ids->begin() + first, ids->end(), out);
    out += longest - first;
  }
  return result;
}

} // namespace xlstm
