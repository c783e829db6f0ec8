//===- GgufReader.cpp - the structure of a GGUF file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cstring>
#include <limits>

using namespace xlstm;

// More than any model has. What a key or a tensor takes in memory is several times its least size in the file.
static constexpr uint64_t mostKeys = uint64_t{1} << 16, mostTensors = uint64_t{1} << 18;
static constexpr size_t longestTensorName = 64;
static constexpr uint32_t mostDimensions = 4, deepestArray = 4;

/// Bytes of a value of fixed size; 0 for strings and arrays.
static uint64_t sizeOfValue(GgufType type) {
  switch (type) {
  case GgufType::UInt8:
  case GgufType::Int8:
  case GgufType::Bool:
    return 1;
  case GgufType::UInt16:
  case GgufType::Int16:
    return 2;
  case GgufType::UInt32:
  case GgufType::Int32:
  case GgufType::Float32:
    return 4;
  case GgufType::UInt64:
  case GgufType::Int64:
  case GgufType::Float64:
    return 8;
  default:
    return 0;
  }
}

namespace xlstm {

/// One pass over the file.
class GgufReader {
public:
  GgufReader(GgufFile &out, std::span<const std::byte> bytes)
      : out(out), text(reinterpret_cast<const char *>(bytes.data()), bytes.size()), bytes(bytes) {}

  void read() {
    readHeader();
    for (uint64_t n = 0; n < numKeys; ++n)
      readKey(n);
    readAlignment();
    std::vector<Placed> placed;
    for (uint64_t n = 0; n < numTensors; ++n)
      placed.push_back(readTensor(n));
    placeTensors(placed);
  }

private:
  struct Placed {
    std::map<std::string, GgufTensor, std::less<>>::iterator entry;
    uint64_t offset, size;
  };

  template <typename... Parts>
  [[noreturn]] void complain(const Parts &...parts) const {
    fail(out.name, ": ", place, place.empty() ? "" : ": ", parts...);
  }

  uint64_t left() const { return text.size() - at; }

  std::string_view take(uint64_t size, const char *what) {
    if (size > left())
      complain("expected ", what, " of ", size, " bytes at byte ", at, ", found the end of the file after ", left(),
               " (cut?)");
    std::string_view taken = text.substr(at, size);
    at += size;
    return taken;
  }
  template <typename T>
  T number(const char *what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T)); // the format's byte order is the machine's
    return value;
  }
  std::string_view string(const char *what) {
    auto size = number<uint64_t>("a length");
    return take(size, what);
  }

  void readHeader();
  void readKey(uint64_t index);
  GgufType readType();
  GgufValue readValue(uint32_t depth);
  void readElements(GgufValue &value, uint32_t depth);
  void readAlignment();
  Placed readTensor(uint64_t index);
  std::vector<int64_t> readShape();
  uint64_t checkSize(const GgufTensor &tensor) const;
  void placeTensors(const std::vector<Placed> &placed);

  GgufFile &out;
  std::string_view text;
  std::span<const std::byte> bytes;
  uint64_t at = 0, numKeys = 0, numTensors = 0, alignment = 32;
  std::string place;
};

void GgufReader::readHeader() {
  if (text.substr(0, 4) != "GGUF")
    complain("expected a GGUF file, found one that begins with ", quote(text.substr(0, 4)));
  at = 4;
  auto version = number<uint32_t>("a version");
  if (version == 1)
    complain("GGUF version 1 is not read; expected 2 or 3 (convert the file with a current llama.cpp)");
  if (version == __builtin_bswap32(2) || version == __builtin_bswap32(3))
    complain("a big-endian GGUF file is not read; expected a little-endian one (gguf_convert_endian.py converts)");
  if (version != 2 && version != 3)
    complain("expected GGUF version 2 or 3, found ", version);
  numTensors = number<uint64_t>("a number of tensors");
  numKeys = number<uint64_t>("a number of keys");
  constexpr uint64_t leastKey = 13, leastTensor = 32; // bytes
  if (numKeys > mostKeys || numKeys > left() / leastKey)
    complain("expected at most ", std::min(mostKeys, left() / leastKey), " keys in a file of ", text.size(),
             " bytes, found ", numKeys);
  if (numTensors > mostTensors || numTensors > left() / leastTensor)
    complain("expected at most ", std::min(mostTensors, left() / leastTensor), " tensors in a file of ", text.size(),
             " bytes, found ", numTensors);
}

void GgufReader::readKey(uint64_t index) {
  place = "key " + std::to_string(index);
  std::string_view key = string("a key");
  place = "key " + quote(key);
  if (key.empty())
    out.oddities.push_back("key " + std::to_string(index) + " has no name");
  if (size_t valid = validUtf8Prefix(key); valid != key.size()) {
    place = "key " + std::to_string(index);
    out.oddities.push_back(place + ": its name is not UTF-8");
  }
  GgufValue value = readValue(0);
  if (value.type == GgufType::Bool && uint8_t(value.bytes[0]) > 1)
    out.oddities.push_back(place + ": expected a boolean of 0 or 1, found " + std::to_string(uint8_t(value.bytes[0])) +
                           "; taken as true");
  if (!out.keys.emplace(key, value).second)
    complain("is there twice");
}

GgufType GgufReader::readType() {
  auto type = number<uint32_t>("a type");
  if (type > uint32_t(GgufType::Float64))
    complain("expected a type from 0 to ", uint32_t(GgufType::Float64), ", found ", type);
  return GgufType(type);
}

GgufValue GgufReader::readValue(uint32_t depth) {
  GgufValue value;
  value.type = readType();
  if (value.type == GgufType::String)
    value.bytes = string("a string");
  else if (value.type == GgufType::Array)
    readElements(value, depth);
  else
    value.bytes = take(sizeOfValue(value.type), "a value");
  return value;
}

void GgufReader::readElements(GgufValue &value, uint32_t depth) {
  if (depth == deepestArray)
    complain("expected arrays of at most ", deepestArray, " levels, found more");
  value.elementType = readType();
  value.count = number<uint64_t>("a number of elements");
  uint64_t size = sizeOfValue(value.elementType);
  uint64_t least = size ? size : value.elementType == GgufType::String ? 8 : 12;
  if (value.count > left() / least)
    complain("expected at most ", left() / least, " elements in what is left of the file, found ", value.count);
  uint64_t begin = at;
  if (size)
    at += size * value.count;
  else
    for (uint64_t n = 0; n < value.count; ++n) {
      GgufValue inner;
      if (value.elementType == GgufType::String)
        string("a string");
      else
        readElements(inner, depth + 1);
    }
  value.bytes = text.substr(begin, at - begin);
}

void GgufReader::readAlignment() {
  constexpr const char *key = "general.alignment";
  place.clear();
  const GgufValue *value = out.find(key);
  if (value && value->type != GgufType::UInt32)
    out.fail(key, "an uint32");
  if (auto given = out.integer(key, 0, std::numeric_limits<uint32_t>::max()))
    alignment = *given;
  if (alignment == 0 || (alignment & (alignment - 1)))
    out.fail(key, "a power of two");
}

std::vector<int64_t> GgufReader::readShape() {
  auto numDims = number<uint32_t>("a number of dimensions");
  if (numDims < 1 || numDims > mostDimensions)
    complain("expected 1 to ", mostDimensions, " dimensions, found ", numDims);
  std::vector<int64_t> shape(numDims);
  for (uint32_t n = numDims; n-- > 0;) {
    shape[n] = number<int64_t>("a dimension");
    if (shape[n] < 1)
      complain("expected dimensions from 1 to 2^63-1, found ", uint64_t(shape[n]));
  }
  return shape;
}

GgufReader::Placed GgufReader::readTensor(uint64_t index) {
  place = "tensor " + std::to_string(index);
  std::string_view name = string("a name");
  if (name.empty() || name.size() > longestTensorName || validUtf8Prefix(name) != name.size())
    complain("expected a name of 1 to ", longestTensorName, " bytes of UTF-8, found ", quote(name), ", ", name.size(),
             " bytes");
  place = "tensor " + quote(name);
  GgufTensor tensor;
  tensor.shape = readShape();
  auto type = number<uint32_t>("a type");
  tensor.type = findGgmlType(type);
  if (!tensor.type)
    complain("expected a type of ggml that is in use, found number ", type);
  auto offset = number<uint64_t>("an offset");
  uint64_t size = checkSize(tensor);
  auto [entry, isNew] = out.entries.emplace(name, std::move(tensor));
  if (!isNew)
    complain("is there twice");
  return {entry, offset, size};
}

/// The bytes that the tensor takes.
uint64_t GgufReader::checkSize(const GgufTensor &tensor) const {
  const GgmlType &type = *tensor.type;
  if (tensor.columns() % type.blockElements != 0)
    complain("expected rows of a multiple of ", type.blockElements, " for type ", type.name, ", found ",
             describe(tensor));
  uint64_t elements = 1, size = 0;
  bool overflow = false;
  for (int64_t dim : tensor.shape)
    overflow |= __builtin_mul_overflow(elements, uint64_t(dim), &elements);
  overflow |= __builtin_mul_overflow(elements / uint64_t(type.blockElements), uint64_t(type.blockBytes), &size);
  if (overflow || size > text.size())
    complain("expected ", describe(tensor), " to fit into a file of ", text.size(), " bytes");
  return size;
}

void GgufReader::placeTensors(const std::vector<Placed> &placed) {
  uint64_t begin = (at + alignment - 1) / alignment * alignment, next = 0;
  for (const Placed &tensor : placed) {
    place = "tensor " + quote(tensor.entry->first);
    if (tensor.offset != next)
      complain("expected its data to begin at byte ", next, " of the tensors' data, right behind the one before, with ",
               "an alignment of ", alignment, ", found ", tensor.offset);
    if (begin > text.size() || next > text.size() - begin || tensor.size > text.size() - begin - next)
      complain("expected ", tensor.size, " bytes of data at byte ", begin + next, ", found the end of the file at ",
               text.size(), " (cut?)");
    tensor.entry->second.bytes = bytes.subspan(begin + next, tensor.size);
    next += (tensor.size + alignment - 1) / alignment * alignment;
  }
  if (text.size() > begin && text.size() - begin > next)
    out.oddities.push_back(std::to_string(text.size() - begin - next) +
                           " bytes behind the last tensor; nothing reads them");
}

} // namespace xlstm

GgufFile GgufFile::parse(std::span<const std::byte> bytes, std::string origin) {
  GgufFile result;
  result.name = std::move(origin);
  GgufReader(result, bytes).read();
  return result;
}

GgufFile GgufFile::open(const std::filesystem::path &path) {
  auto file = MappedFile::open(path);
  GgufFile result = parse(file->bytes(), path.string());
  result.file = std::move(file);
  return result;
}
