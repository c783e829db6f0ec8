//===- Frozen.cpp - weights that a stage reads and does not train ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Frozen.h"

#include "xlstm/Runtime/Evaluate/ScalarType.h"

namespace xlstm {

bool roundFrozen(const FunctionSpec &function, const TrainOptions &options, ParamMap &frozen) {
  bool isAny = false;
  for (const ParamSpec &param : function.params) {
    auto found = frozen.find(param.tensor.name);
    if (found == frozen.end() || !param.isRounded || options.type != at::kFloat)
      continue;
    found->second = found->second.to(scalarType(param.tensor.dtype));
    isAny = true;
  }
  return isAny;
}

} // namespace xlstm
