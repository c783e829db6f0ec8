//===- Frozen.cpp - weights that a stage reads and does not train ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Frozen.h"

#include "xlstm/Runtime/Evaluate/ScalarType.h"

namespace xlstm {

std::map<std::string, at::ScalarType> roundedTypes(const FunctionSpec &function, const TrainOptions &options) {
  std::map<std::string, at::ScalarType> types;
  for (const ParamSpec &param : function.params)
    if (param.isRounded && options.type == at::kFloat)
      types[param.tensor.name] = scalarType(param.tensor.dtype);
  return types;
}

bool roundFrozen(const FunctionSpec &function, const TrainOptions &options, ParamMap &frozen) {
  bool isAny = false;
  for (const auto &[name, type] : roundedTypes(function, options))
    if (auto found = frozen.find(name); found != frozen.end()) {
      found->second = found->second.to(type);
      isAny = true;
    }
  return isAny;
}

} // namespace xlstm
