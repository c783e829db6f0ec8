//===- Rows.h - rows of tokens that advance through prefill and decode ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_ROWS_H
#define XLSTM_RUNTIME_EVAL_ROWS_H

#include "xlstm/Runtime/Eval/Generate.h"

namespace xlstm {

/// What B rows have read: the number of tokens of each, and the states in order of the functions' arguments.
struct ReadRows {
  at::Tensor pos_B; // int32
  std::vector<at::Tensor> states;
};

struct Advanced {
  at::Tensor logits; // [B, T, V] or [B, 1, V]
  ReadRows rows;
};

/// B rows that have read nothing.
ReadRows startRows(const Program &program, const std::string &function, int64_t batch,
                   at::ScalarType type = at::kFloat);

/// Runs `function` (prefill or decode) over the rows' next tokens.
Advanced advance(const Program &program, const std::string &function, const ParamMap &params, const at::Tensor &ids_BT,
                 ReadRows rows, const EvalOptions &options = {});

/// The sequences' tokens from `first` on as int64 [B, T], T the longest; shorter ones end in zeros.
at::Tensor stackRows(const std::vector<const TokenIds *> &sequences, size_t first);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_ROWS_H
