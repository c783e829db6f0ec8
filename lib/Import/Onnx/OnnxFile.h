//===- OnnxFile.h - an ONNX file, parsed and checked ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_ONNXFILE_H
#define LIB_IMPORT_ONNX_ONNXFILE_H

#include "xlstm/Runtime/Files/Safetensors.h"

#include "onnx-ml.pb.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace xlstm {

struct Dequantisation;

/// A tensor of the file: `bytes` are its elements, row by row, little endian. They lie in the parsed message, in
/// `owned`, or in a mapped file beside the model. Two kinds are not plain (Dequantise.h): one of integers of 2 or 4
/// bits has them packed, low bits first, and the type that they have unpacked; one with a `source` is computed of it.
struct OnnxTensor {
  TensorSpec spec;
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> owned;
  std::shared_ptr<const MappedFile> file;
  int64_t packedBits = 0;
  std::shared_ptr<const Dequantisation> source;
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
  /// Initializers, the values of Constant nodes and of DequantizeLinear of these, by the name of the value.
  const std::map<std::string, OnnxTensor> &tensors() const { return entries; }
  /// Dequantised rows of a matrix, by the name of the value: the node that gathered them and the dequantised matrix.
  struct GatheredRows {
    const ::onnx::NodeProto *gather;
    std::string matrix;
  };
  const std::map<std::string, GatheredRows> &gatheredRows() const { return rows; }

private:
  void checkVersions();
  void checkGraph();
  void addConstant(const ::onnx::NodeProto &node);
  void addDequantised(const ::onnx::NodeProto &node);
  void addQuantisedRows(const ::onnx::NodeProto &node);
  void addComputed(const std::string &tensor, Dequantisation source, const std::string &place);
  /// Nothing where one of them is no tensor of the file; `zeroPoints` may be empty.
  std::optional<Dequantisation> storedNumbers(const std::string &numbers, const std::string &scales,
                                              const std::string &zeroPoints) const;
  void addTensor(const std::string &name, const ::onnx::TensorProto &tensor, const std::string &place);

  std::filesystem::path file;
  ::onnx::ModelProto model;
  std::deque<::onnx::TensorProto> constants; // of Constant nodes that hold numbers
  int64_t defaultOpset = 0;
  std::map<std::string, OnnxTensor> entries;
  std::map<std::string, const ::onnx::NodeProto *> gathers; // by the value that they make
  std::map<std::string, GatheredRows> rows;
};

/// "node 'x' (MatMul)" of a node; where it has no name, that of its first output.
std::string placeOf(const ::onnx::NodeProto &node);

/// The type of a tensor's elements by its number in TensorProto, unpacked; nothing for one that is not read.
std::optional<DType> storedType(int32_t type);

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
