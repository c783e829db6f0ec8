//===- ONNXDialect.h - the onnx dialect: a graph as it came ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_ONNX_ONNXDIALECT_H
#define DIALECTS_ONNX_ONNXDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ONNX/ONNXDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/ONNX/ONNXTypes.h.inc"

namespace xlstm::onnx {

/// What the verifier knows of an operator (ONNXNodeOps.td).
struct NodeInfo {
  int leastInputs, mostInputs, mostOutputs;
  const char *attributes;
};

mlir::LogicalResult verifyNode(mlir::Operation *op, const NodeInfo &info);

/// An ONNX operator: operands, results and attributes as its definition in ONNX has them.
template <typename ConcreteType>
class Node : public mlir::OpTrait::TraitBase<ConcreteType, Node> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return verifyNode(op, ConcreteType::nodeInfo); }
};

/// The location of a node: its name and, where the exporter says it, its scope in the model.
mlir::Location nodeLocation(mlir::MLIRContext *context, llvm::StringRef file, llvm::StringRef name,
                            llvm::StringRef scope);
/// "node 'x' (MatMul, in model.layers.0.self_attn): " of the location that nodeLocation made; "" of another.
std::string describeNode(mlir::Operation *op);
/// An error on a node whose text begins with describeNode.
mlir::InFlightDiagnostic emitNodeError(mlir::Operation *op);

} // namespace xlstm::onnx

#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.h.inc"

#endif // DIALECTS_ONNX_ONNXDIALECT_H
