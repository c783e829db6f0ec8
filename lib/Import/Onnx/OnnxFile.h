//===- OnnxFile.h - an ONNX file, parsed and checked ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_ONNXFILE_H
#define LIB_IMPORT_ONNX_ONNXFILE_H

#include "xlstm/Runtime/Files/Safetensors.h"

#include "onnx-ml.pb.h"

#include <deque>
#include <map>
#include <memory>

namespace xlstm {

/// A tensor of the file: `bytes` are its elements, row by row, little endian. They lie in the parsed message, in
/// `owned`, or in a mapped file beside the model.
struct OnnxTensor {
  TensorSpec spec;
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> owned;
  std::shared_ptr<const MappedFile> file;
};

/// A parsed file whose structure was checked: versions, names that are unique and made before they are read, tensors
/// whose data agree with their shape.
class OnnxFile {
public:
  static std::unique_ptr<OnnxFile> open(const std::filesystem::path &path);

  const std::filesystem::path &path() const { return file; }
  /// The file's name for messages.
  std::string name() const { return file.string(); }
  const ::onnx::GraphProto &graph() const { return model.graph(); }
  int64_t opset() const { return defaultOpset; }
  /// Initializers and the values of Constant nodes, by the name of the value.
  const std::map<std::string, OnnxTensor> &tensors() const { return entries; }

private:
  void checkVersions();
  void checkGraph();
  void addConstant(const ::onnx::NodeProto &node);
  void addTensor(const std::string &name, const ::onnx::TensorProto &tensor, const std::string &place);

  std::filesystem::path file;
  ::onnx::ModelProto model;
  std::deque<::onnx::TensorProto> constants; // of Constant nodes that hold numbers
  int64_t defaultOpset = 0;
  std::map<std::string, OnnxTensor> entries;
};

/// "node 'x' (MatMul)" of a node; where it has no name, that of its first output.
std::string placeOf(const ::onnx::NodeProto &node);

/// Reads a tensor's description and finds its data. `folder` is where external data lie; `place` begins every error.
OnnxTensor readTensor(const ::onnx::TensorProto &tensor, const std::filesystem::path &folder, const std::string &place);

/// Gives back the memory of a mapped tensor that was read; it is read from the file again when need be.
void releasePages(const OnnxTensor &tensor);

/// The bytes [offset, offset + length) of a file that a model names: a regular file below `folder` (as
/// MappedFile::openInside), named without "..". Throws Error.
std::shared_ptr<const MappedFile> openExternal(const std::filesystem::path &folder, const std::string &location,
                                               const std::string &place);

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_ONNXFILE_H
