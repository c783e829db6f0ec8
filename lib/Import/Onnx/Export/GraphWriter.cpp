//===- GraphWriter.cpp - nodes, constants and states of an ONNX graph -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/Export/GraphWriter.h"

#include "lib/Import/Onnx/OnnxFile.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

using ::onnx::TensorProto;

namespace {

constexpr uint64_t page = 4096; // what a mapped file's parts begin at

template <typename T>
constexpr auto elementType = std::is_same_v<T, float>    ? TensorProto::FLOAT
                             : std::is_same_v<T, double> ? TensorProto::DOUBLE
                                                         : TensorProto::INT64;

TensorProto::DataType typeOf(const TensorSpec &spec) {
  for (auto type : {TensorProto::FLOAT, TensorProto::FLOAT16, TensorProto::BFLOAT16})
    if (storedType(type) == spec.dtype)
      return type;
  fail("tensor '", spec.name, "': cannot be exported: expected f32, f16 or bf16, found another type");
}

void describe(::onnx::ValueInfoProto &info, const std::string &name, int type, const OnnxGraphWriter::Shape &shape) {
  info.set_name(name);
  auto &tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  auto &dims = *tensor.mutable_shape();
  for (const auto &size : shape) {
    auto &dim = *dims.add_dim();
    if (const auto *number = std::get_if<int64_t>(&size))
      dim.set_dim_value(*number);
    else
      dim.set_dim_param(std::get<std::string>(size));
  }
}

} // namespace

OnnxGraphWriter::OnnxGraphWriter(const std::string &graphName, AtomicFile &data, std::string location)
    : data(data), location(std::move(location)) {
  graph.set_name(graphName);
}

OnnxValue OnnxGraphWriter::call(const char *op, std::vector<OnnxValue> inputs,
                                const std::vector<OnnxAttribute> &attributes) {
  ::onnx::NodeProto &node = *graph.add_node();
  node.set_op_type(op);
  for (OnnxValue &input : inputs)
    node.add_input(std::move(input));
  for (const auto &[name, value] : attributes) {
    ::onnx::AttributeProto &attribute = *node.add_attribute();
    attribute.set_name(name);
    if (const auto *number = std::get_if<int64_t>(&value)) {
      attribute.set_type(::onnx::AttributeProto::INT);
      attribute.set_i(*number);
    } else if (const auto *real = std::get_if<float>(&value)) {
      attribute.set_type(::onnx::AttributeProto::FLOAT);
      attribute.set_f(*real);
    } else {
      const auto &list = std::get<std::vector<int64_t>>(value);
      attribute.set_type(::onnx::AttributeProto::INTS);
      attribute.mutable_ints()->Add(list.begin(), list.end());
    }
  }
  OnnxValue result = "v" + std::to_string(made++);
  node.add_output(result);
  node.set_name(std::string(op) + "." + result);
  return result;
}

std::pair<OnnxValue, OnnxValue> OnnxGraphWriter::callTwo(const char *op, std::vector<OnnxValue> inputs,
                                                         const std::vector<OnnxAttribute> &attributes) {
  OnnxValue first = call(op, std::move(inputs), attributes), second = "v" + std::to_string(made++);
  graph.mutable_node(graph.node_size() - 1)->add_output(second);
  return {first, second};
}

template <typename T>
OnnxValue OnnxGraphWriter::constant(const std::vector<T> &values, const std::vector<int64_t> &dims) {
  std::string bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
  auto [place, isNew] = constants.try_emplace(std::to_string(elementType<T>) + (dims.empty() ? "s" : "v") + bytes,
                                              "c" + std::to_string(constants.size()));
  if (isNew) {
    TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(place->second);
    tensor.set_data_type(elementType<T>);
    tensor.mutable_dims()->Add(dims.begin(), dims.end());
    tensor.set_raw_data(bytes);
  }
  return place->second;
}
template OnnxValue OnnxGraphWriter::constant(const std::vector<int64_t> &, const std::vector<int64_t> &);
template OnnxValue OnnxGraphWriter::constant(const std::vector<float> &, const std::vector<int64_t> &);
template OnnxValue OnnxGraphWriter::constant(const std::vector<double> &, const std::vector<int64_t> &);

OnnxValue OnnxGraphWriter::weight(const StoredTensor &stored) {
  if (auto found = weights.find(stored.spec.name); found != weights.end())
    return found->second;
  TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(stored.spec.name);
  tensor.set_data_type(typeOf(stored.spec));
  tensor.mutable_dims()->Add(stored.spec.shape.begin(), stored.spec.shape.end());
  std::span<const std::byte> bytes = stored.bytes;
  if (bytes.size() < page) {
    tensor.set_raw_data(bytes.data(), bytes.size());
  } else {
    std::vector<std::byte> gap((page - written % page) % page);
    data.write(gap);
    written += gap.size();
    tensor.set_data_location(TensorProto::EXTERNAL);
    auto say = [&](const char *key, const std::string &value) {
      auto &entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    say("location", location);
    say("offset", std::to_string(written));
    say("length", std::to_string(bytes.size()));
    data.write(bytes);
    written += bytes.size();
  }
  OnnxValue value = stored.spec.dtype == DType::F32 ? stored.spec.name : cast(stored.spec.name, TensorProto::FLOAT);
  return weights[stored.spec.name] = value;
}

OnnxValue OnnxGraphWriter::input(const std::string &name, int type, const Shape &shape) {
  describe(*graph.add_input(), name, type, shape);
  return name;
}

void OnnxGraphWriter::output(const std::string &name, const OnnxValue &value, int type, const Shape &shape) {
  ::onnx::NodeProto &node = *graph.add_node();
  node.set_op_type("Identity");
  node.set_name(name);
  node.add_input(value);
  node.add_output(name);
  describe(*graph.add_output(), name, type, shape);
}

} // namespace xlstm
