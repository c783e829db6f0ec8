//===- ModuleBuilder.cpp - from an ONNX file to the onnx dialect ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/ModuleBuilder.h"

#include "lib/Import/Onnx/Dequantise.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringMap.h"

#include <cstring>
#include <set>

using namespace mlir;

namespace xlstm {
namespace {

class Builder {
public:
  Builder(MLIRContext *context, const OnnxFile &file) : file(file), builder(context) {}

  OwningOpRef<ModuleOp> build();

private:
  void findTieCandidates();
  void findTables();
  bool isHeld(const OnnxTensor &tensor) const;
  onnx::GraphOp buildGraph();
  void addInitializer(const OnnxTensor &tensor, Location loc);
  void addNode(const ::onnx::NodeProto &node);
  void addGatheredRows(const ::onnx::NodeProto &node, const OnnxFile::GatheredRows &rows, Location loc);
  void modernise(OperationState &state, const std::string &type);
  NamedAttribute readAttribute(const ::onnx::AttributeProto &attribute, const std::string &place);
  Type readType(const ::onnx::TypeProto &type, const std::string &place);
  Type declaredType(const std::string &value);
  DenseElementsAttr denseValue(const OnnxTensor &stored);
  DenseElementsAttr firstRows(const OnnxTensor &tensor);
  Location locate(StringRef name, StringRef scope = "") {
    return onnx::nodeLocation(builder.getContext(), file.name(), name, scope);
  }

  const OnnxFile &file;
  OpBuilder builder;
  llvm::StringMap<Value> values;
  llvm::StringMap<const ::onnx::TypeProto *> declared;
  std::set<std::string> tieCandidates, tables, weights;
};

/// The place in the model that torch's exporter noted: "['', 'model', 'model.layers.0', 'add_3']" to "model.layers.0".
std::string scopeOf(const ::onnx::NodeProto &node) {
  for (const ::onnx::StringStringEntryProto &entry : node.metadata_props()) {
    if (entry.key() != "pkg.torch.onnx.name_scopes")
      continue;
    StringRef list(entry.value()), scope;
    SmallVector<StringRef> parts;
    list.trim("[]").split(parts, ", ");
    if (parts.size() >= 2)
      scope = parts[parts.size() - 2].trim("'");
    return scope.str();
  }
  return "";
}

Type Builder::readType(const ::onnx::TypeProto &type, const std::string &place) {
  if (!type.has_tensor_type())
    fail(file.name(), ": ", place, ": expected a tensor");
  std::optional<DType> element = storedType(type.tensor_type().elem_type());
  if (!element)
    fail(file.name(), ": ", place, ": expected a tensor of floats, integers or bool, found data type ",
         type.tensor_type().elem_type());
  if (!type.tensor_type().has_shape())
    return onnx::UnknownType::get(builder.getContext());
  SmallVector<int64_t> shape;
  for (const auto &dim : type.tensor_type().shape().dim()) {
    if (dim.has_dim_value() && (dim.dim_value() < 0 || dim.dim_value() > (int64_t{1} << 40)))
      fail(file.name(), ": ", place, ": expected dimensions of 0 to 2^40, found ", dim.dim_value());
    shape.push_back(dim.has_dim_value() ? dim.dim_value() : ShapedType::kDynamic);
  }
  if (shape.size() > 8)
    fail(file.name(), ": ", place, ": expected at most 8 dimensions, found ", shape.size());
  return RankedTensorType::get(shape, elementType(builder.getContext(), *element));
}

Type Builder::declaredType(const std::string &value) {
  auto it = declared.find(value);
  if (it == declared.end())
    return onnx::UnknownType::get(builder.getContext());
  return readType(*it->second, "value " + quote(value));
}

/// Matrices that a Gather reads may be a tied embedding: those of the same shape, either way round, are hashed.
void Builder::findTieCandidates() {
  std::set<std::vector<int64_t>> shapes;
  for (const ::onnx::NodeProto &node : file.graph().node()) {
    auto it = node.op_type() == "Gather" && node.input_size() == 2 ? file.tensors().find(node.input(0))
                                                                   : file.tensors().end();
    if (it == file.tensors().end() || it->second.spec.shape.size() != 2 || !isFloat(it->second.spec.dtype))
      continue;
    std::vector<int64_t> shape = it->second.spec.shape;
    shapes.insert(shape);
    std::swap(shape[0], shape[1]);
    shapes.insert(shape);
  }
  for (const auto &[name, tensor] : file.tensors())
    if (isFloat(tensor.spec.dtype) && shapes.contains(tensor.spec.shape))
      tieCandidates.insert(name);
}

/// Tables of cosines and sines: their first rows say all, however long they are.
void Builder::findTables() {
  for (const ::onnx::NodeProto &node : file.graph().node())
    if (node.op_type() == "GroupQueryAttention" && node.input_size() > 8)
      tables.insert({node.input(7), node.input(8)});
    else if (node.op_type() == "RotaryEmbedding")
      tables.insert(node.input().begin(), node.input().end());
  // What these read may be a weight, or one under another name.
  static const std::set<std::string> readers = {
      "MatMul",    "Gemm",     "FusedMatMul", "MatMulNBits",        "Gather", "GatherBlockQuantized",
      "Transpose", "Identity", "Cast",        "GroupQueryAttention"};
  for (const ::onnx::NodeProto &node : file.graph().node())
    if (readers.contains(node.op_type()))
      weights.insert(node.input().begin(), node.input().end());
}

/// Whether the IR holds a tensor's value: a small one, or a table that is no weight.
bool Builder::isHeld(const OnnxTensor &tensor) const {
  constexpr uint64_t maxTable = uint64_t{1} << 20;
  const std::string &name = tensor.spec.name;
  if (tieCandidates.contains(name))
    return false;
  uint64_t count = tensor.spec.numElements();
  return count <= static_cast<uint64_t>(onnx::ONNXDialect::maxInlineElements) ||
         (count <= maxTable && isFloat(tensor.spec.dtype) && !weights.contains(name) &&
          (!tables.contains(name) || tensor.spec.shape.size() != 2));
}

/// The first rows of a matrix, as many as raising looks at.
DenseElementsAttr Builder::firstRows(const OnnxTensor &tensor) {
  // Half precision is coarse: later positions say the angle more exactly.
  int64_t numRows = sizeOf(tensor.spec.dtype) == 2 ? 128 : 16;
  OnnxTensor part = plain(tensor);
  if (part.spec.shape.size() != 2 || !isFloat(part.spec.dtype) || part.spec.shape[0] < numRows)
    return {};
  part.spec.shape[0] = numRows;
  part.bytes = part.bytes.first(part.spec.numBytes());
  return denseValue(part);
}

DenseElementsAttr Builder::denseValue(const OnnxTensor &stored) {
  OnnxTensor tensor = plain(stored);
  auto type = RankedTensorType::get(tensor.spec.shape, elementType(builder.getContext(), tensor.spec.dtype));
  ArrayRef<char> bytes(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
  if (tensor.spec.dtype != DType::Bool)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<bool> bits(bytes.begin(), bytes.end());
  return DenseElementsAttr::get(type, bits);
}

void Builder::addInitializer(const OnnxTensor &tensor, Location loc) {
  auto type = RankedTensorType::get(tensor.spec.shape, elementType(builder.getContext(), tensor.spec.dtype));
  StringAttr name = builder.getStringAttr(tensor.spec.name);
  DenseElementsAttr value;
  IntegerAttr content, transposed;
  DictionaryAttr band;
  if (type.getNumElements() > onnx::ONNXDialect::maxInlineElements && isPlain(tensor))
    band = readBand(builder.getContext(), tensor);
  if (!band && isHeld(tensor))
    value = denseValue(tensor);
  if (tieCandidates.contains(tensor.spec.name)) {
    auto [hash, hashOfTranspose] = hashMatrix(plain(tensor));
    releasePages(tensor);
    content = builder.getI64IntegerAttr(hash);
    transposed = builder.getI64IntegerAttr(hashOfTranspose);
  }
  DenseElementsAttr sample = tables.contains(tensor.spec.name) && !value ? firstRows(tensor) : DenseElementsAttr();
  values[tensor.spec.name] =
      builder.create<onnx::InitializerOp>(loc, type, name, value, sample, band, content, transposed);
}

NamedAttribute Builder::readAttribute(const ::onnx::AttributeProto &attribute, const std::string &place) {
  auto list = [](const auto &field) { return ArrayRef(field.data(), field.size()); };
  Attribute value;
  switch (attribute.type()) {
  case ::onnx::AttributeProto::INT:
    value = builder.getI64IntegerAttr(attribute.i());
    break;
  case ::onnx::AttributeProto::FLOAT:
    value = builder.getF32FloatAttr(attribute.f());
    break;
  case ::onnx::AttributeProto::STRING:
    value = builder.getStringAttr(attribute.s());
    break;
  case ::onnx::AttributeProto::INTS:
    value = builder.getDenseI64ArrayAttr(list(attribute.ints()));
    break;
  case ::onnx::AttributeProto::FLOATS:
    value = builder.getDenseF32ArrayAttr(list(attribute.floats()));
    break;
  case ::onnx::AttributeProto::TENSOR: {
    OnnxTensor tensor = readTensor(attribute.t(), file.path().parent_path(), file.name() + ": " + place);
    if (tensor.spec.numElements() > static_cast<uint64_t>(onnx::ONNXDialect::maxInlineElements))
      fail(file.name(), ": ", place, ": expected attribute ", quote(attribute.name()), " to be a small tensor");
    value = denseValue(tensor);
    break;
  }
  default:
    fail(file.name(), ": ", place, ": attribute ", quote(attribute.name()),
         ": expected a number, a string, a list of numbers or a tensor, found kind ", attribute.type());
  }
  if (attribute.name().empty())
    fail(file.name(), ": ", place, ": expected attributes to have a name");
  return builder.getNamedAttr(attribute.name(), value);
}

/// Before opset 13 axes and sizes were attributes where they are operands now, and softmax had another default.
void Builder::modernise(OperationState &state, const std::string &type) {
  if (type == "Softmax" && !state.attributes.get("axis"))
    state.addAttribute("axis", builder.getI64IntegerAttr(1));
  bool hasAxes = type == "Unsqueeze" || type == "Squeeze" || type == "ReduceSum";
  auto list = dyn_cast_or_null<DenseI64ArrayAttr>(state.attributes.get(hasAxes ? "axes" : "split"));
  if (!list || state.operands.size() != 1 || (!hasAxes && type != "Split"))
    return;
  state.attributes.erase(hasAxes ? "axes" : "split");
  auto listType = RankedTensorType::get({list.size()}, builder.getI64Type());
  auto value = DenseElementsAttr::get(listType, list.asArrayRef());
  state.operands.push_back(builder.create<onnx::InitializerOp>(state.location, value));
}

/// Operators of graphs whose activations are integers.
static bool computesInIntegers(StringRef type) {
  return type.contains_insensitive("quantize") || type.contains("Integer") || type.starts_with("QLinear") ||
         type == "QAttention" || type == "QGemm" || type == "QOrderedMatMul";
}

/// DequantizeLinear of gathered rows: rows of the dequantised matrix.
void Builder::addGatheredRows(const ::onnx::NodeProto &node, const OnnxFile::GatheredRows &rows, Location loc) {
  addInitializer(file.tensors().at(rows.matrix), loc);
  OperationState state(loc, onnx::GatherOp::getOperationName());
  state.operands = {values.lookup(rows.matrix), values.lookup(rows.gather->input(1))};
  state.types.push_back(declaredType(node.output(0)));
  state.addAttribute("axis", builder.getI64IntegerAttr(0));
  values[node.output(0)] = builder.create(state)->getResult(0);
}

void Builder::addNode(const ::onnx::NodeProto &node) {
  std::string place = placeOf(node);
  std::string name = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "";
  Location loc = locate(name, scopeOf(node));
  if (auto tensor = file.tensors().find(node.output_size() > 0 ? node.output(0) : ""); tensor != file.tensors().end())
    return addInitializer(tensor->second, loc);
  if (auto rows = file.gatheredRows().find(node.output_size() > 0 ? node.output(0) : "");
      rows != file.gatheredRows().end())
    return addGatheredRows(node, rows->second, loc);
  bool isDefault = node.domain().empty() || node.domain() == "ai.onnx";
  if (!isDefault && node.domain() != "com.microsoft")
    fail(file.name(), ": ", place, ": expected an operator of the domain ai.onnx or com.microsoft, found domain ",
         quote(node.domain()));
  OperationName opName((isDefault ? "onnx." : "onnx.microsoft.") + node.op_type(), builder.getContext());
  if (!opName.isRegistered() || !opName.hasTrait<onnx::Node>())
    fail(file.name(), ": ", place, ": expected an operator that language models contain, found one that ",
         computesInIntegers(node.op_type())
             ? "quantises activations: export the model in float, or with quantised weights alone (MatMulNBits, or "
               "DequantizeLinear of stored weights)"
             : "is not read");
  OperationState state(loc, opName);
  for (const std::string &input : node.input())
    state.operands.push_back(input.empty() ? builder.create<onnx::NoneOp>(loc, builder.getNoneType()).getResult()
                                           : values.lookup(input));
  for (const std::string &output : node.output())
    state.types.push_back(declaredType(output));
  for (const ::onnx::AttributeProto &attribute : node.attribute()) {
    NamedAttribute named = readAttribute(attribute, place);
    if (state.attributes.get(named.getName()))
      fail(file.name(), ": ", place, ": attribute ", quote(attribute.name()), " is given twice");
    state.attributes.append(named);
  }
  if (file.opset() < 13 && isDefault)
    modernise(state, node.op_type());
  Operation *op = builder.create(state);
  for (auto [output, value] : llvm::zip(node.output(), op->getResults()))
    if (!output.empty())
      values[output] = value;
}

onnx::GraphOp Builder::buildGraph() {
  SmallVector<Type> inputTypes, outputTypes;
  SmallVector<StringRef> inputNames;
  for (const ::onnx::ValueInfoProto &input : file.graph().input()) {
    if (file.tensors().contains(input.name()))
      continue;
    inputTypes.push_back(readType(input.type(), "input " + quote(input.name())));
    inputNames.push_back(input.name());
  }
  for (const ::onnx::ValueInfoProto &output : file.graph().output())
    outputTypes.push_back(readType(output.type(), "output " + quote(output.name())));
  auto graph = builder.create<onnx::GraphOp>(locate("graph"), "main", builder.getFunctionType(inputTypes, outputTypes));
  graph.setOpsetAttr(builder.getI64IntegerAttr(file.opset()));
  Block *body = graph.addEntryBlock();
  for (auto [i, name] : llvm::enumerate(inputNames)) {
    graph.setArgAttr(i, onnx::ONNXDialect::nameAttrName, builder.getStringAttr(name));
    values[name] = body->getArgument(i);
  }
  for (auto [i, output] : llvm::enumerate(file.graph().output()))
    graph.setResultAttr(i, onnx::ONNXDialect::nameAttrName, builder.getStringAttr(output.name()));
  builder.setInsertionPointToStart(body);
  return graph;
}

OwningOpRef<ModuleOp> Builder::build() {
  findTieCandidates();
  findTables();
  for (const ::onnx::ValueInfoProto &value : file.graph().value_info())
    declared[value.name()] = &value.type();
  for (const ::onnx::ValueInfoProto &value : file.graph().output())
    declared[value.name()] = &value.type();
  OwningOpRef<ModuleOp> module = ModuleOp::create(locate("module"));
  builder.setInsertionPointToStart(module->getBody());
  buildGraph();
  for (const ::onnx::TensorProto &tensor : file.graph().initializer())
    addInitializer(file.tensors().at(tensor.name()), locate(tensor.name()));
  for (const ::onnx::NodeProto &node : file.graph().node())
    addNode(node);
  SmallVector<Value> results;
  for (const ::onnx::ValueInfoProto &output : file.graph().output())
    results.push_back(values.lookup(output.name()));
  builder.create<onnx::ReturnOp>(locate("return"), results);
  return module;
}

} // namespace

Type elementType(MLIRContext *context, DType type) {
  mlir::Builder builder(context);
  switch (type) {
  case DType::F64:
    return builder.getF64Type();
  case DType::F32:
    return builder.getF32Type();
  case DType::F16:
    return builder.getF16Type();
  case DType::BF16:
    return builder.getBF16Type();
  case DType::Bool:
    return builder.getI1Type();
  case DType::U8:
  case DType::U16:
    return builder.getIntegerType(8 * sizeOf(type), /*isSigned=*/false);
  default:
    return builder.getIntegerType(8 * sizeOf(type));
  }
}

std::pair<int64_t, int64_t> hashMatrix(const OnnxTensor &matrix) {
  // A sum over the elements, so that the order of visiting does not matter: one pass makes both hashes.
  auto mix = [](uint64_t bits, uint64_t row, uint64_t column) {
    uint64_t x = bits * 0x9E3779B97F4A7C15u + row * 0xC2B2AE3D27D4EB4Fu + column * 0x165667B19E3779F9u;
    x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9u;
    return x ^ (x >> 29);
  };
  uint64_t size = sizeOf(matrix.spec.dtype), columns = matrix.spec.shape[1];
  uint64_t hash = 0, hashOfTranspose = 0;
  for (uint64_t i = 0, n = matrix.spec.numElements(); i < n; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, matrix.bytes.data() + i * size, size);
    hash += mix(bits, i / columns, i % columns);
    hashOfTranspose += mix(bits, i % columns, i / columns);
  }
  return {static_cast<int64_t>(hash), static_cast<int64_t>(hashOfTranspose)};
}

OwningOpRef<ModuleOp> buildModule(MLIRContext *context, const OnnxFile &file) { return Builder(context, file).build(); }

} // namespace xlstm
