//===- OnnxFile.cpp - parse and check an ONNX file ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/OnnxFile.h"

#include "lib/Import/Onnx/Dequantise.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace xlstm {
namespace {

// onnx 1.23 writes IR version 14 and opset 28. Before opset 11 there was no Range, and Slice had attributes alone.
constexpr int64_t newestIr = 14, oldestOpset = 11, newestOpset = 28;

/// Reads the message as a stream: the file's bytes are in memory once.
void parse(const std::filesystem::path &path, ::onnx::ModelProto &model) {
  struct stat info = {};
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 || fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    if (descriptor >= 0)
      ::close(descriptor);
    fail(path.string(), ": expected a file that can be read");
  }
  google::protobuf::io::FileInputStream stream(descriptor);
  stream.SetCloseOnDelete(true);
  google::protobuf::io::CodedInputStream input(&stream);
  bool whole = model.ParsePartialFromCodedStream(&input) && input.ConsumedEntireMessage() &&
               input.CurrentPosition() == info.st_size;
  if (!whole)
    fail(path.string(), ": expected an ONNX model, found ",
         info.st_size == 0 ? "an empty file"
                           : "data that are truncated, damaged or not in this format (read stopped near byte " +
                                 std::to_string(input.CurrentPosition()) + " of " + std::to_string(info.st_size) + ")");
}

bool isDefaultDomain(const std::string &domain) { return domain.empty() || domain == "ai.onnx"; }

} // namespace

std::string placeOf(const ::onnx::NodeProto &node) {
  std::string name = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "";
  return "node " + quote(name) + " (" + node.op_type() + ")";
}

std::unique_ptr<OnnxFile> OnnxFile::open(const std::filesystem::path &path) {
  auto result = std::make_unique<OnnxFile>();
  result->file = path;
  parse(path, result->model);
  result->checkVersions();
  result->checkGraph();
  return result;
}

void OnnxFile::checkVersions() {
  if (model.ir_version() < 3 || model.ir_version() > newestIr)
    fail(name(), ": expected IR version 3 to ", newestIr, ", found ", model.ir_version());
  if (!model.has_graph())
    fail(name(), ": expected a graph, found none");
  if (model.functions_size() > 0)
    fail(name(), ": expected no local functions, found ", model.functions_size(), "; export with them inlined");
  std::set<std::string> domains;
  for (const ::onnx::OperatorSetIdProto &entry : model.opset_import()) {
    if (!domains.insert(isDefaultDomain(entry.domain()) ? "" : entry.domain()).second)
      fail(name(), ": expected one opset of domain ", quote(entry.domain()), ", found two");
    if (isDefaultDomain(entry.domain()))
      defaultOpset = entry.version();
  }
  if (!domains.contains(""))
    fail(name(), ": expected an opset of the domain ai.onnx, found none");
  if (defaultOpset < oldestOpset || defaultOpset > newestOpset)
    fail(name(), ": expected opset ", oldestOpset, " to ", newestOpset, ", found ", defaultOpset);
  for (const ::onnx::NodeProto &node : graph().node())
    if (!domains.contains(isDefaultDomain(node.domain()) ? "" : node.domain()))
      fail(name(), ": ", placeOf(node), ": expected an opset_import of its domain ", quote(node.domain()));
}

void OnnxFile::addTensor(const std::string &tensorName, const ::onnx::TensorProto &tensor, const std::string &place) {
  OnnxTensor entry = readTensor(tensor, file.parent_path(), name() + ": " + place);
  entry.spec.name = tensorName;
  entries.emplace(tensorName, std::move(entry));
}

void OnnxFile::addConstant(const ::onnx::NodeProto &node) {
  std::string place = placeOf(node);
  if (node.output_size() != 1 || node.input_size() != 0 || node.attribute_size() != 1)
    fail(name(), ": ", place, ": expected no input, one output and one attribute, found ", node.input_size(), ", ",
         node.output_size(), " and ", node.attribute_size());
  const ::onnx::AttributeProto &attribute = node.attribute(0);
  if (attribute.name() == "value" && attribute.has_t())
    return addTensor(node.output(0), attribute.t(), place);
  ::onnx::TensorProto &tensor = constants.emplace_back();
  if (attribute.name() == "value_int") {
    tensor.add_int64_data(attribute.i());
  } else if (attribute.name() == "value_float") {
    tensor.add_float_data(attribute.f());
  } else if (attribute.name() == "value_ints") {
    *tensor.mutable_int64_data() = attribute.ints();
    tensor.add_dims(attribute.ints_size());
  } else if (attribute.name() == "value_floats") {
    *tensor.mutable_float_data() = attribute.floats();
    tensor.add_dims(attribute.floats_size());
  } else {
    fail(name(), ": ", place, ": expected a tensor or numbers, found ", quote(attribute.name()));
  }
  bool isInteger = attribute.name().starts_with("value_int");
  tensor.set_data_type(isInteger ? ::onnx::TensorProto::INT64 : ::onnx::TensorProto::FLOAT);
  addTensor(node.output(0), tensor, place);
}

/// The integer attributes of a node; throws Error for one that is not among `names`.
static std::map<std::string, int64_t> integersOf(const ::onnx::NodeProto &node, const std::set<std::string> &names,
                                                 const std::string &place) {
  std::map<std::string, int64_t> result;
  for (const ::onnx::AttributeProto &attribute : node.attribute())
    if (names.contains(attribute.name()))
      result[attribute.name()] = attribute.i();
    else
      fail(place, ": has no attribute ", quote(attribute.name()));
  return result;
}

std::optional<Dequantisation> OnnxFile::storedNumbers(const std::string &numbers, const std::string &scales,
                                                      const std::string &zeroPoints) const {
  auto find = [&](const std::string &tensor) -> const OnnxTensor * {
    auto it = entries.find(tensor);
    return it == entries.end() ? nullptr : &it->second;
  };
  const OnnxTensor *n = find(numbers), *s = find(scales), *z = find(zeroPoints);
  if (!n || !s || (!zeroPoints.empty() && !z))
    return std::nullopt;
  return Dequantisation{*n, *s, z ? std::optional(*z) : std::nullopt};
}

void OnnxFile::addComputed(const std::string &tensor, Dequantisation source, const std::string &place) {
  OnnxTensor entry = dequantised(std::move(source), place);
  entry.spec.name = tensor;
  if (!entries.emplace(tensor, std::move(entry)).second)
    fail(place, ": the name ", quote(tensor), " is made twice");
}

/// DequantizeLinear of stored numbers is a tensor like another, and so are rows gathered before it: its scales are then
/// for all of them, or for each channel. That of activations is no node of the dialect.
void OnnxFile::addDequantised(const ::onnx::NodeProto &node) {
  std::string place = name() + ": " + placeOf(node);
  if (node.input_size() < 2 || node.input_size() > 3 || node.output_size() != 1)
    fail(place, ": expected 2 or 3 inputs and an output, found ", node.input_size(), " and ", node.output_size());
  auto gathered = gathers.find(node.input(0));
  bool isGathered = gathered != gathers.end();
  std::optional<Dequantisation> source = storedNumbers(isGathered ? gathered->second->input(0) : node.input(0),
                                                       node.input(1), node.input_size() > 2 ? node.input(2) : "");
  if (!source)
    return;
  std::map<std::string, int64_t> attributes = integersOf(node, {"axis", "block_size", "output_dtype"}, place);
  source->axis = attributes.contains("axis") ? attributes["axis"] : 1;
  source->blockSize = attributes["block_size"];
  if (!isGathered)
    return addComputed(node.output(0), std::move(*source), place);
  if (source->scales.spec.numElements() != 1) {
    if (source->blockSize != 0 || (source->axis != -1 && source->axis != 2) || source->numbers.spec.shape.size() != 2)
      fail(place, ": expected a scale for all gathered rows or for each channel, found axis ", source->axis,
           " and scales ", describe(source->scales.spec));
    source->axis = 1;
  }
  addComputed(node.output(0) + ".table", std::move(*source), place);
  rows[node.output(0)] = {gathered->second, node.output(0) + ".table"};
}

/// GatherBlockQuantized of integers of 4 bits, whose zero point is 0 unless given: rows of what they stand for. (Bytes
/// that hold several numbers are a node of the dialect.)
void OnnxFile::addQuantisedRows(const ::onnx::NodeProto &node) {
  if (node.input_size() < 3 || node.output_size() != 1)
    return;
  auto numbers = entries.find(node.input(0));
  if (numbers == entries.end() || numbers->second.packedBits == 0)
    return;
  std::string place = name() + ": " + placeOf(node);
  std::optional<Dequantisation> source =
      storedNumbers(node.input(0), node.input(2), node.input_size() > 3 ? node.input(3) : "");
  std::map<std::string, int64_t> attributes =
      integersOf(node, {"gather_axis", "quantize_axis", "block_size", "bits"}, place);
  if (!source || attributes["gather_axis"] != 0)
    fail(place, ": expected rows of stored numbers to be gathered, found axis ", attributes["gather_axis"]);
  source->axis = attributes.contains("quantize_axis") ? attributes["quantize_axis"] : 1;
  source->blockSize = attributes.contains("block_size") ? attributes["block_size"] : 128;
  addComputed(node.output(0) + ".table", std::move(*source), place);
  rows[node.output(0)] = {&node, node.output(0) + ".table"};
}

/// Gather along rows of a stored matrix.
static bool gathersRows(const ::onnx::NodeProto &node) {
  return node.op_type() == "Gather" && isDefaultDomain(node.domain()) && node.input_size() == 2 &&
         node.output_size() == 1 &&
         std::ranges::all_of(node.attribute(), [](const auto &attribute) { return attribute.i() == 0; });
}

void OnnxFile::checkGraph() {
  if (graph().node_size() == 0 || graph().output_size() == 0 || graph().input_size() == 0)
    fail(name(), ": expected a graph with inputs, nodes and outputs, found ", graph().input_size(), ", ",
         graph().node_size(), " and ", graph().output_size());
  if (graph().sparse_initializer_size() > 0)
    fail(name(), ": expected no sparse initializers, found ", graph().sparse_initializer_size());
  std::set<std::string> made;
  auto make = [&](const std::string &value, const std::string &place) {
    if (value.empty())
      fail(name(), ": ", place, ": expected a name, found none");
    if (!made.insert(value).second)
      fail(name(), ": ", place, ": the name ", quote(value), " is made twice");
  };
  for (const ::onnx::TensorProto &tensor : graph().initializer()) {
    std::string place = "initializer " + quote(tensor.name());
    make(tensor.name(), place);
    addTensor(tensor.name(), tensor, place);
  }
  for (const ::onnx::ValueInfoProto &input : graph().input())
    if (!entries.contains(input.name())) // before IR 4 initializers are also inputs
      make(input.name(), "input " + quote(input.name()));
  for (const ::onnx::NodeProto &node : graph().node()) {
    for (const std::string &input : node.input())
      if (!input.empty() && !made.contains(input))
        fail(name(), ": ", placeOf(node), ": expected ", quote(input), " to be made before it is read");
    for (const std::string &output : node.output())
      if (!output.empty())
        make(output, placeOf(node));
    if (node.op_type() == "Constant" && isDefaultDomain(node.domain()))
      addConstant(node);
    else if (node.op_type() == "DequantizeLinear")
      addDequantised(node);
    else if (node.op_type() == "GatherBlockQuantized")
      addQuantisedRows(node);
    else if (gathersRows(node))
      gathers[node.output(0)] = &node;
  }
  for (const ::onnx::ValueInfoProto &output : graph().output())
    if (!made.contains(output.name()))
      fail(name(), ": output ", quote(output.name()), ": expected a node that makes it, found none");
}

} // namespace xlstm
