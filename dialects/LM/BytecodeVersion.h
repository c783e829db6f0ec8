//===- BytecodeVersion.h - version stamp of our dialects in bytecode ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_BYTECODEVERSION_H
#define DIALECTS_LM_BYTECODEVERSION_H

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Diagnostics.h"

namespace xlstm::lm {

/// Writes DialectT::version into bytecode and refuses a newer one. An older one is upgraded in upgradeFromVersion, once
/// there is a version 2.
template <typename DialectT>
class BytecodeVersion : public mlir::BytecodeDialectInterface {
public:
  explicit BytecodeVersion(mlir::Dialect *dialect) : BytecodeDialectInterface(dialect) {}

  struct Version : mlir::DialectVersion {
    explicit Version(uint64_t number) : number(number) {}
    uint64_t number;
  };

  void writeVersion(mlir::DialectBytecodeWriter &writer) const override { writer.writeVarInt(DialectT::version); }

  std::unique_ptr<mlir::DialectVersion> readVersion(mlir::DialectBytecodeReader &reader) const override {
    uint64_t number = 0;
    if (mlir::failed(reader.readVarInt(number)))
      return nullptr;
    if (number > DialectT::version) {
      reader.emitError() << "dialect '" << DialectT::getDialectNamespace() << "' version " << number
                         << " is newer than this tool's version " << DialectT::version;
      return nullptr;
    }
    return std::make_unique<Version>(number);
  }
};

} // namespace xlstm::lm

#endif // DIALECTS_LM_BYTECODEVERSION_H
