//===- Ops.h - the nodes of a model's ops ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_EXPORT_OPS_H
#define LIB_IMPORT_ONNX_EXPORT_OPS_H

#include "dialects/LM/LMDialect.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Import/Onnx/Export/GraphWriter.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// @model as nodes of opset 18, gated_delta as one of onnxruntime's own, op by op: what goes in are ids [B, T] and what
/// the tokens before have left, what comes out are logits [B, T, V] and what goes into the next call. Every state
/// `past.X` has its `present.X`. A row is one document.
class OnnxModelWriter {
public:
  /// `origin` begins every error.
  OnnxModelWriter(OnnxGraphWriter &graph, const WeightFiles &weights, const std::string &origin)
      : graph(graph), weights(weights), origin(origin) {}

  /// Throws Error naming the op that no nodes compute, or the weight that is not there.
  void write(lm::ModelOp model);

private:
  void write(mlir::Block &block);
  void write(lm::LayerOp layer);
  /// The value of a computing op.
  OnnxValue nodes(mlir::Operation &op);
  OnnxValue weightOf(lm::ParamOp param);
  OnnxValue linear(const OnnxValue &x, mlir::Value weight, mlir::Value bias);
  OnnxValue rmsNorm(lm::RmsNormOp norm);
  OnnxValue rope(lm::RopeOp rope);
  OnnxValue joinHeads(lm::JoinHeadsOp join);
  OnnxValue attention(lm::AttentionOp attention);
  OnnxValue seen(lm::AttentionOp attention, const OnnxValue &keys, const OnnxValue &kept);
  OnnxValue featureMap(xlstm::FeatureMapOp map);
  OnnxValue outputGate(xlstm::OutputGateOp gate);
  OnnxValue mlstm(xlstm::MlstmOp mlstm);
  OnnxValue gatedDelta(xlstm::GatedDeltaOp delta);
  OnnxValue mix(xlstm::MixOp mix);

  OnnxValue of(mlir::Value value) const { return values.lookup(value); }
  /// Heads of x [B, T, H, d], or of keys that several heads share, [B, heads, T, d].
  OnnxValue byHead(const OnnxValue &x, int64_t from, int64_t heads);
  OnnxValue repeated(const OnnxValue &x, int64_t from, int64_t heads);
  /// A state of this layer: its name, its input; given back by `keep`.
  std::pair<std::string, OnnxValue> state(const char *what, const OnnxGraphWriter::Shape &shape);
  void keep(const std::pair<std::string, OnnxValue> &state, const OnnxValue &value);

  struct State {
    OnnxValue value;
    OnnxGraphWriter::Shape shape;
  };

  OnnxGraphWriter &graph;
  const WeightFiles &weights;
  const std::string &origin;
  llvm::DenseMap<mlir::Value, OnnxValue> values;
  std::string layer;             // "3." within layer 3
  OnnxValue past, tokens, index; // [1] tokens before; [1] T; [T] where each token stands
  std::map<const void *, std::pair<OnnxValue, OnnxValue>> turns; // cosine and sine [T, 1, d / 2] of a rotation
  std::map<std::string, OnnxValue> masks;                        // that layers share
  std::vector<std::pair<std::string, State>> kept;               // what the states become
};

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_EXPORT_OPS_H
