//===- ONNXOps.cpp - verifiers and syntax of the onnx dialect -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/ONNX/ONNXDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.cpp.inc"

namespace xlstm::onnx {

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// An entry of a node's list of attributes, "to:i!": its name, kind letter and whether the node must have it.
struct AttributeInfo {
  StringRef name;
  char kind;
  bool isRequired;
};

static SmallVector<AttributeInfo> attributesOf(const NodeInfo &info) {
  SmallVector<AttributeInfo> result;
  for (StringRef list = info.attributes; !list.empty();) {
    auto [entry, rest] = list.split(' ');
    auto [name, kind] = entry.split(':');
    result.push_back({name, kind.front(), kind.ends_with("!")});
    list = rest;
  }
  return result;
}

static bool hasKind(Attribute value, char kind) {
  switch (kind) {
  case 'i':
    return isa<IntegerAttr>(value) && cast<IntegerAttr>(value).getType().isSignlessInteger(64);
  case 'f':
    return isa<FloatAttr>(value) && cast<FloatAttr>(value).getType().isF32();
  case 's':
    return isa<StringAttr>(value);
  case 'I':
    return isa<DenseI64ArrayAttr>(value);
  case 'F':
    return isa<DenseF32ArrayAttr>(value);
  default:
    return isa<DenseElementsAttr>(value);
  }
}

static StringRef kindName(char kind) {
  switch (kind) {
  case 'i':
    return "an i64";
  case 'f':
    return "an f32";
  case 's':
    return "a string";
  case 'I':
    return "an array of i64";
  case 'F':
    return "an array of f32";
  default:
    return "a tensor";
  }
}

LogicalResult verifyNode(Operation *op, const NodeInfo &info) {
  int inputs = op->getNumOperands(), outputs = op->getNumResults();
  if (inputs < info.leastInputs || inputs > info.mostInputs) { // C1
    InFlightDiagnostic error = op->emitOpError() << "expects " << info.leastInputs;
    if (info.mostInputs != info.leastInputs)
      error << " to " << info.mostInputs;
    return error << (info.mostInputs == 1 ? " input" : " inputs") << ", found " << inputs;
  }
  if (outputs < 1 || outputs > info.mostOutputs) // C2
    return op->emitOpError() << "expects 1 to " << info.mostOutputs << " outputs, found " << outputs;
  SmallVector<AttributeInfo> known = attributesOf(info);
  for (NamedAttribute attribute : op->getAttrs()) {
    StringRef name = attribute.getName().getValue();
    const auto *entry = llvm::find_if(known, [&](const AttributeInfo &candidate) { return candidate.name == name; });
    if (entry == known.end()) // C3
      return op->emitOpError() << "has no attribute '" << name << "'";
    if (!hasKind(attribute.getValue(), entry->kind)) // C4
      return op->emitOpError() << "expects attribute '" << name << "' to be " << kindName(entry->kind) << ", found "
                               << attribute.getValue();
  }
  for (const AttributeInfo &entry : known)
    if (entry.isRequired && !op->hasAttr(entry.name)) // C5
      return op->emitOpError() << "expects attribute '" << entry.name << "', " << kindName(entry.kind)
                               << ", found none";
  return success();
}

//===----------------------------------------------------------------------===//
// GraphOp
//===----------------------------------------------------------------------===//

void GraphOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  state.addRegion();
}

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void GraphOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult GraphOp::verify() {
  if (getBody().empty())
    return emitOpError() << "expects a body";
  auto terminator = dyn_cast_or_null<ReturnOp>(getBody().front().empty() ? nullptr : &getBody().front().back());
  if (!terminator || terminator.getNumOperands() != getResultTypes().size()) // C1
    return emitOpError() << "expects to end in onnx.return of its " << getResultTypes().size() << " results";
  return success();
}

//===----------------------------------------------------------------------===//
// InitializerOp, WeightOp
//===----------------------------------------------------------------------===//

LogicalResult InitializerOp::verify() {
  if (!getName() && !getValue()) // C1
    return emitOpError() << "expects a name or a value";
  if (getName() && getName()->empty()) // C2
    return emitOpError() << "expects a name that is not empty";
  if (getValue() && getValue()->getType() != getType()) // C3
    return emitOpError() << "expects a value of type " << getType() << ", found " << getValue()->getType();
  if (DictionaryAttr band = getBandAttr()) { // C5
    auto type = cast<ShapedType>(getType());
    bool isMask = type.getRank() >= 2 && type.getDimSize(type.getRank() - 1) == type.getDimSize(type.getRank() - 2) &&
                  band.getAs<FloatAttr>("seen") && band.getAs<FloatAttr>("masked") &&
                  band.getAs<IntegerAttr>("first") && band.getAs<IntegerAttr>("last");
    if (!isMask)
      return emitOpError() << "expects a band with seen, masked, first and last, of as many queries as keys, found "
                           << band;
  }
  if (!getSample())
    return success();
  ShapedType sample = getSample()->getType(), whole = cast<ShapedType>(getType());
  bool isPart = sample.getRank() > 0 && sample.getRank() == whole.getRank() &&
                sample.getElementType() == whole.getElementType() && sample.getDimSize(0) <= whole.getDimSize(0) &&
                sample.getShape().drop_front() == whole.getShape().drop_front();
  if (!isPart) // C4
    return emitOpError() << "expects a sample of its first rows, found " << sample << " of " << whole;
  return success();
}

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (getTransposed() && type.getRank() != 2) // C1
    return emitOpError() << "expects a matrix where it is transposed, found " << type;
  if (DictionaryAttr blocks = getBlocksAttr()) { // C3
    bool isWhole = type.getRank() == 2 && !getTransposed() && blocks.getAs<IntegerAttr>("bits") &&
                   blocks.getAs<IntegerAttr>("size") && blocks.getAs<StringAttr>("scales");
    if (!isWhole)
      return emitOpError() << "expects blocks with bits, size and scales, of a matrix [out, in], found " << blocks;
  }
  if (!getRows())
    return success();
  ArrayRef<int64_t> rows = *getRows();
  if (rows.size() != 2 || rows[0] < 0 || rows[1] < rows[0] || type.getRank() < 1 ||
      rows[1] - rows[0] != type.getDimSize(0)) // C2
    return emitOpError() << "expects rows to be [first, end) of as many rows as " << type << " has";
  return success();
}

} // namespace xlstm::onnx
