//===- ModuleBuilder.h - from an ONNX file to the onnx dialect ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_MODULEBUILDER_H
#define LIB_IMPORT_ONNX_MODULEBUILDER_H

#include "lib/Import/Onnx/OnnxFile.h"

#include "dialects/ONNX/ONNXDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace xlstm {

/// The MLIR element type of a stored type.
mlir::Type elementType(mlir::MLIRContext *context, DType type);

/// Hashes of a matrix and of its transpose: equal matrices have equal hashes, however they are laid out.
std::pair<int64_t, int64_t> hashMatrix(const OnnxTensor &matrix);

/// The `band` of a mask [.., T, T] whose elements depend on the distance of key and query alone; null for any other
/// tensor. Stops at the first element that is not one's.
mlir::DictionaryAttr readBand(mlir::MLIRContext *context, const OnnxTensor &mask);

/// Makes the raw module; throws Error for what the dialect does not have.
mlir::OwningOpRef<mlir::ModuleOp> buildModule(mlir::MLIRContext *context, const OnnxFile &file);

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_MODULEBUILDER_H
