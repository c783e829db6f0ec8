//===- Graph.h - run an imported ONNX graph as it came --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The unlifted side of a comparison: nodes as lib/Onnx defines them, by loops in float64. The lifted side runs on ATen.

#ifndef XLSTM_ONNX_GRAPH_H
#define XLSTM_ONNX_GRAPH_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// Elements are null where a node has no such output.
struct OnnxValue {
  std::vector<int64_t> shape;
  std::shared_ptr<const std::vector<double>> elements;
};

/// A node that has run. `name` and `scope` are the exporter's; either may be empty.
struct OnnxNodeRun {
  std::string name, type, scope;
  std::vector<OnnxValue> outputs;
};

/// A module of the onnx dialect, op for op.
class OnnxGraph {
public:
  using Weights = std::function<std::vector<double>(const std::string &initializer)>;
  using Observer = std::function<void(const OnnxNodeRun &)>;

  /// `mlir` is text or bytecode (which alone keeps names and scopes). Throws Error.
  static OnnxGraph parse(std::string_view mlir, const std::string &origin);

  /// Rows and tokens of the token ids, -1 where the graph takes any number.
  int64_t batch() const;
  int64_t tokens() const;

  /// The logits [B, T, V] of ids [B, T]; [B, 1, V] or [B, V] where the graph has those of the last position alone.
  /// Masks are all ones, positions count from 0, caches are empty. `weights` gives the elements of the tensors that the
  /// file has. Throws Error that names the node.
  OnnxValue run(const OnnxValue &ids, const Weights &weights, const Observer &observe) const;

private:
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

} // namespace xlstm

#endif // XLSTM_ONNX_GRAPH_H
