//===- GgufMetadata.cpp - keys of a GGUF file, read strictly --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

using namespace xlstm;

template <typename T>
static T load(std::string_view bytes, uint64_t index = 0) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// Element `index` of integers or booleans of one type; nothing for another type or a number over 2^63-1.
static std::optional<int64_t> loadInteger(GgufType type, std::string_view bytes, uint64_t index = 0) {
  switch (type) {
  case GgufType::Bool:
    return load<uint8_t>(bytes, index) != 0;
  case GgufType::UInt8:
    return load<uint8_t>(bytes, index);
  case GgufType::Int8:
    return load<int8_t>(bytes, index);
  case GgufType::UInt16:
    return load<uint16_t>(bytes, index);
  case GgufType::Int16:
    return load<int16_t>(bytes, index);
  case GgufType::UInt32:
    return load<uint32_t>(bytes, index);
  case GgufType::Int32:
    return load<int32_t>(bytes, index);
  case GgufType::Int64:
    return load<int64_t>(bytes, index);
  case GgufType::UInt64:
    if (auto value = load<uint64_t>(bytes, index); value <= uint64_t(std::numeric_limits<int64_t>::max()))
      return int64_t(value);
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

/// The double of the shortest decimal that rounds to `value`.
static double widen(float value) {
  char decimal[32];
  double wide = value;
  char *end = std::to_chars(decimal, decimal + sizeof decimal, value).ptr;
  std::from_chars(decimal, end, wide);
  return wide;
}

static std::string describeType(GgufType type) {
  constexpr const char *names[] = {"uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
                                   "bool",  "string", "array",  "uint64", "int64",  "float64"};
  return names[uint32_t(type)];
}

static std::string show(const GgufValue &value) {
  std::string type = describeType(value.type);
  if (value.type == GgufType::String)
    return quote(value.bytes);
  if (value.type == GgufType::Array)
    return "an array of " + std::to_string(value.count) + " " + describeType(value.elementType);
  std::ostringstream text;
  if (value.type == GgufType::Float32)
    text << widen(load<float>(value.bytes));
  else if (value.type == GgufType::Float64)
    text << load<double>(value.bytes);
  else if (value.type == GgufType::UInt64)
    text << load<uint64_t>(value.bytes);
  else
    text << *loadInteger(value.type, value.bytes);
  return text.str() + " (" + type + ")";
}

const GgufValue *GgufFile::find(std::string_view key) const {
  auto found = keys.find(key);
  return found == keys.end() ? nullptr : &found->second;
}

const GgufTensor *GgufFile::findTensor(std::string_view tensor) const {
  auto found = entries.find(tensor);
  return found == entries.end() ? nullptr : &found->second;
}

void GgufFile::fail(std::string_view key, const std::string &expected) const {
  const GgufValue *value = find(key);
  xlstm::fail(name, ": key ", quote(key), ": expected ", expected, ", found ", value ? show(*value) : "no such key");
}

std::optional<std::string> GgufFile::text(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::String)
    fail(key, "a string");
  if (size_t valid = validUtf8Prefix(value->bytes); valid != value->bytes.size())
    xlstm::fail(name, ": key ", quote(key), ": expected UTF-8, found other bytes at byte ", valid, " of the string");
  return std::string(value->bytes);
}

std::optional<bool> GgufFile::flag(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::Bool)
    fail(key, "a boolean");
  return load<uint8_t>(value->bytes) != 0;
}

std::optional<int64_t> GgufFile::integer(std::string_view key, int64_t least, int64_t most) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  std::optional<int64_t> number;
  if (value->type != GgufType::Bool)
    number = loadInteger(value->type, value->bytes);
  if (!number || *number < least || *number > most)
    fail(key, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  double number = std::numeric_limits<double>::quiet_NaN();
  if (value->type == GgufType::Float32)
    number = widen(load<float>(value->bytes));
  else if (value->type == GgufType::Float64)
    number = load<double>(value->bytes);
  else if (value->type != GgufType::Bool)
    if (std::optional<int64_t> integer = loadInteger(value->type, value->bytes))
      number = double(*integer);
  if (!std::isfinite(number))
    fail(key, "a finite number");
  return number;
}

std::optional<std::vector<std::string_view>> GgufFile::strings(std::string_view key, uint64_t most) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::Array || value->elementType != GgufType::String || value->count > most)
    fail(key, "an array of at most " + std::to_string(most) + " strings");
  std::vector<std::string_view> out;
  out.reserve(value->count);
  std::string_view rest = value->bytes;
  for (uint64_t n = 0; n < value->count; ++n) {
    auto size = load<uint64_t>(rest);
    out.push_back(rest.substr(8, size));
    rest.remove_prefix(8 + size);
  }
  return out;
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key, uint64_t most) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::Array || value->elementType != GgufType::Float32 || value->count > most)
    fail(key, "an array of at most " + std::to_string(most) + " float32 numbers");
  std::vector<double> out;
  out.reserve(value->count);
  for (uint64_t n = 0; n < value->count; ++n) {
    out.push_back(load<float>(value->bytes.substr(4 * n)));
    if (!std::isfinite(out.back()))
      fail(key, "finite numbers");
  }
  return out;
}

std::optional<std::vector<int64_t>> GgufFile::integers(std::string_view key, uint64_t most) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  std::string expected = "an array of at most " + std::to_string(most) + " integers";
  if (value->type != GgufType::Array || value->count > most)
    fail(key, expected);
  std::vector<int64_t> out;
  out.reserve(value->count);
  for (uint64_t n = 0; n < value->count; ++n) {
    std::optional<int64_t> number = loadInteger(value->elementType, value->bytes, n);
    if (!number)
      fail(key, expected);
    out.push_back(*number);
  }
  return out;
}
