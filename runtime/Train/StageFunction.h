//===- StageFunction.h - the function that a stage trains by --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STAGEFUNCTION_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STAGEFUNCTION_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Train/Trainer.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

/// @align or @distill of a program, which must outlive it, run as the options say.
class StageFunction {
public:
  StageFunction(const Program &program, const std::string &name, const TrainOptions &options)
      : program(program), name(name), type(options.type) {}

  const FunctionSpec &spec() const { return program.function(name); }

  /// Where the result of this name stands. Throws Error when there is none.
  size_t result(const std::string &wanted) const {
    const std::vector<ValueSpec> &results = spec().results;
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i].name == wanted)
        return i;
    fail("function '", name, "': expected a result named '", wanted, "'");
  }

  std::vector<at::Tensor> run(const std::vector<at::Tensor> &arguments, const ParamMap &params,
                              const StepContext &context = {}) const {
    EvalOptions how;
    how.type = type;
    how.observer = context.observer;
    how.inputs = context.inputs;
    return program.run(name, arguments, params, how);
  }

private:
  const Program &program;
  std::string name;
  at::ScalarType type;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STAGEFUNCTION_H
