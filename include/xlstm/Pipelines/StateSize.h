//===- StateSize.h - what a text costs in memory --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_STATESIZE_H
#define XLSTM_PIPELINES_STATESIZE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace xlstm {

/// Bytes of one text's state.
struct StateSize {
  int64_t fixed = 0;    // whatever its length
  int64_t perToken = 0; // of each token in the caches of full attention
};

/// The state of a function with explicit state that is derived of the module's @model: in the types that the IR shows,
/// float32, or with `bf16` in those of a model that computes in bf16. Throws Error: not a module, no @model, a model
/// that has no such function.
StateSize stateSize(std::string_view mlir, const std::string &origin, bool bf16 = false);

} // namespace xlstm

#endif // XLSTM_PIPELINES_STATESIZE_H
