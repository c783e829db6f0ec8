//===- ModelFile.h - what exports of every format begin and end with ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_MODELFILE_H
#define LIB_IMPORT_MODELFILE_H

#include "xlstm/Import/Export.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>

namespace xlstm {

/// The module of a bundle's model.mlir, which has @model. Throws Error with what the parser says.
mlir::OwningOpRef<mlir::ModuleOp> readModelFile(mlir::MLIRContext &context, const std::string &file);

/// Opens and checks the bundle, then has `write` fill the folder `output`, which appears whole or not at all, beside
/// the files that travel with a model. Throws Error: no bundle, NaN, a folder that is not empty.
void writeExport(const std::filesystem::path &bundle, const std::filesystem::path &output, const ExportOptions &options,
                 const std::function<void(const Bundle &, const std::filesystem::path &)> &write);

} // namespace xlstm

#endif // LIB_IMPORT_MODELFILE_H
