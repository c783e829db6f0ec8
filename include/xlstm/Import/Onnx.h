//===- Onnx.h - from an ONNX file to a bundle -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_IMPORT_ONNX_H
#define XLSTM_IMPORT_ONNX_H

#include "xlstm/Runtime/Files/Safetensors.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// An ONNX file, checked and turned into a module of the onnx dialect. Its weights stay in the file (or in the files
/// beside it that it names, mapped) until writeBundle.
class OnnxModel {
public:
  /// Throws Error "model.onnx: node 'x' (MatMul): ..." for whatever is malformed, inconsistent, newer than this tool
  /// knows, or would read outside the model's folder.
  static OnnxModel open(const std::filesystem::path &file);
  ~OnnxModel();
  OnnxModel(OnnxModel &&) noexcept;

  /// The raw module, op for op: as text, and as bytecode, which keeps the nodes' names and scopes for diagnostics.
  std::string text() const;
  std::string bytecode() const;

  /// A tensor of the file by the name of its initializer; its bytes live as long as the model. Throws Error.
  StoredTensor tensor(const std::string &name) const;

  /// Writes the bundle: the module that raising made of bytecode(), weights under their Hugging Face names and in the
  /// layout [out, in] of checkpoints, and the files of the model's folder that travel with it. Float32 weights are
  /// narrowed to bfloat16 when that loses no bit of any of them. context_length and family come from config.json where
  /// there is one. Whole or not at all. Returns warnings, one line each, about the tokenizer; throws Error.
  std::vector<std::string> writeBundle(std::string_view raised, const std::filesystem::path &output) const;

private:
  struct Impl;
  explicit OnnxModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// Runs a pipeline over a module and returns the new module's text: rewriteModule of lib/Pipelines with
/// "xlstm-raise-pipeline", which this library may not call itself. The second argument names the file in errors.
using RaiseFunction = std::function<std::string(std::string_view module, const std::string &origin)>;

/// An ONNX file becomes a bundle at `output`. Returns warnings, one line each.
std::vector<std::string> importOnnx(const std::filesystem::path &model, const std::filesystem::path &output,
                                    const RaiseFunction &raise);

} // namespace xlstm

#endif // XLSTM_IMPORT_ONNX_H
