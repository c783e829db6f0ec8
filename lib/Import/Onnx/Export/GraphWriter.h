//===- GraphWriter.h - nodes, constants and states of an ONNX graph -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_EXPORT_GRAPHWRITER_H
#define LIB_IMPORT_ONNX_EXPORT_GRAPHWRITER_H

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Safetensors.h"

#include "onnx-ml.pb.h"

#include <map>
#include <variant>

namespace xlstm {

/// The name of a value of the graph.
using OnnxValue = std::string;
using OnnxAttribute = std::pair<const char *, std::variant<int64_t, float, std::vector<int64_t>>>;

/// Writes one graph: every call adds a node and returns the name of what it gives. Weights of a page and more go to a
/// file beside the model, which runtimes map.
class OnnxGraphWriter {
public:
  /// `location`: the name of that file as the model says it.
  OnnxGraphWriter(const std::string &graphName, AtomicFile &data, std::string location);

  OnnxValue call(const char *op, std::vector<OnnxValue> inputs, const std::vector<OnnxAttribute> &attributes = {});
  /// Of an op with two results.
  std::pair<OnnxValue, OnnxValue> callTwo(const char *op, std::vector<OnnxValue> inputs,
                                          const std::vector<OnnxAttribute> &attributes);
  /// The last node is one of onnxruntime's own.
  void makeContributed() { graph.mutable_node(graph.node_size() - 1)->set_domain(contributed); }
  static constexpr const char *contributed = "com.microsoft";

  OnnxValue ints(const std::vector<int64_t> &values) { return constant(values, {int64_t(values.size())}); }
  OnnxValue number(int64_t value) { return constant(std::vector<int64_t>{value}, {}); }
  OnnxValue number(float value) { return constant(std::vector<float>{value}, {}); }
  OnnxValue doubles(const std::vector<double> &values) { return constant(values, {int64_t(values.size())}); }

  /// A weight as float32, whatever it is stored in.
  OnnxValue weight(const StoredTensor &tensor);

  /// Dimensions of an input or output: a number, or a name where it is not known. Element types are TensorProto's.
  using Shape = std::vector<std::variant<int64_t, std::string>>;
  OnnxValue input(const std::string &name, int type, const Shape &shape);
  void output(const std::string &name, const OnnxValue &value, int type, const Shape &shape);

  // Short words for what mixers say often.
  OnnxValue cast(const OnnxValue &x, int type) { return call("Cast", {x}, {{"to", int64_t(type)}}); }
  OnnxValue logSigmoid(const OnnxValue &x) { return call("Neg", {call("Softplus", {call("Neg", {x})})}); }
  OnnxValue transpose(const OnnxValue &x, std::vector<int64_t> order) {
    return call("Transpose", {x}, {{"perm", order}});
  }
  OnnxValue unsqueeze(const OnnxValue &x, int64_t axis) { return call("Unsqueeze", {x, ints({axis})}); }
  OnnxValue slice(const OnnxValue &x, const OnnxValue &from, const OnnxValue &to, int64_t axis) {
    return call("Slice", {x, from, to, ints({axis})});
  }
  OnnxValue concat(std::vector<OnnxValue> parts, int64_t axis) {
    return call("Concat", std::move(parts), {{"axis", axis}});
  }
  OnnxValue gather(const OnnxValue &x, const std::vector<int64_t> &indices, int64_t axis) {
    return call("Gather", {x, ints(indices)}, {{"axis", axis}});
  }
  /// The size of one dimension, as a tensor of one element.
  OnnxValue sizeOf(const OnnxValue &x, int64_t axis) {
    return call("Shape", {x}, {{"start", axis}, {"end", axis + 1}});
  }

  ::onnx::GraphProto graph;

private:
  template <typename T>
  OnnxValue constant(const std::vector<T> &values, const std::vector<int64_t> &dims);

  AtomicFile &data;
  std::string location;
  uint64_t written = 0;
  int64_t made = 0;
  std::map<std::string, OnnxValue> constants; // by type, shape and bytes
  std::map<std::string, OnnxValue> weights;
};

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_EXPORT_GRAPHWRITER_H
