//===- Tensors.cpp - tensors of an ONNX file ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/OnnxFile.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <cstring>

namespace xlstm {
namespace {

using ::onnx::TensorProto;

DType readType(const TensorProto &tensor, const std::string &place) {
  std::optional<DType> type = storedType(tensor.data_type());
  if (!type)
    fail(place,
         ": expected data type float, double, float16, bfloat16, bool or an integer of 2 to 64 bits (but uint32 and "
         "uint64), found ",
         tensor.data_type());
  return *type;
}

/// Bits of an element that is packed; 0 for one of a byte or more.
int64_t packedBits(const TensorProto &tensor) {
  switch (tensor.data_type()) {
  case TensorProto::INT4:
  case TensorProto::UINT4:
    return 4;
  case TensorProto::INT2:
  case TensorProto::UINT2:
    return 2;
  default:
    return 0;
  }
}

uint64_t storedBytes(const OnnxTensor &tensor) {
  auto bits = static_cast<uint64_t>(tensor.packedBits);
  return bits == 0 ? tensor.spec.numBytes() : (tensor.spec.numElements() * bits + 7) / 8;
}

std::vector<int64_t> readShape(const TensorProto &tensor, DType type, const std::string &place) {
  if (tensor.dims_size() > 8)
    fail(place, ": expected at most 8 dimensions, found ", tensor.dims_size());
  uint64_t bytes = sizeOf(type);
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      fail(place, ": expected dimensions of at least 0, found ", dim);
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes) || bytes > (uint64_t{1} << 50))
      fail(place, ": expected a size that fits, found dimensions whose product is too large");
  }
  return {tensor.dims().begin(), tensor.dims().end()};
}

/// Elements stored as a list of wider integers (float16, bfloat16, int8, uint8, bool).
std::shared_ptr<std::vector<std::byte>> narrow(const google::protobuf::RepeatedField<int32_t> &list, uint64_t size) {
  auto bytes = std::make_shared<std::vector<std::byte>>(list.size() * size);
  for (int i = 0; i < list.size(); ++i)
    std::memcpy(bytes->data() + i * size, &list[i], size); // the low bytes: little endian
  return bytes;
}

template <typename T>
std::span<const std::byte> bytesOf(const google::protobuf::RepeatedField<T> &list) {
  return std::as_bytes(std::span(list.data(), list.size()));
}

/// Finds the data that lie in the message itself.
void readInline(const TensorProto &tensor, OnnxTensor &result, const std::string &place) {
  int lists = (tensor.float_data_size() > 0) + (tensor.int32_data_size() > 0) + (tensor.int64_data_size() > 0) +
              (tensor.double_data_size() > 0) + (tensor.uint64_data_size() > 0) + (tensor.string_data_size() > 0) +
              (tensor.has_raw_data() ? 1 : 0);
  if (lists > 1)
    fail(place, ": expected its data in one field, found ", lists);
  if (tensor.has_raw_data()) {
    result.bytes = std::as_bytes(std::span(tensor.raw_data()));
    return;
  }
  switch (result.spec.dtype) {
  case DType::F32:
    result.bytes = bytesOf(tensor.float_data());
    break;
  case DType::F64:
    result.bytes = bytesOf(tensor.double_data());
    break;
  case DType::I64:
    result.bytes = bytesOf(tensor.int64_data());
    break;
  case DType::I32:
    result.bytes = bytesOf(tensor.int32_data());
    break;
  default:
    auto owned = narrow(tensor.int32_data(), sizeOf(result.spec.dtype));
    result.bytes = *owned;
    result.owned = owned;
  }
}

uint64_t readNumber(const std::string &key, const std::string &text, const std::string &place) {
  std::optional<uint64_t> value = toNumber<uint64_t>(text);
  if (!value)
    fail(place, ": external data: expected ", key, " to be a number of bytes, found ", quote(text));
  return *value;
}

void readExternal(const TensorProto &tensor, OnnxTensor &result, const std::filesystem::path &folder,
                  const std::string &place) {
  if (tensor.has_raw_data() || tensor.float_data_size() > 0)
    fail(place, ": expected its data in one place, found them inside the file and outside");
  std::map<std::string, std::string> keys;
  for (const ::onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() != "location" && entry.key() != "offset" && entry.key() != "length" && entry.key() != "checksum")
      fail(place, ": external data: expected location, offset, length or checksum, found ", quote(entry.key()));
    if (!keys.try_emplace(entry.key(), entry.value()).second)
      fail(place, ": external data: ", quote(entry.key()), " is given twice");
  }
  uint64_t expected = storedBytes(result);
  uint64_t offset = keys.contains("offset") ? readNumber("offset", keys["offset"], place) : 0;
  uint64_t length = keys.contains("length") ? readNumber("length", keys["length"], place) : expected;
  if (length != expected)
    fail(place, ": external data: expected ", expected, " bytes for ", describe(result.spec), ", found length ",
         length);
  result.file = openExternal(folder, keys["location"], place);
  std::span<const std::byte> whole = result.file->bytes();
  if (offset > whole.size() || length > whole.size() - offset)
    fail(place, ": external data: expected ", length, " bytes at offset ", offset, ", found a file of ", whole.size(),
         " bytes");
  result.bytes = whole.subspan(offset, length);
}

} // namespace

std::optional<DType> storedType(int32_t type) {
  switch (type) {
  case TensorProto::FLOAT:
    return DType::F32;
  case TensorProto::DOUBLE:
    return DType::F64;
  case TensorProto::FLOAT16:
    return DType::F16;
  case TensorProto::BFLOAT16:
    return DType::BF16;
  case TensorProto::INT64:
    return DType::I64;
  case TensorProto::INT32:
    return DType::I32;
  case TensorProto::INT16:
    return DType::I16;
  case TensorProto::UINT16:
    return DType::U16;
  case TensorProto::INT8:
  case TensorProto::INT4:
  case TensorProto::INT2:
    return DType::I8;
  case TensorProto::UINT8:
  case TensorProto::UINT4:
  case TensorProto::UINT2:
    return DType::U8;
  case TensorProto::BOOL:
    return DType::Bool;
  default:
    return std::nullopt;
  }
}

OnnxTensor readTensor(const TensorProto &tensor, const std::filesystem::path &folder, const std::string &place) {
  OnnxTensor result;
  result.spec.name = tensor.name();
  if (tensor.has_segment())
    fail(place, ": tensors in segments are not read");
  result.spec.dtype = readType(tensor, place);
  result.packedBits = packedBits(tensor);
  result.spec.shape = readShape(tensor, result.spec.dtype, place);
  if (tensor.data_location() == TensorProto::EXTERNAL)
    readExternal(tensor, result, folder, place);
  else
    readInline(tensor, result, place);
  if (result.bytes.size() != storedBytes(result))
    fail(place, ": expected ", storedBytes(result), " bytes for ", describe(result.spec), ", found ",
         result.bytes.size());
  return result;
}

} // namespace xlstm
