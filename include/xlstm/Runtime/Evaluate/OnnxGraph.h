//===- OnnxGraph.h - run an imported ONNX graph as it came ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The unlifted side of a comparison: nodes mean what the ONNX standard says and share no code with the passes that
// raise them. No MLIR type appears here.

#ifndef XLSTM_RUNTIME_EVALUATE_ONNXGRAPH_H
#define XLSTM_RUNTIME_EVALUATE_ONNXGRAPH_H

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// A node that has run. `name` and `scope` are the exporter's; either may be empty.
struct OnnxNodeRun {
  std::string name, type, scope;
  const std::vector<at::Tensor> &outputs;
};

/// A module of the onnx dialect, op for op. All floats are float64 and all integers int64 while it runs.
class OnnxGraph {
public:
  using Weights = std::function<at::Tensor(const std::string &initializer)>;
  using Observer = std::function<void(const OnnxNodeRun &)>;

  /// `mlir` is text or bytecode (which alone keeps names and scopes). Throws Error.
  static OnnxGraph parse(std::string_view mlir, const std::string &origin);

  /// Rows and tokens of the token ids, -1 where the graph takes any number.
  int64_t batch() const;
  int64_t tokens() const;

  /// The logits [B, T, V] of ids int64 [B, T]. Masks are all ones, positions count from 0, caches are empty. `weights`
  /// gives the tensors that the module only names. Throws Error that names the node.
  at::Tensor run(const at::Tensor &ids, const Weights &weights, const Observer &observe) const;

private:
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_ONNXGRAPH_H
