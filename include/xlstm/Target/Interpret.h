//===- Interpret.h - run a plan on the CPU, whatever its target ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_INTERPRET_H
#define XLSTM_TARGET_INTERPRET_H

#include "xlstm/Target/Cuda.h"

#include <functional>
#include <memory>
#include <span>

namespace xlstm {

/// What a kernel call wrote.
struct WrittenView {
  std::string kernel, view, type; // such as "linear", "y", "bf16"
  const void *data;
  int64_t elements; // from the first to the last, gaps between rows included
};

/// The planned kernel calls of a model (dialects/Kernel), run one after the other by the CPU's kernels in float32; what
/// is kept in 16 bits is rounded where it is written (Kernels/RunKernel.h). So the plan of a GPU is tested without one.
class PlanInterpreter {
public:
  /// Of the module's @model, as `compileForCuda` plans it. Throws Error as that does.
  PlanInterpreter(std::string_view mlir, const std::string &origin, const CudaTargetOptions &options);
  ~PlanInterpreter();

  /// Where weights go.
  std::vector<WeightPlacement> weights() const;
  /// The weights' memory, 0xff in every byte before something is written there; constants are in it already.
  std::span<std::byte> weightMemory();
  /// Empty texts in all rows.
  void reset();
  /// ids [B, T] of the function's shape; logits [B, V].
  std::vector<float> run(std::string_view function, std::span<const int64_t> ids);

  /// Called with everything that a kernel writes, in order.
  std::function<void(const WrittenView &)> onWrite;

private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

} // namespace xlstm

#endif // XLSTM_TARGET_INTERPRET_H
