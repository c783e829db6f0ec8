//===- LMStructureOps.cpp - model, layer, param ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/LM/LMOps.cpp.inc"

namespace xlstm::lm {

//===----------------------------------------------------------------------===//
// ModelOp
//===----------------------------------------------------------------------===//

void ModelOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  state.addRegion();
}

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void ModelOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

SmallVector<LayerOp> ModelOp::getLayers() { return llvm::to_vector(getBody().getOps<LayerOp>()); }

unsigned ModelOp::getFirstStateArgument() {
  for (unsigned i = 0; i < getNumArguments(); ++i)
    if (getArgAttr(i, LMDialect::stateAttrName))
      return i;
  return getNumArguments();
}

static LogicalResult verifyLayerOrder(ModelOp model) {
  int64_t expected = 0;
  for (LayerOp layer : model.getLayers()) {
    if (static_cast<int64_t>(layer.getIndex()) != expected)
      return layer.emitOpError() << "expects index " << expected << " (layers count from 0, in order), found "
                                 << static_cast<int64_t>(layer.getIndex());
    ++expected;
  }
  return success();
}

static LogicalResult verifyParamTypes(ModelOp model) {
  llvm::StringMap<ParamOp> seen;
  WalkResult walk = model.walk([&](ParamOp param) -> WalkResult {
    auto [it, isNew] = seen.try_emplace(param.getName(), param);
    if (isNew || it->second.getType() == param.getType())
      return WalkResult::advance();
    InFlightDiagnostic error = param.emitOpError() << "expects every use of \"" << param.getName() << "\" to have type "
                                                   << it->second.getType() << ", found " << param.getType();
    error.attachNote(it->second.getLoc()) << "first used here";
    return error;
  });
  return failure(walk.wasInterrupted());
}

static LogicalResult verifyStates(ModelOp model) {
  unsigned first = model.getFirstStateArgument(), numStates = model.getNumArguments() - first;
  if (numStates == 0)
    return success();
  ArrayRef<Type> results = model.getResultTypes();
  if (results.size() < numStates)
    return model.emitOpError() << "expects a result for each of its " << numStates << " state arguments, found "
                               << results.size() << " results";
  ArrayRef<Type> newStates = results.take_back(numStates);
  llvm::StringSet<> names;
  for (unsigned i = 0; i < numStates; ++i) {
    unsigned argument = first + i;
    if (!model.getArgAttrOfType<StringAttr>(argument, LMDialect::stateAttrName) ||
        !model.getArgAttrOfType<FloatAttr>(argument, LMDialect::initAttrName))
      return model.emitOpError()
             << "expects argument " << argument
             << " to carry lm.state (a name) and lm.init (a float), as the state arguments before it";
    if (model.getArgumentTypes()[argument] != newStates[i])
      return model.emitOpError() << "expects the new state of argument " << argument << " to have type "
                                 << model.getArgumentTypes()[argument] << ", found " << newStates[i];
    StringRef name = model.getArgAttrOfType<StringAttr>(argument, LMDialect::stateAttrName).getValue();
    if (!names.insert(name).second)
      return model.emitOpError() << "expects states to have names of their own, found \"" << name << "\" twice";
  }
  return success();
}

static LogicalResult verifyArguments(ModelOp model) {
  for (Type type : model.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !storageBytes(tensor))
      return model.emitOpError() << "expects ranked tensors of less than 2^63 bytes as arguments, found " << type;
  }
  return success();
}

LogicalResult ModelOp::verify() {
  if (!getBody().hasOneBlock() || getBody().front().empty()) // C1
    return emitOpError() << "expects a body of one block";
  auto terminator = dyn_cast<ReturnOp>(getBody().front().back());
  if (!terminator || terminator.getOperandTypes() != TypeRange(getResultTypes())) // C1
    return emitOpError() << "expects to end in lm.return of its result types";
  if (getContextLength() && (*getContextLength() < 1 || *getContextLength() > maxTokens)) // C2
    return emitOpError() << "expects a context_length of 1 to " << maxTokens << ", found "
                         << static_cast<int64_t>(*getContextLength());
  if (failed(verifyArguments(*this))) // C8
    return failure();
  if (failed(verifyStates(*this))) // C5, C7
    return failure();
  for (unsigned i = 0; i < getNumResults(); ++i)
    if (Attribute name = getResultAttr(i, LMDialect::nameAttrName); name && !isa<StringAttr>(name)) // C6
      return emitOpError() << "expects an lm.name to be a string, found " << name;
  if (getSymName().empty() || LMDialect::isReservedName(getSymName())) // C9
    return emitOpError() << "expects a name that compiled code does not use itself, found \"" << getSymName() << '"';
  return success();
}

/// What concerns the ops of the body: they have been verified by now.
LogicalResult ModelOp::verifyRegions() {
  if (failed(verifyLayerOrder(*this))) // C3
    return failure();
  return verifyParamTypes(*this); // C4
}

//===----------------------------------------------------------------------===//
// LayerOp
//===----------------------------------------------------------------------===//

ParseResult LayerOp::parse(OpAsmParser &parser, OperationState &result) {
  IntegerAttr index;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  FunctionType type;
  SMLoc operandsLoc = parser.getCurrentLocation();
  if (parser.parseAttribute(index, parser.getBuilder().getI64Type(), getIndexAttrName(result.name),
                            result.attributes) ||
      parser.parseAssignmentList(arguments, operands) || parser.parseColonType(type))
    return failure();
  if (type.getNumInputs() != operands.size())
    return parser.emitError(operandsLoc) << "expects " << operands.size() << " input types, found "
                                         << type.getNumInputs();
  for (auto [argument, argumentType] : llvm::zip(arguments, type.getInputs()))
    argument.type = argumentType;
  result.addTypes(type.getResults());
  if (parser.resolveOperands(operands, type.getInputs(), operandsLoc, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  return parser.parseRegion(*result.addRegion(), arguments);
}

void LayerOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getIndex() << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer,
                        [&](auto pair) { printer << std::get<0>(pair) << " = " << std::get<1>(pair); });
  printer << ") : ";
  printer.printFunctionalType(*this);
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {getIndexAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult LayerOp::verify() {
  if (static_cast<int64_t>(getIndex()) < 0) // C1
    return emitOpError() << "expects an index of at least 0, found " << static_cast<int64_t>(getIndex());
  if (getBody().getArgumentTypes() != TypeRange(getInputs())) // C2
    return emitOpError() << "expects the region's arguments to have the types of its inputs";
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield || yield.getOperandTypes() != getResultTypes()) // C3
    return emitOpError() << "expects to end in lm.yield of its result types";
  return success();
}

//===----------------------------------------------------------------------===//
// ParamOp
//===----------------------------------------------------------------------===//

LogicalResult ParamOp::verify() {
  if (getName().empty()) // C1
    return emitOpError() << "expects a name";
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape()) // C2
    return emitOpError() << "expects \"" << getName() << "\" to have a static shape, found " << type;
  auto text = dyn_cast_or_null<StringAttr>(getInitAttr());
  bool isIdentity = text && text.getValue() == "identity";
  if (text && !isIdentity && text.getValue() != "uniform") // C3
    return emitOpError() << "expects init to be a number, \"identity\" or \"uniform\", found " << text;
  ArrayRef<int64_t> shape = type.getShape();
  if (getInitAttr() && isa<BlockType>(type.getElementType())) // C5
    return emitOpError() << "expects init with floats alone, found " << type;
  if (isIdentity && (shape.size() < 2 || shape.back() != shape[shape.size() - 2])) // C4
    return emitOpError() << "expects an \"identity\" to end in two equal dimensions, found " << type;
  return success();
}

} // namespace xlstm::lm
