//===- Parts.h - results that are measured once ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_PARTS_H
#define XLSTM_RUNTIME_EVAL_PARTS_H

#include "xlstm/Runtime/Files/Json.h"

#include <functional>
#include <string>

namespace xlstm {

/// The results of one model, one file each, in RUN/eval/parts/MODEL/. A file holds the fingerprint of all that its
/// result depends on; one with another fingerprint counts for nothing and is measured anew.
class Parts {
public:
  Parts(std::filesystem::path folder, uint64_t modelFingerprint);

  /// The stored result `name`, or that of `measure`, which is stored. `inputs` is the fingerprint of what beside the
  /// model it depends on.
  Json get(const std::string &name, uint64_t inputs, const std::function<Json()> &measure) const;

private:
  std::filesystem::path folder;
  uint64_t model;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_PARTS_H
